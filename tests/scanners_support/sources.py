"""What the tests of scanners of sources share: the real tool on files in the present folder."""

from __future__ import annotations

import pytest

from hullguard.scanners import load, tools
from hullguard.scanners.base import Settings, Tool
from hullguard.scanners.scan import Scan, one
from hullguard.scanners.targets import files

# In two parts, so that they are not found in this very file.
KEY = "AKIAQYLPMN5H" + "HHFPZAM2"
PASSWORD = "c0rrecthorse" + "batterystaple9"


def found(name: str) -> Tool:
    """Return a tool; where it is not here, skip the test and say how to get it."""
    tool = tools.find(load(name))
    if tool is None:
        pytest.skip(f"{name} is not here: ./nox -s tools")
    return tool


def scan(tool: Tool, kind: str, name: str) -> Scan:
    """Return what it says of a file or folder."""
    (target,) = files(kind, [name])
    return one(load(tool.name), tool, target, Settings(), cached=False)


def places(done: Scan) -> set[tuple[str, int]]:
    """Return where its findings are."""
    return {(f.location.path, f.location.line) for f in done.findings if f.location}
