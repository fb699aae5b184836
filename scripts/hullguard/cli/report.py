"""`hullguard report`."""

from __future__ import annotations

from pathlib import Path

import click

from hullguard.catalogue import SEVERITIES
from hullguard.cli import options


@click.command(name="report")
@click.argument("saved", type=click.Path(path_type=Path))
@click.option(
    "--before",
    type=click.Path(path_type=Path),
    help="An earlier report: the HTML then shows before and after.",
)
@options.FORMAT
@click.option("--only-failing", is_flag=True, help="Show fails and unknowns only (table).")
@click.option(
    "--fail-on",
    type=click.Choice([*SEVERITIES, "never"]),
    default="never",
    show_default=True,
    help="Least severity of a fail or finding in it that gives a non-zero exit code.",
)
def command(
    saved: Path, before: Path | None, format_: str, output: Path | None, only_failing: bool, fail_on: str
) -> int:
    """Turn SAVED, a JSON report, into another format.

    \b
    Examples:
      hullguard report after.json --before before.json --format html --output report.html
      hullguard report image.json --format sarif --output image.sarif --fail-on high
    """
    from hullguard.audit import exit_code
    from hullguard.cli.output import emit
    from hullguard.errors import InputError
    from hullguard.reports import Options, write_report
    from hullguard.saved import NO_HOSTS, load_report

    document = load_report(saved)
    earlier = load_report(before) if before else None
    if earlier and not (document["hosts"] and earlier["hosts"]):
        raise InputError(NO_HOSTS)
    emit(
        lambda stream: write_report(
            format_, document, stream, Options(before=earlier, only_failing=only_failing)
        ),
        output,
    )
    return exit_code(document, None if fail_on == "never" else fail_on, strict=False)
