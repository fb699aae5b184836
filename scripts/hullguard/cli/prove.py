"""`hullguard prove`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hullguard.catalogue import DEFAULT_PROFILE
from hullguard.cli import options

WHAT = options.together(
    click.option("--host", "-H", metavar="unix:///PATH",
                 help="The engine's socket. [default: DOCKER_HOST, or unix:///var/run/docker.sock]"),
    click.option("--only", multiple=True, metavar="NAME",
                 help="Only probes of this id, family, control or role; may be repeated."),
    click.option("--include-heavy", "heavy", is_flag=True,
                 help="Also use up processes, memory, files and disk, up to a ceiling."),
    click.option("--profile", "-p", default=DEFAULT_PROFILE, show_default=True,
                 shell_complete=options.completed("profiles"),
                 help="Whose docker_group_allowed says who may use the engine."),
    click.option("--name", metavar="NAME",
                 help="What the host is called in the result. [default: its host name]"),
    click.option("--list", "listed", is_flag=True, help="List the probes and attack nothing."),
    click.option("--patience", type=click.FloatRange(1, 60), default=1.0, show_default=True, metavar="FACTOR",
                 help="Multiply every limit of time, for a slow or busy host."),
    click.option("--clean", is_flag=True, help="Remove what runs that were killed have left, and end."),
)  # fmt: skip
JOIN = options.together(
    click.option("--report", "saved", type=click.Path(path_type=Path, dir_okay=False), metavar="REPORT.json",
                 help="Join with this audit's JSON report: each control by configuration and by attack."),
    click.option("--from", "documents", multiple=True, metavar="PROVE.json",
                 type=click.Path(path_type=Path, dir_okay=False),
                 help="Attack nothing: read a saved result; with --report may be repeated, one per host."),
    click.option("--waivers", "-w", type=click.Path(path_type=Path),
                 help="YAML file of accepted risks, each with a last day."),
)  # fmt: skip


@click.command(name="prove")
@WHAT
@JOIN
@options.FORMAT
@options.GATE
def command(
    host: str | None, only: tuple[str, ...], heavy: bool, profile: str, name: str | None,
    patience: float, listed: bool, clean: bool,
    saved: Path | None, documents: tuple[Path, ...], waivers: Path | None,
    format_: str, output: Path | None, fail_on: str, strict: bool,
) -> int:  # fmt: skip
    """Attack this host from throwaway containers, and say what was blocked.

    \b
    Examples:
      sudo hullguard prove
      sudo hullguard prove --only userns_remap --only network
      sudo hullguard prove --format json --output prove.json
      hullguard prove --from prove.json --report audit.json --format html --output both.html

    Existing containers, images and data are left alone, and nothing is left behind. Each probe is blocked,
    succeeded, or unknown. The containers have the engine's defaults: what succeeds there, any container may
    do. A control that its configuration meets and whose attack succeeds is contradicted: with --report that
    is a finding, and comes first.
    """
    from hullguard.cli.output import emit

    if listed:
        emit(lambda stream: _list(only, format_, stream), output)
        return 0
    if clean:
        return _clean(host)
    found = _saved(documents) if documents else [_attack(host, only, profile, name, patience, heavy=heavy)]
    if saved is None and len(found) != 1:
        raise click.UsageError("Several results need --report, which holds their hosts.")
    report, notes = _report(found, saved, waivers)
    from hullguard.audit import exit_code
    from hullguard.cli.output import note

    for line in notes:
        note(line)
    emit(lambda stream: _write(format_, report, None if saved else found[0], stream), output)
    return exit_code(report, None if fail_on == "never" else fail_on, strict=strict)


def _attack(
    host: str | None, only: tuple[str, ...], profile: str, name: str | None, patience: float, *, heavy: bool
) -> dict[str, Any]:
    """Carry out the battery and return its document."""
    import signal
    import time

    from hullguard.catalogue import load_profile
    from hullguard.cli.output import note, progress
    from hullguard.errors import InputError
    from hullguard.prove import battery, document, run

    engine = _engine(host, patience)
    chosen = battery.select(only, heavy=heavy)
    if not chosen:
        raise InputError(f"{', '.join(only)}: these probes use up resources; say --include-heavy as well.")
    allowed = load_profile(profile).params["docker_group_allowed"]
    signal.signal(signal.SIGTERM, _interrupted)
    began = time.monotonic()
    version = run.version(engine)
    found = run.carry_out(engine, chosen, allowed, progress, note, patience)
    return document.make(chosen, found, version, options.now(), time.monotonic() - began, name)


def _interrupted(_number: int, _frame: Any) -> None:
    raise KeyboardInterrupt


def _clean(host: str | None) -> int:
    from hullguard.cli.output import note
    from hullguard.prove import run

    removed = run.clean(_engine(host))
    for line in removed:
        note(f"removed: {line}")
    note(f"{len(removed)} things of earlier runs removed" if removed else "nothing of earlier runs was there")
    return 0


def _engine(host: str | None, patience: float = 1.0) -> Any:
    from hullguard.prove.engine import SECONDS, Engine
    from hullguard.watch.engine import socket_path

    return Engine(socket_path(host, "prove"), patience * SECONDS)


def _saved(paths: tuple[Path, ...]) -> list[dict[str, Any]]:
    from hullguard.prove import document

    return [document.load(path) for path in paths]


def _report(
    found: list[dict[str, Any]], saved: Path | None, waivers: Path | None
) -> tuple[dict[str, Any], list[str]]:
    """Return the report, alone or joined, and what is to be said beside it."""
    from hullguard.prove import document, join
    from hullguard.saved import load_report
    from hullguard.scanners.finding import fingerprinted, from_json, to_json
    from hullguard.scanners.report import Measure

    name = found[0]["host"]["name"] if len(found) == 1 else ""
    measure = Measure.make(waivers, None, None, None, options.today(), name)
    if saved is None:
        rows = [to_json(one) for one in measure.judge(fingerprinted(document.findings(found[0])))]
        return document.report(found[0], rows), measure.notes
    report = join.joined(load_report(saved), found)
    own = [row for row in report["findings"] if row["tool"] == document.TOOL]
    judged = [to_json(one) for one in measure.judge([from_json(row) for row in own])]
    rest = [row for row in report["findings"] if row["tool"] != document.TOOL]
    return {**report, "findings": [*judged, *rest]}, measure.notes


def _write(format_: str, report: dict[str, Any], alone: dict[str, Any] | None, stream: Any) -> None:
    import json

    from hullguard.reports import Options, write_report

    if alone is not None and format_ == "json":
        stream.write(json.dumps(alone, indent=2, sort_keys=True) + "\n")
    elif alone is not None and format_ == "table":
        from hullguard.reports.table_attacks import write  # late: JSON does without rich

        write(alone, stream)
    else:
        write_report(format_, report, stream, Options())


def _list(only: tuple[str, ...], format_: str, stream: Any) -> None:
    import json

    from hullguard.prove import battery

    chosen = battery.select(only, heavy=True)
    if format_ == "json":
        stream.write(json.dumps([battery.described(probe) for probe in chosen], indent=2) + "\n")
    elif format_ == "table":
        from hullguard.reports.table_attacks import write_list

        write_list([battery.described(probe) for probe in chosen], stream)
    else:
        raise click.UsageError("--list has the formats table and json.")
