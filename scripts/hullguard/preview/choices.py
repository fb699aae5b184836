"""Per host, what its inventory chooses: profile, roles, their variables, single controls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hullguard import evidence, yamlfile


def load(path: Path) -> dict[str, dict[str, Any]]:
    """Return {host: its choices} of a JSON file. Raises InputError with file and member."""
    document = evidence.parse(path)
    yamlfile.check(document, "preview_choices", str(path))
    found: dict[str, dict[str, Any]] = document["hosts"]
    return found
