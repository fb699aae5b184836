"""`hullguard diff`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import click

from hullguard.cli import options


@click.command(name="diff")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@options.MEASURE
@options.FORMAT
def command(
    before: Path,
    after: Path,
    profile: str,
    benchmark: str,
    waivers: Path | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    format_: str,
    output: Path | None,
) -> int:
    """Tell what changed between BEFORE and AFTER: fixed, broken, changed.

    Each is an evidence file, a folder of them, or a JSON report; evidence is judged by --profile first. The
    exit code is 0 unless something is broken that was not: then it goes by the worst severity, as for audit.

    \b
    Examples:
      hullguard diff before.json after.json
      hullguard diff reports/monday/evidence reports/friday/evidence --format html -o week.html
    """
    from hullguard.audit import EXIT_CODES
    from hullguard.catalogue import SEVERITIES
    from hullguard.cli.output import emit
    from hullguard.diff import diff
    from hullguard.errors import InputError
    from hullguard.reports import write_diff
    from hullguard.saved import NO_HOSTS, load_report_or_evidence

    plan = cache(lambda: options.make_plan(profile, benchmark, waivers, only, skip))

    def judged(path: Path) -> dict[str, Any]:
        return load_report_or_evidence(path, plan, options.now())

    earlier, later = judged(before), judged(after)
    if any(report.get("scans") and not report["hosts"] for report in (earlier, later)):
        raise InputError(NO_HOSTS)
    document = diff(earlier, later, options.now())
    emit(lambda stream: write_diff(format_, document, stream), output)
    broken = {
        change["severity"]
        for host in document["hosts"]
        for change in host["changes"]
        if change["kind"] == "broken"
    }
    return max((EXIT_CODES[severity] for severity in SEVERITIES if severity in broken), default=0)
