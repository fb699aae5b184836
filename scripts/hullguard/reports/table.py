"""The table format: what a person reads in a terminal, or in the log of a pipe, at any width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from hullguard.reports.findings import findings_of, scans_of
from hullguard.reports.table_attacks import print_attacks, print_contradictions
from hullguard.reports.table_drift import print_drift
from hullguard.reports.table_findings import print_findings
from hullguard.reports.table_parts import (
    NAME_LENGTH,
    ONLY_IN,
    SHORT,
    STYLES,
    console_for,
    emit,
    objects_grid,
    print_line,
    rows_grid,
    text,
    words,
)
from hullguard.reports.vocabulary import (
    CHANGES,
    LABELS,
    VERDICTS,
    by_family,
    counts_text,
    family_title,
    is_audited,
    moment,
    ordered,
    severity_of,
    tally,
    verdict_of,
)

if TYPE_CHECKING:
    from hullguard.reports import Diff, Options, Report


def write(report: Report, stream: TextIO, options: Options) -> None:
    """Write one report to a stream: coloured on a terminal, plain in a pipe."""
    console = console_for(stream, options.width)
    with console.capture() as captured:
        render(report, console, only_failing=options.only_failing)
    emit(captured.get(), stream)


def write_diff(diff: Diff, stream: TextIO, options: Options) -> None:
    """Write what changed between two reports."""
    console = console_for(stream, options.width)
    with console.capture() as captured:
        render_diff(diff, console)
    emit(captured.get(), stream)


def render(report: Report, console: Console, *, only_failing: bool = False) -> None:
    """Print a report: a fleet's counts, each host by family, what scanners found, what the counts mean."""
    report = ordered(report)
    hosts, findings, scans = report["hosts"], findings_of(report), scans_of(report)
    measure = (report["benchmark"].get("title"), report.get("profile")) if hosts or not scans else ()
    print_line(console, words(report["tool"], "name", "version"), *measure)
    print_contradictions(console, hosts)
    if len(hosts) > 1:
        console.print()
        console.print(_fleet(hosts))
    for host in hosts:
        _host(console, host, only_failing)
        print_attacks(console, host, only_failing=only_failing)
    if findings or scans:
        print_findings(console, findings, scans, only_failing)
    if hosts or not scans:
        _totals(console, hosts)


def render_diff(diff: Diff, console: Console) -> None:
    """Print what changed, host by host: broken first, then fixed, then the rest."""
    diff = ordered(diff)
    print_line(console, "Before", *_run(diff["before"]))
    print_line(console, "After ", *_run(diff["after"]))
    for host in diff["hosts"]:
        console.print()
        console.print(Rule(text(host["name"], "bold"), align="left", style="dim"))
        if host.get("only_in"):
            console.print(
                text(f"Only in the {ONLY_IN.get(host['only_in'], 'one')} report: nothing to compare.")
            )
            continue
        console.print(_before_after(host["summary_before"], host["summary_after"]))
        if not host["changes"]:
            console.print(Text("No verdict changed."))
        for kind, meaning in CHANGES.items():
            if changes := [change for change in host["changes"] if change["kind"] == kind]:
                heading = Text.assemble((f"{kind} {len(changes)}", STYLES[kind]), (f"  {meaning}", "dim"))
                console.print()
                console.print(heading)
                console.print(Padding(rows_grid(map(_change_row, changes), verdict_width=14), (0, 0, 0, 2)))
        print_drift(console, host, diff["before"].get("collected_at"))


