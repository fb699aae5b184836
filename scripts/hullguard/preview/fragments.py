"""What each role wants of daemon.json, as the roles themselves work it out (their vars/main.yml)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hullguard.catalogue import Control
from hullguard.collect import redact
from hullguard.effective import member
from hullguard.preview.model import Choice

# The role docker_network brings these about as well, from the same controls.
NETWORK_KEYS = ("icc", "userland-proxy")
TLS_FILES = {
    "tlscacert": "/etc/docker/hullguard-tls/ca.pem",
    "tlscert": "/etc/docker/hullguard-tls/cert.pem",
    "tlskey": "/etc/docker/hullguard-tls/key.pem",
}
LOCAL = ("unix://", "fd://", "npipe://", "/", "@")


@dataclass(frozen=True, slots=True)
class Fragment:
    """One role's wishes: keys to set, to set where nothing is, to take away; `harmless` values may stay."""

    set: Mapping[str, Any] = field(default_factory=dict)
    keep: Mapping[str, Any] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    harmless: Mapping[str, Any] = field(default_factory=dict)
    stop_containers: bool = False
    unflagged: tuple[str, ...] = ()


def fragments(
    engine: Mapping[str, Any], controls: Iterable[Control], choice: Choice, slugs: set[str]
) -> dict[str, Fragment]:
    """Return {role: what it wants} of the chosen roles; values that look like secrets are redacted."""
    listed = list(controls)
    makers: dict[str, Callable[[], Fragment]] = {
        "docker_daemon": lambda: daemon(listed, choice),
        "docker_network": lambda: network(engine, listed, choice),
        "docker_seccomp": lambda: seccomp(engine, choice, slugs),
        "docker_tls": lambda: tls(engine, choice, slugs),
        "docker_userns": lambda: userns(engine, choice, slugs),
    }
    return {role: make() for role, make in makers.items() if role in choice.roles}


def settings(choice: Choice) -> Mapping[str, Any]:
    """Return the administrator's own keys, without secrets; what they say wins."""
    found = choice.variable("docker_daemon_settings", {})
    return redact(found) if isinstance(found, Mapping) else {}


def daemon(controls: list[Control], choice: Choice) -> Fragment:
    """Return what docker_daemon wants."""
    own = settings(choice)
    setting = [control.fix for control in controls if "daemon" in control.fix]
    removing = [control for control in controls if "daemon_absent" in control.fix]
    wanted: dict[str, Any] = {}
    kept: dict[str, Any] = {}
    for fix in setting:
        (kept if fix.get("keep_existing") else wanted).update(fix["daemon"])
    absent = {key for control in removing for key in control.fix["daemon_absent"]} - set(own)
    return Fragment(
        set={k: v for k, v in wanted.items() if k not in own}
        | {k: v for k, v in own.items() if v is not None},
        keep={k: v for k, v in kept.items() if k not in own},
        absent=tuple(sorted(absent | {k for k, v in own.items() if v is None})),
        harmless={c.check["key"]: c.check["default"] for c in removing if "default" in c.check},
        stop_containers=choice.variable("docker_daemon_stop_containers", False),
    )


def network(engine: Mapping[str, Any], controls: list[Control], choice: Choice) -> Fragment:
    """Return what docker_network wants; where single controls are asked for, nothing."""
    if choice.single:
        return Fragment()
    found: dict[str, Any] = {}
    for control in controls:
        found |= {k: v for k, v in control.fix.get("daemon", {}).items() if k in NETWORK_KEYS}
    if address := choice.variable("docker_network_publish_address", ""):
        found["ip"] = address
    if pools := choice.variable("docker_network_address_pools", []):
        found["default-address-pools"] = pools
    own = settings(choice)
    stops = choice.variable("docker_network_stop_containers", False)
    return Fragment(set={k: v for k, v in found.items() if k not in own}, stop_containers=stops)


def seccomp(engine: Mapping[str, Any], choice: Choice, slugs: set[str]) -> Fragment:
    """Return what docker_seccomp wants: its profile beside the engine's configuration."""
    if "seccomp_profile_default" not in slugs and choice.single:
        return Fragment()
    profile = str(choice.variable("docker_seccomp_profile", "baseline"))
    name = profile if profile in ("baseline", "strict") else "custom"
    return Fragment(set={"seccomp-profile": f"/etc/docker/seccomp/hullguard-{name}.json"})


def tls(engine: Mapping[str, Any], choice: Choice, slugs: set[str]) -> Fragment:
    """Return what docker_tls wants: its own addresses, and no TCP without client certificates."""
    listen = [f"tcp://{address}" for address in choice.variable("docker_tls_listen", [])]
    if not listen and "remote_api_tls" not in slugs:
        return Fragment()
    unit, file = (_hosts(engine, part) for part in (("process", "flags"), ("daemon_json", "content")))
    verified = any(
        member(engine, *part, "tlsverify") is True
        for part in (("process", "flags"), ("daemon_json", "content"))
    )
    if verified and not listen:
        return Fragment()
    local = list(dict.fromkeys(host for host in [*unit, *file] if host.startswith(LOCAL)))
    moved = any(not host.startswith(LOCAL) for host in unit)
    if listen or moved or set(local) & set(file) - set(unit):
        wanted = {
            "hosts": [*(local or ["fd://"]), *listen],
            **({"tlsverify": True, **TLS_FILES} if listen else {}),
        }
        return Fragment(set=wanted, unflagged=("hosts",))
    return Fragment(absent=("hosts",) if file else ())


def userns(engine: Mapping[str, Any], choice: Choice, slugs: set[str]) -> Fragment:
    """Return what docker_userns wants; an engine that is remapped already keeps its account."""
    if "userns_remap" not in slugs or remapped(engine):
        return Fragment()
    user = str(choice.variable("docker_userns_user", "dockremap"))
    value = "default" if user in ("default", "dockremap") else user
    return Fragment(set={"userns-remap": value}, stop_containers=True)


def remapped(engine: Mapping[str, Any]) -> bool:
    """Return whether the running engine says that it remaps user namespaces."""
    options = member(engine, "info", "SecurityOptions")
    return isinstance(options, list) and any(str(o).startswith("name=userns") for o in options)


def _hosts(engine: Mapping[str, Any], part: tuple[str, ...]) -> list[str]:
    found = member(engine, *part, "hosts")
    return [str(host) for host in found] if isinstance(found, list) else []
