"""Hosts for the tests of previews: careless ones, with the containers that a test names."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import date
from typing import Any

from catalogue.baseline import Facts, evidence, fixture

from hullguard.audit import Plan
from hullguard.catalogue import load_benchmark, load_profile
from hullguard.preview.model import Choice, Effect
from hullguard.preview.preview import one_host
from hullguard.preview.registry import RULES
from hullguard.preview.roles import listed
from hullguard.preview.situation import Situation

USUAL = tuple(listed()["usual"])


def container(name: str, *, status: str = "running", **host_config: Any) -> Facts:
    """Return a container on the default bridge that runs as root and has no option of its own."""
    raw = next(c for c in fixture("debian13")["engines"][0]["containers"] if c["Name"] == "/nolimit")
    raw = copy.deepcopy(raw)
    raw |= {"Name": f"/{name}", "Id": (name.encode().hex() * 64)[:64], "Mounts": []}
    raw["HostConfig"] |= {"Binds": None, "AutoRemove": False, **host_config}
    running = status in ("running", "paused")
    raw["State"] |= {"Status": status, "Running": running, "Paused": status == "paused"}
    if not running:
        raw["Process"] = None
    return raw


def careless(*containers: Facts, **daemon: Any) -> Facts:
    """Return a host without daemon.json (or with the given one), with these containers and no other."""
    found = evidence()
    engine = found["engines"][0]
    started = engine["process"]["started_at"]
    engine["daemon_json"] = {
        "path": "/etc/docker/daemon.json", "exists": bool(daemon), "valid": True if daemon else None, "error": None,
        "mtime": started - 60 if daemon else None, "content": daemon or None,
    }  # fmt: skip
    engine["info"] |= {
        "LiveRestoreEnabled": daemon.get("live-restore", False), "LoggingDriver": "json-file",
        "SecurityOptions": ["name=seccomp,profile=builtin"],
    }  # fmt: skip
    bridge = next(network for network in engine["networks"] if network["Name"] == "bridge")
    bridge["Options"]["com.docker.network.bridge.enable_icc"] = "true"
    found["packet_filter"]["isolated"] = []
    engine["containers"] = list(containers)
    engine["counts"]["containers"] = len(containers)
    return found


def plan(profile: str = "cis_level2", **params: Any) -> Plan:
    """Return the plan of a shipped profile, with other parameters."""
    from dataclasses import replace

    chosen = load_profile(profile)
    return Plan.make(
        load_benchmark(), replace(chosen, params={**chosen.params, **params}), (), date(2026, 11, 27)
    )


def choice(*roles: str, single: bool = False, **variables: Any) -> Choice:
    """Return a choice: the usual roles where none is named."""
    return Choice(frozenset(roles or USUAL), variables, single)


def seen(found: Facts, chosen: Choice | None = None, profile: Plan | None = None) -> dict[str, Any]:
    """Return a host's preview."""
    return one_host(found, profile or plan(), chosen or choice())


def effects(
    slug: str, found: Facts, chosen: Choice | None = None, profile: Plan | None = None
) -> list[Effect]:
    """Return what one rule says, sorted."""
    return sorted(RULES[slug](Situation(found, profile or plan(), chosen or choice())))


def short(rows: Iterable[Effect]) -> list[tuple[str, str, str, str]]:
    """Return effects without their details."""
    return [(row.effect, row.certainty, row.when, row.name) for row in rows]
