"""What several adapters decide the same way: capabilities, limits, restarts, joined namespaces, ports."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hullguard.spec import Spec

# What every container has anyway (docs.docker.com, "Linux kernel capabilities"): naming one again after
# dropping all adds nothing, it is how a container is cut down to what it needs.
DEFAULT_CAPABILITIES = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}  # fmt: skip
PRIVILEGED_CAPABILITIES = "ALL (privileged)"
PRIVILEGED_DEVICES = "every device (privileged)"
# Values of the seccomp option that filter nothing, and those that name the engine's own profile.
NO_FILTER = ("unconfined", "<profile that allows everything>")
BUILT_IN_FILTER = ("builtin", "default")
JOINABLE = ("network_mode", "pid_mode", "ipc_mode")


def capability(name: Any) -> str:
    """Return a capability's name in one spelling: upper case, no CAP_ in front."""
    return str(name).upper().removeprefix("CAP_")


def extra_capabilities(added: Iterable[Any], privileged: bool, allowed: Iterable[str]) -> list[str]:
    """Return what a container has beyond the engine's own set and what the profile allows."""
    extra = {capability(name) for name in added} - DEFAULT_CAPABILITIES
    if privileged:
        extra.add(PRIVILEGED_CAPABILITIES)
    return sorted(extra - {capability(name) for name in allowed})


def cpu_limited(shares: float, limits: Iterable[float]) -> bool:
    """Return whether a weight or a quota is set; 1024 shares are every container's weight: no limit."""
    return shares not in (0, 1024) or any(value > 0 for value in limits)


def restart_unbounded(name: str, count: int | None) -> bool | None:
    """Return whether a restart policy tries more often than five times; None: it can't be told."""
    if name in ("", "no", "always", "unless-stopped"):
        return name in ("always", "unless-stopped")
    return not 1 <= count <= 5 if name == "on-failure" and count is not None else None


def security_named(options: Iterable[Any]) -> dict[str, str]:
    """Return security options as {name: value}; the last of a name counts."""
    # `label:disable` is the old spelling of `label=disable`; a bare `no-new-privileges` means true.
    parts = [text.partition("=" if "=" in text else ":") for text in map(str, options)]
    return {name: value if sign else "true" for name, sign, value in parts}


def truth(text: str) -> bool:
    """Return whether the engine reads the value of a security option as true."""
    return text.lower() in ("true", "t", "1")


def join(specs: Sequence[Spec]) -> None:
    """Follow `container:NAME` in each spec: whoever joins a container in the host's namespace is in the
    host's namespace too. A target that is not among the specs was not seen.
    """
    for spec in specs:
        for field in JOINABLE:
            _joined(spec, field, specs)


def _joined(spec: Spec, field: str, specs: Sequence[Spec]) -> None:
    mode = spec.get(field)
    for _ in specs:
        if not isinstance(mode, str) or not mode.startswith("container:"):
            break
        name = mode.partition(":")[2]
        target: Spec = next((s for s in specs if name and name in (s.get("id"), s["name"])), {})
        mode = target.get(field)
    if mode == "host":
        spec[field] = mode
    elif mode is None or mode.startswith("container:"):
        spec.pop(field, None)


def wildcard(address: str) -> bool:
    """Return whether an address means every one of the host's; what is no address is no proof of
    the contrary.
    """
    try:
        found = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return True
    mapped = getattr(found, "ipv4_mapped", None)
    return found.is_unspecified or bool(mapped and mapped.is_unspecified)


def shown(port: Mapping[str, Any]) -> str:
    """Return a published port as people write it: 0.0.0.0:80->80/tcp."""
    address = port["host_ip"] or "0.0.0.0"  # noqa: S104
    address = f"[{address}]" if ":" in address else address
    return f"{address}:{port['host_port']}->{port['container_port']}/{port['protocol']}"


def published(spec: Spec, ports: list[dict[str, Any]]) -> None:
    """Set the fields that follow from a container's published ports, all of which were seen."""
    spec["ports"] = ports
    spec["privileged_ports"] = [shown(port) for port in ports if 0 < port["host_port"] < 1024]
    spec["wildcard_ports"] = [shown(port) for port in ports if wildcard(port["host_ip"])]
