"""`hullguard bench`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import click

from hullguard.catalogue import DEFAULT_PROFILE
from hullguard.cli import options

if TYPE_CHECKING:
    from hullguard.bench import Row
    from hullguard.scanners.docker_bench import Check


@click.command(name="bench")
@click.option(
    "--path",
    type=click.Path(path_type=Path, file_okay=False),
    help="A checkout of docker-bench-security. [default: $DOCKER_BENCH_DIR]",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Read this JSON log of an earlier run (FILE.json of its -l FILE) and run nothing.",
)
@click.option("--compare", is_flag=True, help="Put our verdicts beside its own.")
@click.option(
    "--evidence",
    "-e",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --compare: judge this evidence of the same host, in place of collecting it now.",
)
@click.option(
    "--profile",
    "-p",
    default=DEFAULT_PROFILE,
    show_default=True,
    shell_complete=options.completed("profiles"),
    help="With --compare: by what we judge.",
)
@click.option("--all", "every", is_flag=True, help="Show also where both say the same (table).")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Form of the result.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="Write to this file (mode 0600, replaced whole) in place of standard output.",
)
@click.option("--timeout", type=click.FloatRange(0.1, 36000), default=900.0, show_default=True,
              help="Seconds that it may take.")  # fmt: skip
def command(
    path: Path | None,
    log: Path | None,
    compare: bool,
    evidence: Path | None,
    profile: str,
    every: bool,
    format_: str,
    output: Path | None,
    timeout: float,
) -> int:
    """Run docker-bench-security for a second opinion, by our controls.

    \b
    Examples:
      sudo hullguard bench --path ~/docker-bench-security
      sudo hullguard bench --compare
      hullguard bench --compare --log bench.log.json --evidence host.json --format json

    With --compare the exit code is 0 when each disagreement is a known one, and 10 when there is another.
    Without, it is 0: `hullguard scan host --tool docker-bench` gates by what it warns of.
    """
    from hullguard import bench
    from hullguard.cli.output import emit, note
    from hullguard.reports.sanitize import clean

    if evidence and not compare:
        raise click.UsageError("--evidence is for --compare.")
    if log and path:
        raise click.UsageError("--log reads what an earlier run left, --path runs it: give one of them.")
    ours = _ours(evidence, profile) if compare else None
    checks, version = _theirs(path, log, timeout)
    if ours and evidence and not log and ours["host"] != os.uname().nodename:
        note(f"the evidence is of {clean(ours['host'], 80)!r}, docker-bench-security ran on this host")
    found = (
        bench.compare(checks, ours["results"], bench.differences(), ours["running"])
        if ours
        else bench.rows(checks)
    )
    document = {
        "schema": bench.SCHEMA,
        "generated_at": options.now(),
        "tool": {"name": "docker-bench-security", "version": version},
        "host": ours["host"] if ours else None,
        "rows": [row.shown() for row in found],
    }
    emit(lambda stream: _write(format_, document, found, stream, every, compare), output)
    return 10 if any(row.state == bench.UNEXPLAINED for row in found) else 0


def _theirs(path: Path | None, log: Path | None, timeout: float) -> tuple[Mapping[str, Check], str]:
    """Return its checks and its version. Raises HullguardError."""
    from hullguard.cli.output import progress
    from hullguard.errors import HullguardError, InputError
    from hullguard.scanners import docker_bench, scan, targets
    from hullguard.scanners.base import Rubbish, Settings

    if log:
        try:
            answer = log.read_bytes()
            return docker_bench.checks(answer), docker_bench.BENCHMARK_VERSION
        except OSError as error:
            raise InputError(f"{log}: can't be read: {error.strerror}.") from None
        except (Rubbish, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{log}: no whole JSON log of docker-bench-security: {error}.") from None
    scanner = docker_bench.DockerBench(path)
    progress("running docker-bench-security")
    tool = scan.available([scanner], cached=False)[scanner.name]
    done = scan.one(scanner, tool, targets.host(), Settings(timeout), cached=False)
    if done.status != scan.RAN:
        raise HullguardError(f"docker-bench-security did not run: {done.reason}. {done.get}".strip())
    return docker_bench.checks(done.raw), done.version


def _ours(evidence: Path | None, profile: str) -> dict[str, Any]:
    """Return the host's name, our results by its benchmark, and the names of running containers."""
    from hullguard.audit import host_report
    from hullguard.bench import running
    from hullguard.cli.audit import local
    from hullguard.evidence import load
    from hullguard.scanners.docker_bench import BENCHMARK

    plan = options.make_plan(profile, BENCHMARK, None, (), ())
    facts = load(evidence) if evidence else local(10.0)
    report = host_report(facts, plan)
    return {"host": report["name"], "results": report["results"], "running": running(facts)}


def _write(
    format_: str,
    document: Mapping[str, Any],
    found: Sequence[Row],
    stream: TextIO,
    every: bool,
    compare: bool,
) -> None:
    import json

    if format_ == "json":
        stream.write(json.dumps(document, indent=2, sort_keys=True) + "\n")
        return
    _table(document, found, stream, every, compare)


def _table(
    document: Mapping[str, Any], found: Sequence[Row], stream: TextIO, every: bool, compare: bool
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    from hullguard.bench import SAME, STATES
    from hullguard.reports.sanitize import clean

    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    columns = ["1.6.0", "1.8.0", "control", "docker-bench"]
    columns += ["hullguard", "agreement", "why"] if compare else ["details"]
    for name in columns:
        shown.add_column(name, overflow="fold")
    for row in found:
        if compare and row.state == SAME and not every:
            continue
        told = [row.ours.replace("_", " "), row.state, row.why or clean(row.reason, 120)] if compare else []
        cells = [row.number, row.newer, row.slug, row.theirs, *(told or [clean(row.details, 120)])]
        shown.add_row(*cells)
    console = Console(file=stream, width=None if stream.isatty() else 160, markup=False, highlight=False)
    console.print(shown)
    console.print(f"docker-bench-security {clean(document['tool']['version'])}, {len(found)} controls")
    if compare:
        for state, meaning in STATES.items():
            console.print(f"{sum(row.state == state for row in found):4} {state}: {meaning}")
