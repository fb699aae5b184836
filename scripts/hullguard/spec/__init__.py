"""Normalized objects that controls judge, whatever they were read from.

A container spec is a flat mapping; the adapters (`inspect`, later compose and Dockerfile) translate into it.
A field whose source was not there is left out: the verdict is then `unknown`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Spec = dict[str, Any]

# The same words as the collector's redaction: the collector drops values, this only reads names.
SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|(^|[_.-])pass$|secret|token|(api|private|access|signing|encryption)[_.-]?key"
    r"|credential|(^|[_.-])(auth|pwd)($|[_.-])",
    re.IGNORECASE,
)
# Variables that only say where a secret lies.
SECRET_POINTER = re.compile(r"_(FILE|PATH|DIR|URL|NAME|ID)$", re.IGNORECASE)


def secret_names(environment: list[str]) -> list[str]:
    """Return the names that look as if their values were secrets; `…_FILE` and its like only point to one."""
    return sorted(
        name for name in environment if SECRET_NAME.search(name) and not SECRET_POINTER.search(name)
    )


class Reader:
    """Typed reading of a foreign mapping: a member of another type counts as not seen."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw if isinstance(raw, Mapping) else {}

    def into(self, spec: Spec, field: str, path: str, kind: type, empty: Any = None) -> None:
        """Copy the member at dotted `path` to `spec[field]`; null counts as `empty` where `empty`
        is given.
        """
        value: Any = self.raw
        for key in path.split("."):
            if not isinstance(value, Mapping) or key not in value:
                return
            value = value[key]
        if value is None and empty is not None:
            spec[field] = empty
        elif isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            spec[field] = value

    def get(self, path: str, kind: type, empty: Any = None) -> Any:
        """Return the member at dotted `path`, or None when it is absent or of another type."""
        found: Spec = {}
        self.into(found, "value", path, kind, empty)
        return found.get("value")
