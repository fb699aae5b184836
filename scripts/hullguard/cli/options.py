"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from hullguard.catalogue import (
    DEFAULT_BENCHMARK,
    DEFAULT_PROFILE,
    SEVERITIES,
    Profile,
    load_benchmark,
    load_profile,
    names,
)
from hullguard.reports import FORMATS

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def completed(kind: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    """Return a shell completion of shipped names: `benchmarks` or `profiles`."""
    return lambda _ctx, _param, start: [name for name in names(kind) if name.startswith(start)]


def together(*decorators: Decorator) -> Decorator:
    """Return one decorator that applies several, in the order they are shown in --help."""

    def apply(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


FORMAT = together(
    click.option(
        "--format",
        "format_",
        type=click.Choice(list(FORMATS)),
        default="table",
        show_default=True,
        help="Form of the result.",
    ),
    click.option(
        "--output",
        "-o",
        type=click.Path(path_type=Path),
        help="Write to this file (mode 0600, replaced whole) in place of standard output.",
    ),
)
MEASURE = together(
    click.option(
        "--profile",
        "-p",
        default=DEFAULT_PROFILE,
        show_default=True,
        shell_complete=completed("profiles"),
        help="Which controls are on: a shipped profile, or a .yml file of your own.",
    ),
    click.option(
        "--benchmark",
        "-b",
        default=DEFAULT_BENCHMARK,
        show_default=True,
        shell_complete=completed("benchmarks"),
        help="Whose numbers the report carries.",
    ),
    click.option(
        "--waivers",
        "-w",
        type=click.Path(path_type=Path),
        help="YAML file of accepted risks, each with a last day.",
    ),
    click.option("--only", multiple=True, metavar="SLUG", help="Judge only this control; may be repeated."),
    click.option("--skip", multiple=True, metavar="SLUG", help="Leave this control out; may be repeated."),
)
GATE = together(
    click.option(
        "--fail-on",
        type=click.Choice([*SEVERITIES, "never"]),
        default="low",
        show_default=True,
        help="Least severity of a fail that gives a non-zero exit code.",
    ),
    click.option(
        "--strict", is_flag=True, help="What could not be seen (unknown) gives a non-zero exit code too."
    ),
)


def make_plan(
    profile: str, benchmark: str, waivers: Path | None, only: tuple[str, ...], skip: tuple[str, ...]
) -> Any:
    """Return the audit's plan from the options. Raises InputError for any unknown name or broken file."""
    from dataclasses import replace

    from hullguard.audit import Plan
    from hullguard.catalogue import find_control
    from hullguard.cli.output import note
    from hullguard.waivers import load, standing

    chosen, measure = load_profile(profile), load_benchmark(benchmark)
    wanted, unwanted = ({find_control(slug).id for slug in slugs} for slugs in (only, skip))
    if wanted:
        every = {entry.slug for entry in measure.entries} | chosen.enable
        chosen = replace(chosen, enable=frozenset(wanted), disable=frozenset(every - wanted))
    if unwanted:
        chosen = _without(chosen, unwanted)
    today = datetime.now(UTC).date()
    accepted = load(waivers, today) if waivers else []
    for line in standing(accepted, today):
        note(line)
    return Plan.make(measure, chosen, accepted, today)


def _without(profile: Profile, slugs: set[str]) -> Profile:
    from dataclasses import replace

    return replace(profile, enable=profile.enable - slugs, disable=profile.disable | slugs)


def scanners(_ctx: click.Context, _param: click.Parameter, start: str) -> list[str]:
    """Return a shell completion of scanners' names."""
    from hullguard.scanners import NAMES

    return [name for name in NAMES if name.startswith(start)]


def today() -> date:
    """Return the present day in UTC."""
    return datetime.now(UTC).date()


def now() -> str:
    """Return the present time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
