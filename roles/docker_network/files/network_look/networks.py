"""Which networks there are to be: declared ones, and where others take their addresses from."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from network_look.values import Network, listed, mapping, network, number

OWN_NAMES = ("bridge", "default", "docker_gwbridge", "host", "ingress", "none")
ICC = "com.docker.network.bridge.enable_icc"

# What has addresses already, each (what it is, network).
Taken = list[tuple[str, str]]


def check_overlap(name: str, wanted: Network, taken: Taken, wrong: list[str]) -> None:
    """Say what is there already and would be cut off."""
    for what, text in taken:
        other = ipaddress.ip_network(text, strict=False)
        if other.version == wanted.version and wanted.overlaps(other):
            wrong.append(f"{name} {wanted} overlaps {other}, {what}.")


def check_pools(given: object, routes: Taken, wrong: list[str]) -> None:
    """Where networks without a subnet take theirs from."""
    pools: Taken = []
    for index, item in enumerate(listed("docker_network_address_pools", given, wrong)):
        name = f"docker_network_address_pools[{index}]"
        entry = mapping(name, item, {"base", "size"}, set(), wrong)
        base = network(f"{name}.base", entry["base"], wrong) if entry else None
        if base:
            number(f"{name}.size", entry["size"], base.prefixlen, base.max_prefixlen - 2, wrong)
            # The engine's own networks are within the pools once they are in use.
            check_overlap(f"{name}.base", base, [*routes, *pools], wrong)
            pools.append((f"{name}.base", str(base)))


def subnets(item: dict[str, Any]) -> list[str]:
    """Return the subnets of one of the engine's networks."""
    return [part["Subnet"] for part in (item.get("IPAM") or {}).get("Config") or [] if part.get("Subnet")]


def differences(entry: dict[str, Any], item: dict[str, Any]) -> list[str]:
    """Say in which ways a network is not the one that is wanted."""
    options = item.get("Options") or {}
    # Options are texts; an empty one says that the option is there.
    on = {key: str(options[key]).lower() in ("", "1", "t", "true") for key in options}
    there = {"driver": item["Driver"], "internal": item["Internal"], "subnet": ", ".join(subnets(item))}
    there |= {"icc": on.get(ICC, True), "encrypted": on.get("encrypted", False)}
    compared = ["driver", "internal", *(["subnet"] if entry.get("subnet") else []), "icc", "encrypted"]
    return [f"{key} is {there[key]}, wanted {entry[key]}" for key in compared if entry[key] != there[key]]


def declared(name: str, item: object, swarm: str, wrong: list[str]) -> dict[str, Any]:
    """Return a declared network with its defaults, or say what is the matter."""
    entry = mapping(name, item, {"name"}, {"driver", "internal", "subnet", "icc", "encrypted"}, wrong)
    if not entry:
        return {}
    entry = {"driver": "bridge", "internal": True, "icc": True, "encrypted": False, **entry}
    if entry["name"] in OWN_NAMES or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", str(entry["name"])):
        taken = "it takes letters, digits and _.-, and no name of the engine's own"
        wrong.append(f"{name}.name is {entry['name']!r}; {taken}.")
    flags = [key for key in ("internal", "icc", "encrypted") if not isinstance(entry[key], bool)]
    wrong.extend(f"{name}.{key} is {entry[key]!r}; it takes true or false." for key in flags)
    if entry["driver"] not in ("bridge", "overlay"):
        wrong.append(f"{name}.driver is {entry['driver']!r}; it takes bridge or overlay.")
    elif entry["driver"] == "bridge" and entry["encrypted"]:
        wrong.append(f"{name}.encrypted is for overlay networks; nothing of a bridge leaves the host.")
    elif entry["driver"] == "overlay" and not entry["icc"]:
        wrong.append(f"{name}.icc is for bridge networks; an overlay has no such option.")
    elif entry["driver"] == "overlay" and swarm != "active":
        wrong.append(f"{name}.driver is overlay, and this engine is in no swarm ({swarm}).")
    return entry


def check_declared(
    given: object, there: list[dict[str, Any]], routes: Taken, swarm: str, wrong: list[str]
) -> list[dict[str, Any]]:
    """Return the networks that are missing."""
    missing: list[dict[str, Any]] = []
    names = set()
    mine: Taken = []
    for index, item in enumerate(listed("docker_network_networks", given, wrong)):
        name = f"docker_network_networks[{index}]"
        entry = declared(name, item, swarm, wrong)
        if not entry:
            continue
        if entry["name"] in names:
            wrong.append(f"docker_network_networks lists {entry['name']} twice.")
        names.add(entry["name"])
        subnet = network(f"{name}.subnet", entry["subnet"], wrong) if entry.get("subnet") else None
        if subnet and subnet.version == 6:
            wrong.append(f"{name}.subnet is {subnet}; the role makes IPv4 networks only.")
        elif subnet:
            others = [x for x in there if x["Name"] != entry["name"]]
            theirs = [(f"the network {x['Name']}", text) for x in others for text in subnets(x)]
            check_overlap(f"{name}.subnet", subnet, [*routes, *theirs, *mine], wrong)
            mine.append((f"{name}.subnet", str(subnet)))
        same = [item for item in there if item["Name"] == entry["name"]]
        odd = differences(entry, same[0]) if same else []
        if odd:
            wrong.append(
                f"{name}: a network {entry['name']} is there and is another ({'; '.join(odd)}). It is left "
                "alone: name yours differently, or move its containers away and remove it."
            )
        missing += [] if same else [entry]
    return missing
