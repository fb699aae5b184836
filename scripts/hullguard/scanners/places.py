"""From the path that a tool prints to the one that a person knows."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from hullguard.scanners.base import DIR, Target


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