def _host(console: Console, host: Mapping[str, Any], only_failing: bool) -> None:
    console.print()
    console.print(Rule(text(host["name"], "bold"), align="left", style="dim"))
    if is_audited(host):
        engine = f"Docker {host['engine']}" if host.get("engine") else "no engine seen"
        print_line(console, engine, host.get("os"), f"evidence of {moment(host['collected_at'])}")
    else:
        console.print(Text("NOT AUDITED: this host gave no evidence. Nothing is known about it.", "bold red"))
    if errors := host.get("errors"):
        console.print(Text(f"Could not be seen ({len(errors)}):", "magenta"))
        for error in errors:
            line = text(error.get("what"), limit=NAME_LENGTH).append(": ").append(text(error.get("reason")))
            console.print(Padding(line, (0, 0, 0, 2)), overflow="fold")
    shown = [result for result in host["results"] if not only_failing or verdict_of(result) == "fail"]
    if is_audited(host) and not shown:
        console.print(Text("Nothing fails."))
    for family, results in by_family(shown).items():
        everything = [result for result in host["results"] if str(result.get("family", "")) == family]
        heading = Text.assemble(
            (family_title(family), "bold underline"), (f"  {counts_text(tally(everything))}", "dim")
        )
        console.print()
        console.print(heading)
        console.print(Padding(rows_grid(map(_result_row, results)), (0, 0, 0, 2)))


def _result_row(result: Mapping[str, Any]) -> tuple[RenderableType, ...]:
    verdict, severity = verdict_of(result), severity_of(result)
    about: list[RenderableType] = [text(result.get("title"))]
    if verdict in ("fail", "unknown", "waived"):
        about.append(text(result.get("reason"), "dim"))
    if verdict == "waived" and (waiver := result.get("waiver")):
        about.append(
            text(f"until {waiver.get('expires')}, owner {waiver.get('owner')}: {waiver.get('reason')}", "dim")
        )
    if verdict in ("fail", "waived"):
        about.append(objects_grid(result.get("objects") or []))
    severity_style = STYLES[severity] if verdict == "fail" else "dim"
    return (
        text(result.get("number"), limit=20),
        Text(SHORT[verdict], STYLES[verdict]),
        Text(severity, severity_style),
        Group(*about),
    )


def _change_row(change: Mapping[str, Any]) -> tuple[RenderableType, ...]:
    before, after = (verdict_of({"verdict": change.get(key)}) for key in ("before", "after"))
    verdicts = Text.assemble((SHORT[before], STYLES[before]), " → ", (SHORT[after], STYLES[after]))
    about: list[RenderableType] = [text(change.get("title"))]
    if after in ("fail", "unknown"):
        about.append(text(change.get("reason_after"), "dim"))
    if after == "fail":
        about.append(objects_grid(change.get("objects") or []))
    return text(change.get("number"), limit=20), verdicts, Text(severity_of(change), "dim"), Group(*about)


def _fleet(hosts: list[Mapping[str, Any]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("host", overflow="fold")
    for verdict in VERDICTS:
        table.add_column(SHORT[verdict], justify="right")
    for host in hosts:
        counts = tally(host["results"])
        cells = [Text(str(n), STYLES[v] if n else "dim") for v, n in counts.items()]
        name = text(host["name"], limit=NAME_LENGTH)
        if not is_audited(host):
            name, cells = name.append(" NOT AUDITED", "bold red"), [Text("-", "dim") for _ in VERDICTS]
        table.add_row(name, *cells)
    return table


def _totals(console: Console, hosts: list[Mapping[str, Any]]) -> None:
    counts = tally(result for host in hosts for result in host["results"])
    audited = sum(map(is_audited, hosts))
    scope = f"{sum(counts.values())} results on {audited} host{'' if audited == 1 else 's'}"
    missed = len(hosts) - audited
    console.print()
    console.print(
        Rule(Text(scope + (f", {missed} not audited" if missed else ""), "bold"), align="left", style="dim")
    )
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True)
    grid.add_column()
    for verdict, meaning in VERDICTS.items():
        grid.add_row(str(counts[verdict]), Text(LABELS[verdict], STYLES[verdict]), Text(meaning, "dim"))
    console.print(grid)


def _before_after(before: Mapping[str, int], after: Mapping[str, int]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("")
    for verdict in VERDICTS:
        table.add_column(SHORT[verdict], justify="right")
    for name, counts in (("before", before), ("after", after)):
        table.add_row(name, *(Text(str(counts.get(v, 0)), STYLES[v]) for v in VERDICTS))
    return table


def _run(run: Mapping[str, Any]) -> tuple[object, ...]:
    benchmark = run.get("benchmark")
    title = benchmark.get("title") if isinstance(benchmark, Mapping) else benchmark
    return moment(run.get("collected_at")), title, run.get("profile")
