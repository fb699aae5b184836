"""A compose project as it was read: services with their lines, without the values of what may be secret."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hullguard.lint.tree import Place, Row, Table

# What a service says here decides nothing, and may hold passwords.
FORGOTTEN = ("annotations", "command", "entrypoint", "label_file", "labels")


@dataclass(frozen=True)
class Project:
    """Services that compose would start, merged and resolved.

    `path` is the file as the person named it; `folder` is its absolute folder. `left_out` names services that
    were not judged, and why. `notes` has to be said beside a result.
    """

    path: str
    folder: Path
    services: Table
    resources: Table
    left_out: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def place(self, service: str, member: Sequence[str | int] = ()) -> Place:
        """Return where a member of a service stands, or the nearest one above it that is in the file."""
        place: Place = self.services.at[service]
        value: Any = self.services[service]
        for key in member:
            if isinstance(value, Table) and key in value:
                place, value = value.at[str(key)], value[str(key)]
            elif isinstance(value, Row) and isinstance(key, int) and key < len(value):
                place, value = value.at[key], value[key]
            else:
                break
        return place

    def outside(self, source: str) -> str | None:
        """Return the real path of a relative one when it leads out of the project's folder, else None.

        Links are followed: `./run` may be a link to /var/run.
        """
        root = os.path.realpath(self.folder)
        real = os.path.realpath(os.path.join(root, source.replace("\0", "")))  # noqa: PTH118
        return None if real == root or real.startswith(root.rstrip("/") + "/") else real


def forget(service: Table) -> Table:
    """Return a service without what decides nothing and may be secret; variables keep their names only."""
    kept = Table()
    for key, value in service.items():
        if key not in FORGOTTEN:
            kept.put(key, _names(value) if key == "environment" else value, service.at[key])
    build = kept.get("build")
    if isinstance(build, Table) and "args" in build:
        bare = Table()
        for key, value in build.items():
            bare.put(key, _names(value) if key == "args" else value, build.at[key])
        kept["build"] = bare
    return kept


def _names(value: Any) -> Any:
    """Return the names of variables, written as a mapping or as a list of NAME=value."""
    names = Row()
    if isinstance(value, Table):
        for key in value:
            names.put(key, value.at[key])
    elif isinstance(value, Row):
        for item, at in zip(value, value.at, strict=True):
            names.put(item.partition("=")[0] if isinstance(item, str) else None, at)
    else:
        return None
    return names
