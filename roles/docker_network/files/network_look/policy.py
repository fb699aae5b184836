"""Who may reach what: the variables that become rules."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from network_look.values import Address, listed, mapping, networks, number

# The address on which a network publishes ports when nobody names one.
BINDING = "com.docker.network.bridge.host_binding_ipv4"


def check_published(given: dict[str, Any], wrong: list[str]) -> None:
    """Who may reach published ports, and what containers may not."""
    seen = set()
    for index, item in enumerate(listed("docker_network_published", given["published"], wrong)):
        name = f"docker_network_published[{index}]"
        entry = mapping(name, item, {"port", "sources"}, {"protocol"}, wrong)
        if not entry:
            continue
        port = number(f"{name}.port", entry["port"], 1, 65535, wrong)
        protocol = str(entry.get("protocol", "tcp"))
        if protocol not in ("tcp", "udp", "sctp"):
            wrong.append(f"{name}.protocol is {protocol!r}; it takes tcp, udp or sctp.")
        if port and (port, protocol) in seen:
            twice = f"{port}/{protocol} twice; give all its sources in one entry"
            wrong.append(f"docker_network_published lists {twice}.")
        seen.add((port, protocol))
        networks(f"{name}.sources", entry["sources"], wrong)
    if networks("docker_network_default_sources", given["sources"], wrong) and given["policy"] == "accept":
        wrong.append(
            "docker_network_default_sources has no effect while docker_network_default_policy is accept; "
            "set that to drop."
        )
    name = "docker_network_blocked_destinations"
    wrong.extend(
        f"{name}: {item} is everything; give such containers an internal network."
        for item in networks(name, given["blocked"], wrong)
        if item.prefixlen == 0
    )


def check_interfaces(given: object, there: list[str], wrong: list[str], warnings: list[str]) -> None:
    """Where outside is."""
    name = "docker_network_external_interfaces"
    found = [str(item) for item in listed(name, given, wrong)]
    wrong.extend(f"{name} names {item} twice." for item in sorted({x for x in found if found.count(x) > 1}))
    for item in found:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,14}", item):
            wrong.append(f"{name}: {item!r} can't be an interface's name.")
        elif item not in there:
            warnings.append(f"{name}: this host has no interface {item} now, the rules wait for it.")


def check_address(text: str, local: list[Address], nonlocal_bind: list[int], wrong: list[str]) -> None:
    """Where ports are published by default."""
    name = "docker_network_publish_address"
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        if text:
            wrong.append(f"{name} is {text!r}; it takes an address such as 127.0.0.1, without a mask.")
        return
    if address.is_unspecified or address.is_loopback or address in local:
        return
    if address.version not in nonlocal_bind:
        wrong.append(f"{name} is {text}, no address of this host: no container could publish a port there.")


def publishes_elsewhere(text: str, version: str, there: list[dict[str, Any]]) -> list[str]:
    """Say which networks don't care for the address that ports are published on by default."""
    if not text or ":" in text:
        return []
    own = ("bridge", "docker_gwbridge")
    bound = [item["Name"] for item in there if (item.get("Options") or {}).get(BINDING)]
    open_ones = [
        item["Name"]
        for item in there
        if item["Driver"] == "bridge" and not item["Internal"] and item["Name"] not in (*own, *bound)
    ]
    found = []
    if open_ones:
        names = ", ".join(sorted(open_ones))
        found.append(
            f"docker_network_publish_address: {names} publish on every address where none is named, since "
            "they were made without it. Make them anew, or name the address with each port."
        )
    if re.match(r"(1[0-9]|2[0-3])\.", version):
        found.append(
            f"docker_network_publish_address: this engine ({version}) gives it to the default bridge only; "
            "the role does so for networks that it makes, others publish on every address."
        )
    return found


def check_backend(given: dict[str, Any], info: dict[str, Any], programs: list[str], wrong: list[str]) -> str:
    """Return the backend, or say why none can work."""
    wanted = given["backend"]
    engine = (info.get("FirewallBackend") or {}).get("Driver", "") or given["firewall_backend"]
    engine = "nftables" if engine.startswith("nftables") else "iptables"
    backend: str = engine if wanted == "auto" else wanted
    if not given["iptables"]:
        wrong.append(
            "The engine's option iptables is false: it publishes ports without packet filter rules, and no "
            "policy could hold. Remove it (the control packet_filter_managed does), or leave this role out."
        )
    name = f"docker_network_backend is {wanted}"
    if backend == "iptables" and engine == "nftables":
        wrong.append(f"{name}, and this engine uses nftables: it has no chain DOCKER-USER.")
    program = {"iptables": "iptables-restore", "nftables": "nft"}[backend]
    if program not in programs:
        wrong.append(f"{name}, which takes {program} ({backend}), and it is not installed on this host.")
    return backend


def ways_past(proxy: bool, backend: str, ipv6: bool, forward: list[str], local: list[Address]) -> list[str]:
    """Say which ways to a container the rules don't see."""
    found = []
    if backend == "iptables" and ipv6 and "-A FORWARD -j DOCKER-USER" not in forward:
        found.append(
            "This engine sends nothing of IPv6 through DOCKER-USER, and containers have IPv6 addresses: "
            "docker_network_backend: nftables covers both families."
        )
    if proxy and any(x.version == 6 and not x.is_loopback and not x.is_link_local for x in local):
        found.append(
            "docker-proxy takes what comes over IPv6 for containers without an IPv6 address, and hands it on "
            "past every rule: set userland-proxy to false (the control userland_proxy)."
        )
    return found
