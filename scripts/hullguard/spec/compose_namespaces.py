"""The namespaces that a compose service joins: the host's, another service's, a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hullguard.spec.compose_values import Service, boolean, texts

NAMESPACES = {
    "pid_mode": "pid", "ipc_mode": "ipc", "uts_mode": "uts", "userns_mode": "userns_mode",
    "cgroup_parent": "cgroup_parent",
}  # fmt: skip
# What a container joins that names no network: one that compose makes for the project.
PROJECT_NETWORK = "the project's own"


def namespaces(service: Service, names: Mapping[str, str]) -> None:
    """Add the namespaces that a service joins; `names` are services by their container_name."""
    for field, key in NAMESPACES.items():
        mode = service.raw.get(key, "")
        if isinstance(mode, str) or (mode is None and key == "pid"):
            service.set(field, _joined(mode or "", names), (key,))
    if "network_mode" in service.raw:
        mode = service.raw["network_mode"]
        if isinstance(mode, str):
            service.set("network_mode", _joined(mode, names), ("network_mode",))
        return
    networks = service.raw.get("networks", [])
    listed = list(networks) if isinstance(networks, Mapping) else texts(networks)
    if listed is None:
        return
    service.set("networks", listed, ("networks",))
    modes = [_network(name, service.project.get("networks", {})) for name in listed]
    if "host" in modes:
        index = modes.index("host")
        service.set(
            "network_mode", "host", ("networks", listed[index] if isinstance(networks, Mapping) else index)
        )
    elif None not in modes:
        service.set("network_mode", modes[0] if modes else PROJECT_NETWORK, ("networks",))


def _joined(mode: str, names: Mapping[str, str]) -> str:
    """Return a mode with the joined container by its service's name; any other container was not seen."""
    kind, colon, name = mode.partition(":")
    if not colon or kind not in ("service", "container"):
        return mode
    return f"container:{name}" if kind == "service" else f"container:{names.get(name, '')}"


def _network(name: str, networks: Mapping[str, Any]) -> str | None:
    """Return a network as the engine knows it: an external one, or one with the driver, may be the host's."""
    network = networks.get(name)
    if network is None:
        return name if name not in ("host", "none") or name in networks else None
    if not isinstance(network, Mapping):
        return None
    if network.get("driver") == "host":
        return "host"
    given: Any = network.get("external", False)
    real = network.get("name", name)
    if isinstance(given, Mapping):
        given, real = True, given.get("name", real)
    external = boolean(given)
    if external is None or not isinstance(real, str):
        return None
    return real if external else name
