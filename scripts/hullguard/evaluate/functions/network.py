"""Controls of networks and published ports that weigh several facts."""

from __future__ import annotations

from hullguard.effective import Unseen, member
from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.evaluate.functions.registry import of_engine
from hullguard.predicates import MISSING
from hullguard.spec.inspect import shown
from hullguard.verdict import Object, Verdict, failed, manual, not_applicable, passed, unknown


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
    if open_ports and declared:
        return failed("Ports are published that published_ports_allowed does not name.", *open_ports)
    if unseen or not engine.complete("containers"):
        return unknown("Not all containers were seen.", *unseen)
    if open_ports:
        return manual("Set published_ports_allowed in the profile to have this decided; published here:", *open_ports)
    return passed("No undeclared port is published.") if engine.containers else not_applicable("There are no containers.")


@of_engine("default_bridge_unused")
def default_bridge_unused(_host: HostContext, engine: EngineContext) -> Verdict:
    """No container sits on the default bridge, where every one reaches every other."""
    networks = engine.listed("networks")
    if not engine.complete("networks"):
        raise Unseen("not all networks were seen")
    bridge = next((network for network in networks if member(network, "Name") == "bridge"), None)
    if bridge is None:
        return not_applicable("There is no default bridge.")
    attached = member(bridge, "Containers")
    if attached is MISSING or not isinstance(attached, list):
        raise Unseen("who is on the default bridge was not seen")
    # A stopped container is on no network yet: its configuration says where it would go.
    waiting = [str(spec["name"]) for spec in engine.containers if spec.get("running") is False and spec.get("network_mode") in ("default", "bridge")]
    bad = [Object("container", name, "on the default bridge") for name in sorted({*map(str, attached), *waiting})]
    return failed("Containers are on the default bridge.", *bad) if bad else passed("The default bridge is empty.")
