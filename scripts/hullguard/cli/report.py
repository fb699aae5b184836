"""`hullguard report`."""

from __future__ import annotations

from pathlib import Path

import click

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
def command(saved: Path, before: Path | None, format_: str, output: Path | None, only_failing: bool) -> None:
    """Turn SAVED, a JSON report, into another format.

    \b
    Example:
      hullguard report after.json --before before.json --format html --output report.html
    """
    from hullguard.cli.output import emit
    from hullguard.reports import Options, write_report
    from hullguard.saved import load_report

    document = load_report(saved)
    earlier = load_report(before) if before else None
    emit(
        lambda stream: write_report(
            format_, document, stream, Options(before=earlier, only_failing=only_failing)
        ),
        output,
    )
