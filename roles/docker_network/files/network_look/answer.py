"""Judges the role's variables by what the host says; a pure function of the two."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from network_look import networks, policy

UNNAMED_BRIDGE = re.compile(r"br-[0-9a-f]{12}")


def bridges_of(there: list[dict[str, Any]]) -> list[str]:
    """Return the engine's bridges by their interfaces' names."""
    return [
        (item.get("Options") or {}).get("com.docker.network.bridge.name") or f"br-{item['Id'][:12]}"
        for item in there
        if item["Driver"] == "bridge"
    ]


def routes_of(routes: list[dict[str, Any]], bridges: list[str]) -> list[tuple[str, str]]:
    """Return where the host routes to by itself, not over a bridge of the engine's, be it down or not."""
    own = ("docker0", "docker_gwbridge", "lo", *bridges)
    return [
        (f"this host's route by {route.get('dev', 'no interface')}", route["dst"])
        for route in routes
        if route["dst"] != "default"
        and not route["dst"].startswith("fe80:")
        and route.get("dev") not in own
        and not UNNAMED_BRIDGE.fullmatch(route.get("dev", ""))
    ]


def made_by_the_role(there: list[dict[str, Any]], containers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the networks with the role's label, and whether a container, even a stopped one, is on it."""
    attached = [(item.get("NetworkSettings") or {}).get("Networks") or {} for item in containers]
    used = {part["NetworkID"] for each in attached for part in each.values()}
    mine = [x for x in there if (x.get("Labels") or {}).get("hullguard.role") == "docker_network"]
    return [{"name": item["Name"], "used": item["Id"] in used} for item in mine]


def answer(asked: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """Return what is wrong, what is not covered, and what the rules have to know."""
    wrong: list[str] = []
    warnings: list[str] = []
    info, there = seen["info"], seen["networks"]
    bridges = bridges_of(there)
    routes = routes_of(seen["routes"], bridges)
    parts = [part for link in seen["links"] for part in link.get("addr_info", [])]
    local = [ipaddress.ip_address(part["local"]) for part in parts if "local" in part]
    policy.check_published(asked, wrong)
    policy.check_interfaces(asked["external"], seen["interfaces"], wrong, warnings)
    policy.check_address(asked["publish_address"], local, seen["nonlocal_bind"], wrong)
    warnings += policy.publishes_elsewhere(asked["publish_address"], info.get("ServerVersion", ""), there)
    networks.check_pools(asked["pools"], routes, wrong)
    swarm = (info.get("Swarm") or {}).get("LocalNodeState", "unknown")
    missing = networks.check_declared(asked["networks"], there, routes, swarm, wrong)
    backend = policy.check_backend(asked, info, seen["programs"], wrong)
    if asked["restricts"]:
        ipv6 = any(item.get("EnableIPv6") for item in there)
        warnings += policy.ways_past(asked["userland_proxy"], backend, ipv6, seen["forward6"], local)
    named = [item for item in bridges if not item.startswith("br-")]
    looks = [item for item in seen["interfaces"] if item.startswith("br-")]
    return {
        "wrong": wrong,
        "warnings": warnings,
        "backend": backend,
        # The engine names its bridges br-…; those that somebody named are listed one by one.
        "bridges": sorted({"docker0", "docker_gwbridge", "br-*", *named}),
        "foreign": [item for item in looks if item not in bridges and not UNNAMED_BRIDGE.fullmatch(item)],
        "missing": missing,
        "made": made_by_the_role(there, seen["containers"]),
    }
