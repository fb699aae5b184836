"""`hullguard controls list` and `hullguard controls show`."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from hullguard.catalogue import DEFAULT_BENCHMARK, SEVERITIES, Control, control_paths
from hullguard.cli.options import completed


@click.group(name="controls")
def command() -> None:
    """List and explain the controls.

    \b
    Examples:
      hullguard controls list --severity critical
      hullguard controls list --format json
      hullguard controls show userns_remap
    """


@command.command(name="list")
@click.option(
    "--benchmark",
    "-b",
    default=DEFAULT_BENCHMARK,
    show_default=True,
    shell_complete=completed("benchmarks"),
    help="Whose numbers and levels.",
)
@click.option("--family", help="Only this family (containers, daemon, files, ...).")
@click.option("--severity", type=click.Choice(SEVERITIES), help="Only this severity.")
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def list_(benchmark: str, family: str | None, severity: str | None, format_: str) -> None:
    """List the controls of a benchmark, by number.

    \b
    Examples:
      hullguard controls list --family daemon --severity high
      hullguard controls list --benchmark cis_docker_1_6_0 --format json
    """
    from hullguard.catalogue import load_benchmark, load_controls
    from hullguard.errors import unknown_name

    measure = load_benchmark(benchmark)
    controls = load_controls(entry.slug for entry in measure.entries)
    families = {control.family for control in controls.values()}
    if family is not None and family not in families:
        raise unknown_name("family", family, families)
    rows = [
        summary(controls[entry.slug], entry.number, entry.level, entry.automation)
        for entry in measure.entries
        if family in (None, controls[entry.slug].family) and severity in (None, controls[entry.slug].severity)
    ]
    if format_ == "json":
        click.echo(json.dumps(rows, indent=2))
    else:
        table(rows)


def summary(control: Control, number: str, level: int | None, automation: str | None) -> dict[str, Any]:
    """Return a control as one entry of the list: the public form of `controls list --format json`."""
    return {
        "id": control.id,
        "number": number,
        "title": control.title,
        "family": control.family,
        "severity": control.severity,
        "level": level,
        "automation": automation,
        "fixed_by": control.fixed_by,
    }


def table(rows: list[dict[str, Any]]) -> None:
    """Print the rows for people."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, options in (
        ("number", {}),
        ("slug", {"overflow": "fold"}),
        ("level", {}),
        ("severity", {}),
        ("title", {"overflow": "fold"}),
        ("fixed by", {}),
    ):
        shown.add_column(name, **options)  # type: ignore[arg-type]
    for row in rows:
        shown.add_row(
            row["number"],
            row["id"],
            str(row["level"] or ""),
            row["severity"],
            row["title"],
            row["fixed_by"] or "",
        )
    console = Console(width=None if sys.stdout.isatty() else 160, markup=False)
    console.print(shown)
    console.print(f"{len(rows)} controls. `hullguard controls show SLUG` explains one.")


@command.command(name="show")
@click.argument(
    "slug",
    shell_complete=lambda _c, _p, start: sorted(name for name in control_paths() if name.startswith(start)),
)
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def show(slug: str, format_: str) -> None:
    """Explain the control SLUG: why, how it is checked, how to get there, what it can break.

    \b
    Example:
      hullguard controls show userns_remap
    """
    from dataclasses import asdict

    from hullguard.catalogue import find_control, load_benchmark, names

    control = find_control(slug)
    places = {
        name: [entry.number for entry in load_benchmark(name).entries if entry.slug == control.id]
        for name in names("benchmarks")
    }
    if format_ == "json":
        click.echo(
            json.dumps(
                {**asdict(control), "fixed_by": control.fixed_by, "benchmarks": places},
                indent=2,
                default=list,
            )
        )
        return
    import yaml

    check = yaml.safe_dump(dict(control.check), sort_keys=False).strip()
    numbers = "\n".join(f"{name}: {', '.join(found)}" for name, found in places.items() if found)

    parts = [
        ("severity", control.severity),
        ("why", control.why),
        ("check", check),
        ("fix", control.fix_text),
        ("may break", control.breaks),
        ("applies when", control.applies),
        ("numbers", numbers),
        ("references", "\n".join(control.references)),
        ("formerly", ", ".join(control.aliases)),
    ]
    click.secho(f"{control.family}/{control.id}", bold=True)
    click.echo(control.title)
    for name, text in parts:
        if text:
            click.echo(f"\n{name}:")
            click.echo(
                click.wrap_text(str(text), 100, "  ", "  ", preserve_paragraphs=False)
                if name in ("why", "may break")
                else _indented(str(text))
            )


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.splitlines())
