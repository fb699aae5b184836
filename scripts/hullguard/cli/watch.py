"""`hullguard watch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hullguard.catalogue import SEVERITIES
from hullguard.cli import options

if TYPE_CHECKING:
    from hullguard.watch.sinks import Sink

EXECS = ("exec_root", "exec_privileged")


WHAT = options.together(
    click.option("--host", "-H", metavar="unix:///PATH",
                 help="The engine's socket. [default: DOCKER_HOST, or unix:///var/run/docker.sock]"),
    click.option("--severity", "-s", type=click.Choice(SEVERITIES), default="high", show_default=True,
                 help="Least severity of a control that a container's start is judged by."),
    click.option("--existing", is_flag=True, help="Judge the containers that run already, too."),
    click.option("--config-file", type=click.Path(),
                 help="The engine's configuration file. [default: the one that the engine was told to read]"),
)  # fmt: skip
HOW = options.together(
    click.option("--format", "format_", type=click.Choice(["json", "text"]),
                 help="Form of an alert. [default: text on a terminal, else json]"),
    click.option("--journald", is_flag=True,
                 help="Send alerts to the systemd journal, not to standard output."),
    click.option("--for", "seconds", type=click.FloatRange(min=0, min_open=True), metavar="SECONDS",
                 help="End after so many seconds."),
    click.option("--fail-on", type=click.Choice([*SEVERITIES, "never"]), default="never", show_default=True,
                 help="Least severity of an alert that gives a non-zero exit code at the end."),
    click.option("--strict", is_flag=True,
                 help="What could not be seen gives a non-zero exit code too."),
)  # fmt: skip


@click.command(name="watch")
@WHAT
@options.MEASURE
@HOW
def command(
    host: str | None, severity: str, profile: str, benchmark: str, waivers: Path | None,
    only: tuple[str, ...], skip: tuple[str, ...], existing: bool, config_file: str | None,
    format_: str | None, journald: bool, seconds: float | None, fail_on: str, strict: bool,
) -> int:  # fmt: skip
    """Print an alert the moment a container starts that breaks a control.

    Also when somebody runs a command as root or with every capability in a container, and when the engine's
    daemon.json changes. Runs on the engine's machine, as root, until it is told to end (SIGTERM, Ctrl-C).

    \b
    Examples:
      sudo "$(command -v hullguard)" watch
      sudo "$(command -v hullguard)" watch --severity critical --waivers waivers.yml
      sudo "$(command -v hullguard)" watch --existing --for 60 --fail-on high --strict
      hullguard watch --host unix:///run/user/1000/docker.sock

    An alert is one line: JSON of schema hullguard/alert/1, or text on a terminal. What could not be looked at
    is an alert as well (`unseen`), and so is an engine that does not answer (`engine_lost`): --strict counts
    both. Health checks of a container are none, nor is what a waiver covers.
    """
    import os
    import socket

    from hullguard.cli.output import note
    from hullguard.watch import engine, journal
    from hullguard.watch.judge import Measure, controls
    from hullguard.watch.service import Watch
    from hullguard.watch.sinks import Alerts

    path = engine.socket_path(host)
    if os.geteuid() != 0:
        note("not run as root: what the kernel and the engine's process say can't be seen")
    plan = options.make_plan(profile, benchmark, waivers, only, skip)
    name = socket.gethostname()
    measure = Measure(controls(plan, severity), plan.profile.params, plan.waivers, name, options.today)
    say = Alerts(_sink(format_, journald), name, lambda: watch.stop())
    watch = Watch(
        engine.Engine(path), measure, _execs(plan), say,
        existing=existing, config_file=config_file, note=note, ready=lambda: _ready(path),
    )  # fmt: skip
    _run(watch, path, seconds)
    journal.tell_systemd("STOPPING")
    if say.broken is not None:
        raise say.broken
    return say.exit_code(None if fail_on == "never" else fail_on, strict=strict)


def _execs(plan: Any) -> dict[str, Any]:
    """Return the controls of commands in containers, whatever the level, but those switched off by name."""
    from hullguard.catalogue import load_controls

    return load_controls(slug for slug in EXECS if slug not in plan.profile.disable)


def _ready(path: str) -> None:
    from hullguard.cli.output import note
    from hullguard.watch.journal import tell_systemd

    note(f"watching {path}")
    tell_systemd("READY")


def _sink(format_: str | None, journald: bool) -> Sink:
    import sys

    from hullguard.watch import journal, sinks

    chosen = format_ or ("text" if sys.stdout.isatty() else "json")
    lines = sinks.as_text(sys.stdout) if chosen == "text" else sinks.as_json(sys.stdout)
    return sinks.as_journal(journal.Journal(), lines) if journald else lines


def _run(watch: Any, path: str, seconds: float | None) -> None:
    """Run the watch until a signal or its time ends it. Raises HullguardError when no engine answers."""
    import http.client
    import signal

    from hullguard.collect import Unseen
    from hullguard.errors import HullguardError

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: watch.stop())
    try:
        watch.run(seconds)
    except (OSError, http.client.HTTPException, Unseen) as error:
        reason = getattr(error, "strerror", None) or error
        raise HullguardError(
            f"No Docker engine answers on {path}: {reason}. Start it, name its socket with "
            "--host unix:///path, or run this as root."
        ) from None
