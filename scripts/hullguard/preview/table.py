"""A preview for a terminal, or for the log of a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from hullguard.preview.view import (
    Group,
    change_text,
    configuration_lines,
    grouped,
    known,
    restart_text,
    steps,
)
from hullguard.reports.table_parts import NAME_LENGTH, STYLES, console_for, emit, print_line, text
from hullguard.reports.vocabulary import moment

NAMES_SHOWN = 10
RISKS = {"unknown": STYLES["unknown"], "high": STYLES["critical"], "medium": STYLES["medium"], "low": "dim"}


def write(document: Mapping[str, Any], stream: TextIO) -> None:
    """Write one preview: coloured on a terminal, plain in a pipe."""
    console = console_for(stream, None)
    with console.capture() as captured:
        for host in document["hosts"]:
            _host(console, host)
        console.print()
        console.print(Text.assemble("Risk of it all: ", (document["risk"], RISKS[document["risk"]])))
    emit(captured.get(), stream)


def _host(console: Console, host: Mapping[str, Any]) -> None:
    console.print()
    console.print(Rule(text(host["name"], "bold"), align="left", style="dim"))
    engine = f"Docker {host['engine']}" if host["engine"] else "no engine seen"
    print_line(console, engine, f"evidence of {moment(host['collected_at'])}", f"profile {host['profile']}")
    print_line(console, f"risk {host['risk']}", f"roles {', '.join(host['roles'])}")
    for reason in host["unseen"]:
        _line(console, 0, ("NOT SEEN ", STYLES["unknown"]), reason)
    for refusal in host["refusals"]:
        names = f": {_names(refusal['objects'])}" if refusal["objects"] else ""
        _line(console, 0, (f"REFUSED by {refusal['role']} ", STYLES["fail"]), f"{refusal['reason']}{names}")
    console.print()
    _line(console, 0, ("Engine  ", "bold underline"), restart_text(host))
    for group in grouped(host["restart"]["effects"]):
        _group(console, group)
    if difference := configuration_lines(host["daemon_json"]):
        _line(console, 2, ("", ""), host["daemon_json"]["path"])
        for line in difference:
            _line(console, 4, ("", ""), line)
    console.print()
    _line(console, 0, ("Controls", "bold underline"), "")
    for row in steps(host):
        _line(
            console,
            0,
            (f"{row['risk']:<7} ", RISKS[row["risk"]]),
            f"{row['id']}  {row['title']} ({row['role']})",
        )
        for change in row["changes"]:
            _line(console, 4, ("", ""), change_text(change))
        for group in grouped(row["effects"]):
            _group(console, group)
    for row in host["controls"]:
        if not row["planned"]:
            needs = f"left alone without {', '.join(row['needs'])}: {row['breaks']}"
            _line(console, 0, ("-       ", "dim"), f"{row['id']}  {needs}")
            for group in grouped(known(row)):
                _group(console, group)


def _group(console: Console, group: Group) -> None:
    detail = f": {group.detail}" if group.detail else ""
    _line(console, 4, (f"{group.lead}: ", RISKS[group.risk]), f"{group.kind} {_names(group.names)}{detail}")


def _names(names: Iterable[str]) -> str:
    listed = list(names)
    more = len(listed) - NAMES_SHOWN
    return ", ".join(listed[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _line(console: Console, indent: int, lead: tuple[str, str], rest: object) -> None:
    line = Text(lead[0], lead[1]).append_text(text(rest, limit=8 * NAME_LENGTH))
    console.print(Padding(line, (0, 0, 0, indent)), overflow="fold")
