"""Controls of networks and published ports that weigh several facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hullguard.effective import Unseen, member
from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.evaluate.functions.registry import of_engine
from hullguard.predicates import MISSING
from hullguard.spec.inspect import shown
from hullguard.spec.swarm import active
from hullguard.verdict import Object, Verdict, failed, manual, not_applicable, passed, unknown


def service_ports(engine: EngineContext) -> list[tuple[str, Mapping[str, Any]]]:
    """Return (service, port) of every port that the swarm publishes on its nodes. Raises Unseen."""
    if not active(engine.raw):
        return []
    services = member(engine.raw, "swarm", "services")
    if not isinstance(services, list):
        raise Unseen("the services of the swarm were not seen (only a manager knows them)")
    return [(str(service["name"]), port) for service in services for port in service["ports"]]


@of_engine("published_ports_declared")
def published_ports_declared(host: HostContext, engine: EngineContext) -> Verdict:
    """Published ports are those that the profile declares: `443/tcp`, or `web:443/tcp` for one container."""
    declared, open_ports, unseen = set(host.params["published_ports_allowed"]), [], []
    for spec in engine.containers:
        if "ports" not in spec:
            unseen.append(Object("container", str(spec["name"]), "ports were not seen"))
        for port in spec.get("ports", []):
            name = f"{port['host_port']}/{port['protocol']}"
            if not {name, f"{spec['name']}:{name}"} & declared:
                open_ports.append(Object("container", str(spec["name"]), shown(port)))
    for service, port in service_ports(engine):
        name = f"{port['PublishedPort']}/{port['Protocol']}"
        if not {name, f"{service}:{name}"} & declared:
            open_ports.append(Object("swarm", service, f"published port {name}"))
    if open_ports and declared:
        return failed("Ports are published that published_ports_allowed does not name.", *open_ports)
    if unseen or not engine.complete("containers"):
        return unknown("Not all containers were seen.", *unseen)
    if open_ports:
        return manual(
            "Set published_ports_allowed in the profile to have this decided: ports are published.",
            *open_ports,
        )
    return (
        passed("No undeclared port is published.")
        if engine.containers
        else not_applicable("There are no containers.")
    )


@of_engine("default_bridge_unused")
def default_bridge_unused(_host: HostContext, engine: EngineContext) -> Verdict:
    """No container sits on the default bridge, where every one reaches every other."""
    networks = engine.listed("networks")
    if not engine.complete("networks"):
        raise Unseen("not all networks were seen")
    if not all(isinstance(member(network, "Name"), str) for network in networks):
        raise Unseen("not all networks' names were seen")
    bridge = next((network for network in networks if network["Name"] == "bridge"), None)
    if bridge is None:
        return not_applicable("There is no default bridge.")
    attached = member(bridge, "Containers")
    if attached is MISSING or not isinstance(attached, list):
        raise Unseen("who is on the default bridge was not seen")
    if not engine.complete("containers") or any(
        spec.get("running") is not True and "network_mode" not in spec for spec in engine.containers
    ):
        raise Unseen("not all containers' networks were seen")
    # A stopped container is on no network yet: its configuration says where it would go.
    waiting = [
        str(spec["name"])
        for spec in engine.containers
        if spec.get("running") is not True and spec.get("network_mode") in ("default", "bridge")
    ]
    bad = [
        Object("container", name, "on the default bridge") for name in sorted({*map(str, attached), *waiting})
    ]
    return (
        failed("Containers are on the default bridge.", *bad)
        if bad
        else passed("The default bridge is empty.")
    )
