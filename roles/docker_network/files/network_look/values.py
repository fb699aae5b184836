"""Values as somebody writes them: each function returns what is meant, or adds to `wrong` why it is none."""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Union

# Made when this is read, and Python 3.9 knows no bar between types.
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
Address = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]


def network(name: str, value: object, wrong: list[str]) -> Network | None:
    """Return a network or an address as a network."""
    try:
        return ipaddress.ip_network(str(value))
    except ValueError:
        pass
    try:
        meant = ipaddress.ip_network(str(value), strict=False)
        wrong.append(f"{name}: {value} has host bits set; the network is {meant}.")
    except ValueError:
        wrong.append(f"{name}: {value!r} is no network or address such as 10.0.0.0/8 or fd00::/64.")
    return None


def listed(name: str, value: object, wrong: list[str]) -> list[Any]:
    """Return a list."""
    if isinstance(value, list):
        return value
    wrong.append(f"{name} is {value!r}; it takes a list.")
    return []


def networks(name: str, value: object, wrong: list[str]) -> list[Network]:
    """Return a list of networks, each of them once."""
    each = [network(name, item, wrong) for item in listed(name, value, wrong)]
    found = [item for item in each if item is not None]
    twice = sorted({str(item) for item in found if found.count(item) > 1})
    wrong.extend(f"{name} names {item} twice." for item in twice)
    return found


def mapping(name: str, value: object, needs: set[str], knows: set[str], wrong: list[str]) -> dict[str, Any]:
    """Return an entry that has the keys it needs and no others."""
    keys = ", ".join(sorted(needs | knows))
    if not isinstance(value, dict):
        wrong.append(f"{name} is {value!r}; it takes {{{keys}}}.")
        return {}
    missing, odd = sorted(needs - value.keys()), sorted(map(str, value.keys() - needs - knows))
    if missing:
        wrong.append(f"{name} lacks {', '.join(missing)}.")
    if odd:
        wrong.append(f"{name} has {', '.join(odd)}, and takes only {keys}.")
    return {} if missing else value


def number(name: str, value: object, lowest: int, highest: int, wrong: list[str]) -> int:
    """Return a whole number within its bounds, or 0."""
    if re.fullmatch(r"[0-9]{1,5}", str(value)) and lowest <= int(str(value)) <= highest:
        return int(str(value))
    wrong.append(f"{name} is {value!r}; it takes a number from {lowest} to {highest}.")
    return 0
