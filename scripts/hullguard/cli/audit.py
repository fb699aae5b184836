"""`hullguard audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from hullguard.cli import options
from hullguard.cli import preview as previews


@click.command(name="audit")
@click.option(
    "--evidence",
    "-e",
    type=click.Path(path_type=Path),
    help="Judge this evidence file, or every *.json of a folder, in place of this host.",
)
@options.MEASURE
@options.FORMAT
@click.option("--only-failing", is_flag=True, help="Show fails and unknowns only (table).")
@options.GATE
@previews.OPTIONS
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=10.0,
    show_default=True,
    help="Seconds that one answer of the engine may take.",
)
def command(
    evidence: Path | None,
    profile: str,
    benchmark: str,
    waivers: Path | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    format_: str,
    output: Path | None,
    only_failing: bool,
    fail_on: str,
    strict: bool,
    timeout: float,
    preview: str | None,
    **_of_previews: Any,
) -> int:
    """Judge this host, or evidence collected elsewhere, and report.

    \b
    Examples:
      sudo hullguard audit
      sudo hullguard audit --profile cis_level1 --only-failing
      hullguard audit --evidence reports/today/evidence --format html --output fleet.html
      hullguard audit --evidence host.json --only userns_remap --fail-on critical
      hullguard audit --evidence host.json --preview cis_level2 --role docker_userns --fail-on-risk high

    Six verdicts: pass, fail, not_applicable, manual (a person must attest), waived, unknown (not seen).
    """
    from hullguard.audit import exit_code, report
    from hullguard.cli.output import emit, note, progress
    from hullguard.evidence import load_all
    from hullguard.reports import Options, write_report
    from hullguard.waivers import unused

    context = click.get_current_context()
    previews.check(context, preview=preview is not None)
    if preview is not None:
        return previews.run(context, load_all(evidence) if evidence else [local(timeout)])
    plan = options.make_plan(profile, benchmark, waivers, only, skip)
    documents = load_all(evidence) if evidence else [local(timeout)]
    document = report(documents, plan, options.now(), lambda host: progress(f"judging {host}"))
    for line in unused([w for w in plan.waivers if w.control], plan.used, plan.today):
        note(line)
    emit(lambda stream: write_report(format_, document, stream, Options(only_failing=only_failing)), output)
    return exit_code(document, None if fail_on == "never" else fail_on, strict=strict)


def local(timeout: float) -> dict[str, Any]:
    """Return this host's evidence. Raises HullguardError when there is no engine to judge."""
    from hullguard import collect
    from hullguard.cli.output import note, progress
    from hullguard.errors import HullguardError

    progress("collecting evidence")
    found: dict[str, Any] = collect.collect(timeout=timeout)
    engines = found["engines"]
    if not any(engine["reachable"] or engine["process"] for engine in engines):
        reasons = "; ".join(error["reason"] for error in found["errors"] if error["what"].endswith(".engine"))
        raise HullguardError(
            f"No Docker engine answers here: {reasons}. Start it, name its socket with "
            "DOCKER_HOST=unix:///path, run as root, or judge collected evidence with --evidence."
        )
    for error in found["errors"]:
        note(f"not seen: {error['what']}: {error['reason']}")
    return found
