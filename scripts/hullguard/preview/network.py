"""Rules of who reaches whom: the default bridge, published ports, the policy of docker_network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hullguard.effective import member, option
from hullguard.preview.model import MAYBE, NOW, PENDING, WILL, Change, Effect
from hullguard.preview.registry import beside, rule
from hullguard.preview.restart import keeps
from hullguard.preview.situation import Container, Situation, host_config, name_of, rows

BLOCKED = ["169.254.169.254/32", "fd00:ec2::254/128"]
POLICY = "/etc/hullguard/docker_network/policy"
NEIGHBOURS_NAMED = 10


def takes_effect(situation: Situation) -> str:
    """Return when network options of the engine count: not while live-restore keeps containers running
    (moby: "There are running containers, updated network configuration will not take affect").
    """
    return PENDING if keeps(situation) and situation.running else NOW


@rule("inter_container_traffic")
def inter_container_traffic(situation: Situation) -> Iterable[Effect]:
    """Running containers on the default bridge lose each other, but for what a --link names."""
    value, _source = option(situation.engine, "icc")
    if value is False and not situation.changes("icc"):
        # Configured already and not in force: only the restart brings it.
        bridges = member(situation.evidence, "packet_filter", "isolated")
        if isinstance(bridges, list) and _bridge(situation) in bridges:
            return
    neighbours = {name_of(c): c for c in situation.running if on_default_bridge(c)}
    links = {name: host_config(c, "Links") for name, c in neighbours.items()}
    seen = all("Links" in (c.get("HostConfig") or {}) for c in neighbours.values())
    when = takes_effect(situation)
    for name in neighbours:
        others = [other for other in neighbours if other != name]
        if not others:
            continue
        linked = _linked(name, links) if seen else []
        kept = f"; what it links to ({', '.join(linked)}) keeps the exposed ports" if linked else ""
        if not seen:
            kept = "; exposed ports that a --link names stay, and links are not in the evidence"
        more = f" and {len(others) - NEIGHBOURS_NAMED} more" if len(others) > NEIGHBOURS_NAMED else ""
        detail = f"{', '.join(others[:NEIGHBOURS_NAMED])}{more} on the default bridge{kept}"
        yield Effect("loses_connectivity", WILL, when, "container", name, detail)


def on_default_bridge(container: Container) -> bool:
    """Return whether a container is on the engine's default bridge."""
    networks = member(container, "NetworkSettings", "Networks")
    return isinstance(networks, list) and "bridge" in networks


def _bridge(situation: Situation) -> str:
    for network in rows(situation.engine.get("networks")):
        if network.get("Name") == "bridge":
            return str(member(network, "Options", "com.docker.network.bridge.name"))
    return ""


def _linked(name: str, links: Mapping[str, Any]) -> list[str]:
    """Return whom a container has links with, in either direction: `/db:/web/db` is web's to db."""
    found = {str(link).partition(":")[0].lstrip("/") for link in links.get(name) or []}
    found |= {
        other for other, listed in links.items() if any(str(x).startswith(f"/{name}:") for x in listed or [])
    }
    return sorted(found)


@rule("userland_proxy")
def userland_proxy(situation: Situation) -> Iterable[Effect]:
    """Published ports are then reached through the packet filter alone."""
    if not situation.changes("userland-proxy"):
        return
    when = takes_effect(situation)
    for name, ports in published(situation):
        detail = f"{', '.join(ports)}: on [::1] no longer, on 127.0.0.1 only with route_localnet"
        yield Effect("loses_connectivity", MAYBE, when, "container", name, detail)


def published(situation: Situation) -> Iterable[tuple[str, list[str]]]:
    """Yield (container, its published ports) of every running one that publishes."""
    for container in situation.running:
        name = name_of(container)
        ports = situation.specs.get(name, {}).get("ports") or []
        shown = [f"{port['host_ip'] or '*'}:{port['host_port']}/{port['protocol']}" for port in ports]
        if shown:
            yield name, sorted(set(shown))


def _blocked(situation: Situation) -> list[Change]:
    blocked = situation.choice.variable("docker_network_blocked_destinations", BLOCKED)
    return [Change("system", POLICY, None, {"blocked_destinations": blocked})] if blocked else []


def _policy(situation: Situation) -> list[Change]:
    policy = situation.choice.variable("docker_network_default_policy", "accept")
    what = {"default_policy": policy, "published": _listed(situation)}
    return [Change("system", POLICY, None, what)]


def _listed(situation: Situation) -> list[Any]:
    found = situation.choice.variable("docker_network_published", [])
    return list(found) if isinstance(found, list) else []


@beside(
    "docker_network",
    "blocked_destinations",
    "No container reaches where clouds hand out credentials",
    _blocked,
)
def blocked_destinations(situation: Situation) -> Iterable[Effect]:
    """Who lives on a cloud role's credentials is not in the evidence."""
    blocked = situation.choice.variable("docker_network_blocked_destinations", BLOCKED)
    for container in situation.running if blocked else []:
        if _bridged(container):
            detail = f"{', '.join(map(str, blocked))}: matters to who takes credentials from there"
            yield Effect("loses_connectivity", MAYBE, NOW, "container", name_of(container), detail)


@beside("docker_network", "published_ports", "Published ports are reached by whom the policy admits", _policy)
def published_ports(situation: Situation) -> Iterable[Effect]:
    """With the policy `drop` only listed ports stay open; those on loopback are closed to neighbours."""
    drops = situation.choice.variable("docker_network_default_policy", "accept") == "drop"
    listed = {(int(row.get("port", 0)), row.get("protocol", "tcp")): row for row in rows(_listed(situation))}
    spared = situation.choice.variable("docker_network_default_sources", [])
    for container in situation.running:
        name = name_of(container)
        for port in situation.specs.get(name, {}).get("ports") or []:
            shown, row = (
                f"{port['host_port']}/{port['protocol']}",
                listed.get((port["host_port"], port["protocol"])),
            )
            if str(port["host_ip"]).startswith("127."):
                detail = f"neighbours on the link that reached {shown} on loopback (engines before 28)"
                yield Effect("loses_connectivity", MAYBE, NOW, "container", name, detail)
            elif row is not None:
                detail = (
                    f"whoever is not in {', '.join(map(str, row.get('sources') or ['no network']))} ({shown})"
                )
                yield Effect("loses_connectivity", MAYBE, NOW, "container", name, detail)
            elif drops:
                but = f" but {', '.join(map(str, spared))}" if spared else ""
                detail = f"everybody outside of this host{but} ({shown} is not in docker_network_published)"
                yield Effect("loses_connectivity", WILL, NOW, "container", name, detail)


def _bridged(container: Container) -> bool:
    mode = str(host_config(container, "NetworkMode") or "")
    return mode not in ("host", "none") and not mode.startswith("container:")
