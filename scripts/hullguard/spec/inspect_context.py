"""What one engine's containers share, from the evidence: computed once, not once per container."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hullguard.effective import Unseen, complete, configured, member, option, security_options
from hullguard.predicates import MISSING
from hullguard.spec import paths

# Modes of AppArmor profiles in which nothing is denied.
TOOTHLESS = ("complain", "unconfined", "prompt")


class Context:
    """What one engine's containers share."""

    def __init__(self, engine: Mapping[str, Any], evidence: Mapping[str, Any]) -> None:
        root = member(engine, "info", "DockerRootDir")
        self.data_root = paths.canonical(root) if isinstance(root, str) else None
        self.sockets = sockets(engine)
        self.volumes = volumes(engine)
        self.started_at = member(engine, "process", "started_at")
        login = engine.get("login_daemons")
        self.login_daemons = login if isinstance(login, list) else None
        self.seccomp_default: str | None = None
        self.no_new_privileges: bool | None = None
        try:
            profile = security_options(engine).get("seccomp", {"profile": "unconfined"}).get("profile")
            if profile:
                self.seccomp_default = "unconfined" if profile == "unconfined" else "default"
            value = option(engine, "no-new-privileges")[0]
            self.no_new_privileges = False if value is MISSING else value if isinstance(value, bool) else None
        except Unseen:
            pass
        self.default_ulimits = default_ulimits(engine)
        enabled = member(evidence, "host", "apparmor", "enabled")
        self.apparmor = enabled if isinstance(enabled, bool) else None
        self.toothless = set()
        loaded = member(evidence, "host", "apparmor", "profiles")
        for line in loaded if isinstance(loaded, list) else []:
            name, _, mode = str(line).rpartition(" (")
            if mode.rstrip(")") in TOOTHLESS:
                self.toothless.add(name)


def default_ulimits(engine: Mapping[str, Any]) -> set[str]:
    """Return the daemon's default limits as `nofile=1:2`: the engine copies them into containers."""
    try:
        found = configured(engine, "default-ulimits")[0]
    except Unseen:
        return set()
    rows = found.items() if isinstance(found, Mapping) else ()
    # A flag gives its text (nofile=1:2, or nofile=1 for both), the file a mapping.
    given = {name: value.partition("=")[2].split(":") for name, value in rows if isinstance(value, str)}
    texts = {f"{name}={limits[0]}:{limits[-1]}" for name, limits in given.items()}
    maps = {name: value for name, value in rows if isinstance(value, Mapping)}
    return texts | {f"{name}={value.get('Soft')}:{value.get('Hard')}" for name, value in maps.items()}


def sockets(engine: Mapping[str, Any]) -> list[str] | None:
    """Return the paths of the engine's unix sockets; None: they were not seen."""
    try:
        hosts = configured(engine, "hosts")[0]
    except Unseen:
        return None
    hosts = [] if hosts is MISSING else hosts
    if not isinstance(engine.get("socket"), str) or not isinstance(hosts, list):
        return None
    listed = [str(host)[len("unix://") :] for host in hosts if str(host).startswith("unix://")]
    return [path for path in (engine["socket"], *listed) if path]


def volumes(engine: Mapping[str, Any]) -> dict[str, list[str]] | None:
    """Return {volume: host paths} of the volumes that are a folder or device of the host; None:
    they were not seen.
    """
    if not complete(engine, "volumes"):
        return None
    found = {}
    for row in engine["volumes"]:
        if not isinstance(row.get("Name"), str) or "Real" not in row:
            return None
        places = [path for path in (member(row, "Options", "device"), row["Real"]) if isinstance(path, str)]
        found[row["Name"]] = [path for path in places if path.startswith("/")]
    return found
