"""A tool that does what a test tells it: a shell script in a folder of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from hullguard.scanners import cache
from hullguard.scanners.base import Job, Ran, Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import MISCONFIGURATION, Finding
from hullguard.verdict import Object


class Scripted(Scanner):
    """Finds what its script prints: a JSON list of rule ids."""

    name = "scripted"
    program = "hullguard-test-tool"
    handles = frozenset({"dir"})
    get = "write it"

    def version(self, said: str) -> str:
        return said.split()[-1]

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        return Job([str(tool.path), target.name], good=frozenset({0, 3}))

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        rows = json.loads(ran.answer)
        if not isinstance(rows, list):
            raise Rubbish("its answer is no list")
        for row in rows:
            yield Finding(
                row, row, "high", MISCONFIGURATION, Object("file", target.name), tool.name, tool.version
            )


Write = Callable[[str], Path]


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write the tool's program; `--version` is answered with 1.2.3."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cache.folder().is_relative_to(tmp_path)
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("HULLGUARD_TOOLS", str(folder))

    def write(body: str) -> Path:
        path = folder / Scripted.program
        path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && {{ echo tool 1.2.3; exit; }}\n{body}\n')
        path.chmod(0o755)
        return path

    return write
