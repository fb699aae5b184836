"""The ports that a compose service publishes, in short and long form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from hullguard.spec.compose_values import Member, Service
from hullguard.spec.shared import published, shown, wildcard

MOST_PORTS = 70_000
ADDRESS = re.compile(r"[0-9a-fA-F:.]*", re.ASCII)
PROTOCOLS = ("tcp", "udp", "sctp")
_RANGE = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)


def ports(service: Service) -> None:
    """Add the published ports. One that can't be read hides nothing: the others still count."""
    rows = service.raw.get("ports", [])
    found: list[dict[str, Any]] = []
    members: list[Member] = []
    whole = isinstance(rows, list)
    for index, row in enumerate(rows if isinstance(rows, list) else []):
        entries = _entries(row, MOST_PORTS - len(found))
        if entries is None:
            whole = False
            continue
        found += entries
        members += [("ports", index)] * len(entries)
    if whole:
        published(service.spec, found)
        service.members["ports"] = members
    for field, bad in (
        ("wildcard_ports", lambda port: wildcard(port["host_ip"])),
        ("privileged_ports", lambda port: 0 < port["host_port"] < 1024),
    ):
        pairs = [(shown(port), member) for port, member in zip(found, members, strict=True) if bad(port)]
        if pairs or whole:
            service.set(field, [text for text, _ in pairs], *(member for _, member in pairs))


def _parts(row: Any) -> list[str] | None:
    """Return address, host port, container port and protocol, as they are written; None when they are not."""
    if isinstance(row, Mapping):
        given = [
            row.get("host_ip", ""),
            row.get("published", ""),
            row.get("target"),
            row.get("protocol", "tcp"),
        ]
        if any(isinstance(part, bool) or not isinstance(part, str | int) for part in given):
            return None
        return [str(part) for part in given]
    if isinstance(row, bool) or not isinstance(row, str | int):
        return None
    rest, _, protocol = str(row).partition("/")
    # The last two parts are ports: an address may have colons of its own.
    *address, inside = rest.split(":")
    host = address.pop() if address else ""
    return [":".join(address), host, inside, protocol or "tcp"]


def _entries(row: Any, most: int) -> list[dict[str, Any]] | None:
    """Return one entry for each port of a range, None for more than `most` or what is none.

    Without a host port the engine picks one above 1023.
    """
    parts = _parts(row)
    if parts is None:
        return None
    address, host, inside, protocol = parts
    address = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    targets, hosts = _ports(inside), _ports(host) if host else range(0)
    if targets is None or hosts is None or protocol not in PROTOCOLS or not _address(address):
        return None
    if (hosts and len(targets) not in (1, len(hosts))) or max(len(targets), len(hosts)) > most:
        return None
    # Several host ports for one target: the engine takes the first that is free.
    inner = [targets[0]] * len(hosts) if hosts and len(targets) == 1 else list(targets)
    return [
        {"host_ip": address, "host_port": number, "container_port": str(target), "protocol": protocol}
        for number, target in zip(hosts or [0] * len(inner), inner, strict=True)
    ]


def _address(text: str) -> bool:
    try:
        return not text or (ADDRESS.fullmatch(text) is not None and bool(ip_address(text)))
    except ValueError:
        return False


def _ports(text: str) -> range | None:
    found = _RANGE.fullmatch(text)
    first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
    return range(first, last + 1) if first <= last < 65536 else None
