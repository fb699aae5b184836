"""The table format's part about attacks: a run of `hullguard prove`, alone or in a report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from hullguard.reports.attacks import (
    HEADING,
    MEANING,
    OUTCOMES,
    about,
    contradicted,
    counts_of,
    in_order,
    outcome_of,
    probes_of,
    proofs,
)
from hullguard.reports.sanitize import clean
from hullguard.reports.table_parts import NAME_LENGTH, STYLES, console_for, emit, print_line, text
from hullguard.reports.vocabulary import moment, severity_of

COLOURS = {"succeeded": "bold red", "unknown": "magenta", "blocked": "green"}


def write(document: Mapping[str, Any], stream: TextIO, width: int | None = None) -> None:
    """Write one run (schema hullguard/prove/1): what succeeded and what is unknown first."""
    console = console_for(stream, width)
    host, probes = document["host"], document["probes"]
    with console.capture() as captured:
        print_line(console, f"hullguard {clean(document['tool']['version'], 40)}", "attacks")
        print_line(
            console, host["name"], f"Docker {document['engine']}", host["os"], moment(document["made_at"]),
            f"{document['seconds']:g} s",
        )  # fmt: skip
        _probes(console, probes)
        console.print()
        grid = Table.grid(padding=(0, 2, 0, 0))
        for outcome, meaning in OUTCOMES.items():
            count = sum(outcome_of(one) == outcome for one in probes)
            grid.add_row(str(count), Text(outcome, COLOURS[outcome]), Text(meaning, "dim"))
        console.print(grid)
    emit(captured.get(), stream)


def write_list(probes: Iterable[Mapping[str, Any]], stream: TextIO, width: int | None = None) -> None:
    """Write what there is to try, and attack nothing."""
    console = console_for(stream, width)
    grid = Table.grid(padding=(0, 2, 0, 0))
    for probe in probes:
        name = Text(str(probe["id"]), "bold").append(" (heavy)" if probe["heavy"] else "", "yellow")
        what = Group(text(probe["tries"]), text(f"from {probe['place']}", "dim"), text(about(probe), "dim"))
        grid.add_row(text(probe["family"], "dim"), name, what)
    with console.capture() as captured:
        console.print(grid)
    emit(captured.get(), stream)


def print_contradictions(console: Console, hosts: Iterable[Mapping[str, Any]]) -> None:
    """Print the controls that an attack contradicts, before everything else; nothing where there is none."""
    rows = [(host, result) for host in hosts for result in contradicted(host)]
    if not rows:
        return
    console.print()
    console.print(Rule(Text(f"{HEADING}: {len(rows)}", "bold red reverse"), align="left", style="red"))
    console.print(Text(MEANING, "red"))
    grid = Table.grid(padding=(0, 2, 0, 0))
    for host, result in rows:
        lines: list[RenderableType] = [
            text(result.get("title"), "bold").append(text(f"  {result.get('id')} on {host['name']}", "dim")),
            text(f"by configuration {result.get('verdict')}: {result.get('reason')}", "dim"),
            *(
                text(f"by attack: {one.get('id')} succeeded: {one.get('detail')}", "red")
                for one in proofs(result)
            ),
        ]
        severity = severity_of(result)
        grid.add_row(text(result.get("number"), limit=20), Text(severity, STYLES[severity]), Group(*lines))
    console.print(Padding(grid, (0, 0, 0, 2)))


def print_attacks(console: Console, host: Mapping[str, Any], *, only_failing: bool = False) -> None:
    """Print what attacks on a host came to; nothing where none were made."""
    probes = probes_of(host)
    if not probes:
        return
    console.print()
    heading = Text("Attacks", "bold underline").append(f"  {counts_of(probes)}", "dim not underline not bold")
    console.print(heading)
    _probes(console, probes if not only_failing else [one for one in probes if outcome_of(one) != "blocked"])


def _probes(console: Console, probes: Iterable[Mapping[str, Any]]) -> None:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=9)
    grid.add_column(no_wrap=True, min_width=8)
    grid.add_column(overflow="fold")
    for probe in in_order(probes):
        outcome, severity = outcome_of(probe), severity_of(probe)
        name = text(probe.get("id"), "bold", NAME_LENGTH).append(text(f"  {probe.get('detail')}", "not bold"))
        lines: list[RenderableType] = [name]
        if outcome == "succeeded":
            lines = [
                *lines,
                text(probe.get("tries"), "dim"),
                text(f"stopped by: {about(probe) or 'nothing of ours'}", "dim"),
            ]
        style = STYLES[severity] if outcome == "succeeded" else "dim"
        grid.add_row(Text(outcome, COLOURS[outcome]), Text(severity, style), Group(*lines))
    console.print(Padding(grid, (0, 0, 0, 2)))
