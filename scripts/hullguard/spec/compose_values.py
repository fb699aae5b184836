"""Reading a compose service: values in the forms that compose accepts, and which member decided a field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hullguard.spec import Spec

# {field: the members that decide it}; for a list, one for each item.
Member = tuple[str | int, ...]
Members = dict[str, list[Member]]
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kmgtp])?i?b?", re.IGNORECASE | re.ASCII)
LONGEST = 30
_NUMBER = re.compile(r"[-+]?\d{1,15}(?:\.\d{1,15})?", re.ASCII)
_WORDS = {
    **dict.fromkeys(("true", "y", "yes", "on"), True), **dict.fromkeys(("false", "n", "no", "off"), False),
}  # fmt: skip


class Service:
    """One service, and the spec that is made of it."""

    def __init__(self, name: str, raw: Mapping[str, Any], project: Mapping[str, Any]) -> None:
        self.name, self.raw, self.project = name, raw, project
        self.spec: Spec = {"name": name}
        self.members: Members = {}
        # Fields that no file shows: the daemon, the host, the image or the running container decides.
        self.left: set[str] = {"sshd_processes"}

    def set(self, field: str, value: Any, *members: Sequence[str | int]) -> None:
        """Set a field, and which members of the service decide it."""
        self.spec[field], self.members[field] = value, [tuple(member) for member in members]

    def table(self, *path: str) -> Mapping[str, Any] | None:
        """Return the mapping at a path, {} when it is not there, None when something else is."""
        value: Any = self.raw
        for key in path:
            if not isinstance(value, Mapping):
                return None
            value = value.get(key, {})
            # Compose takes an empty `deploy:`, and no other mapping without members.
            value = {} if value is None and key == "deploy" else value
        return value if isinstance(value, Mapping) else None


def boolean(value: Any) -> bool | None:
    """Return a truth value, written as one or as a text that compose takes for one; else None."""
    return value if isinstance(value, bool) else _WORDS.get(value.lower()) if isinstance(value, str) else None


def number(value: Any) -> float | None:
    """Return a number, written as one or as a text; else None."""
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value.strip()) else None
    known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18
    return float(value) if known else None


def size(value: Any) -> int | None:
    """Return bytes, written as a number or as 512m, 1.5GB and the like; else None."""
    if isinstance(value, str) and len(value) < LONGEST and (found := _SIZE.fullmatch(value.strip())):
        return int(float(found[1]) * 1024 ** (" kmgtp".index((found[2] or " ").lower())))
    # Compose drops a number with a point without a word.
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def texts(value: Any) -> list[str] | None:
    """Return a list of texts; else None."""
    return list(value) if isinstance(value, list) and all(isinstance(item, str) for item in value) else None
