"""The part of a difference's table that names what drifted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from hullguard.reports.drifted import drifted
from hullguard.reports.table_parts import STYLES, text


def print_drift(console: Console, host: Mapping[str, Any], before: object) -> None:
    """Name what drifted, what breaks controls first; `before` is when the earlier evidence is of."""
    rows = drifted(host, before)
    if rows:
        heading = Text.assemble(
            (f"drift {len(rows)}", "bold"), ("  Facts that differ, and since when.", "dim")
        )
        console.print()
        console.print(heading)
    for row in rows:
        line = Text(overflow="fold")
        line.append_text(text(row.what, STYLES["broken"] if row.breaks else "bold")).append(": ")
        line.append_text(text(row.change)).append(" · ").append_text(text(row.since, "dim"))
        if row.controls:
            line.append(" · ").append_text(text(row.controls, STYLES["broken"] if row.breaks else ""))
        console.print(Padding(line, (0, 0, 0, 2)), overflow="fold")
