"""The table of services that were run under the seccomp profiles; tests/e2e/test_workloads.py keeps it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docs.markdown import table
from docs.syscall_results import refuse_stale
from docs.syscalls import code


def lists(path: Path, root: Path) -> dict[str, Callable[[], str]]:
    """Return what makes the list. Raises InputError when a profile has changed since."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    refuse_stale(path, root, found)
    return {"services": lambda: services(found)}


def services(found: dict[str, Any]) -> str:
    """A line for each service."""
    header = ("service", "started, asked and stopped", "baseline", "strict", "what it misses under strict")
    lines = [
        (
            row["package"],
            row["does"],
            words(ran=row["baseline"]),
            words(ran=row["strict"]),
            code(row["misses"]),
        )
        for row in found["workloads"].values()
    ]
    return table(header, lines)


def words(*, ran: bool) -> str:
    """Say whether it ran."""
    return "runs" if ran else "**does not run**"
