"""The table format's part about scanners: what they found, by object, and which of them did not look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from hullguard.reports.findings import (
    OPEN,
    RAN,
    by_object,
    due_text,
    findings_text,
    package_text,
    place_text,
    scan_text,
    thing_text,
    waiver_text,
)
from hullguard.reports.sanitize import clean
from hullguard.reports.table_parts import NAME_LENGTH, STYLES, text

# What a finding's state looks like: the words of the verdicts.
_STATES: Mapping[str, tuple[str, str]] = {
    "open": ("open", STYLES["fail"]),
    "waived": ("waived", STYLES["waived"]),
    "ignored": ("ignored", STYLES["not_applicable"]),
}
_DUE: Mapping[str, str] = {"breach": "bold red", "due": "yellow"}
_STATUS: Mapping[str, tuple[str, str]] = {
    "ran": ("ran", STYLES["pass"]),
    "not_run": ("not run", STYLES["manual"]),
    "unknown": ("unknown", STYLES["unknown"]),
}


def print_findings(
    console: Console, findings: list[dict[str, Any]], scans: list[dict[str, Any]], only_failing: bool
) -> None:
    """Print findings, worst first and grouped by object, then the scans; `only_failing` leaves out what is
    accepted and which scanners ran. Both lists are as `hullguard.reports.findings` gives them.
    """
    console.print()
    heading = Text("Findings", "bold").append(f"  {findings_text(findings)}", "not bold")
    console.print(Rule(heading, align="left", style="dim"))
    shown = [finding for finding in findings if finding["state"] == OPEN or not only_failing]
    for (kind, name), group in by_object(shown).items():
        title = thing_text({"kind": kind, "name": name}, NAME_LENGTH)
        console.print()
        console.print(
            Text.assemble((title, "bold underline"), (f"  {findings_text(group)}", "dim"), overflow="fold")
        )
        console.print(Padding(_grid([_row(finding) for finding in group], (8, 8)), (0, 0, 0, 2)))
    silent = [scan for scan in scans if scan["status"] != RAN]
    if listed := silent if only_failing else scans:
        console.print()
        words = (
            f"  {len(silent)} of {len(scans)} gave no answer: nothing is claimed for them" if silent else ""
        )
        console.print(Text.assemble(("Scans", "bold underline"), (words, "magenta"), overflow="fold"))
        console.print(Padding(_grid([_scan(scan) for scan in listed], (8,)), (0, 0, 0, 2)))


def _grid(rows: list[tuple[RenderableType, ...]], widths: tuple[int, ...]) -> Table:
    grid = Table.grid(padding=(0, 2, 0, 0))
    for width in widths:
        grid.add_column(no_wrap=True, min_width=width)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return grid


def _row(finding: Mapping[str, Any]) -> tuple[RenderableType, ...]:
    word, style = _STATES[finding["state"]]
    severity = finding["severity"]
    first = (
        text(finding.get("id"), "bold", NAME_LENGTH).append("  ").append(text(finding["title"], "not bold"))
    )
    if detail := finding["object"].get("detail"):
        first.append(text(f" ({clean(detail, NAME_LENGTH)})", "dim"))
    about: list[RenderableType] = [first]
    tool = f"{clean(finding['tool'], 40)} {clean(finding['tool_version'], 20)}".strip()
    told = [package_text(finding, NAME_LENGTH), place_text(finding, NAME_LENGTH), tool]
    about.append(Text(" · ".join(part for part in told if part), "dim", overflow="fold"))
    if due := due_text(finding):
        about.append(Text(due, _DUE.get(finding["due"]["state"], "dim"), overflow="fold"))
    if finding["waiver"]:
        about.append(Text(waiver_text(finding["waiver"]), "dim", overflow="fold"))
    severity_style = STYLES[severity] if finding["state"] == OPEN else "dim"
    return Text(word, style), Text(severity, severity_style), Group(*about)


def _scan(scan: Mapping[str, Any]) -> tuple[RenderableType, ...]:
    word, style = _STATUS[scan["status"]]
    tool = f"{clean(scan.get('tool'), 40)} {clean(scan['version'], 20)}".strip()
    line = Text(f"{tool} on {thing_text(scan['target'], NAME_LENGTH)}: ", overflow="fold")
    return Text(word, style), line.append(scan_text(scan), "dim")
