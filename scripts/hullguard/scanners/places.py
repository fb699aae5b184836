"""From the path that a tool prints to the one that a person knows, and what could not be read of them."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from hullguard.scanners.base import DIR, Target, Tool
from hullguard.scanners.finding import ASSUMED, SECRET, Finding
from hullguard.verdict import Object


def place(printed: str, target: Target) -> str:
    """Return a printed path relative to the folder that was scanned, or as the person named the file; a file
    beside it is named in the same way. What lies outside is the target's own name.

    Raises ValueError for an empty path.
    """
    if not printed or target.path is None:
        raise ValueError(f"a finding without a place: {printed!r}")
    root = target.path if target.kind == DIR else target.path.parent
    # Not resolved: a link in a scanned folder is named by the link.
    path = Path(os.path.normpath(root / printed))
    if path == target.path:
        return "." if target.kind == DIR else target.name
    if not path.is_relative_to(root):
        return target.name
    inside = path.relative_to(root).as_posix()
    return inside if target.kind == DIR else str(PurePosixPath(target.name).parent / inside)


def partial(target: Target, tool: Tool) -> Finding:
    """Return the finding that a search for secrets could not read everything."""
    return Finding(
        id="partial-scan",
        title="Some files could not be read: nothing is known of them",
        severity=ASSUMED,
        kind=SECRET,
        object=Object("file", target.name),
        tool=tool.name,
        tool_version=tool.version,
        fix="Scan as somebody who may read them.",
    )
