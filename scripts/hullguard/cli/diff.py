"""`hullguard diff`."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import click

from hullguard.cli import options


@click.command(name="diff")
@click.argument("before", type=click.Path(path_type=Path))
@click.argument("after", type=click.Path(path_type=Path))
@options.MEASURE
@options.FORMAT
@click.option(
    "--fail-on-drift",
    is_flag=True,
    help="A changed configuration gives a non-zero exit code too, whether or not a control breaks.",
)
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
    fail_on_drift: bool,
) -> int:
    """Tell what changed between BEFORE and AFTER: fixed, broken, changed; what drifted, since when.

    Each is an evidence file, a folder of them, a run's folder, or a JSON report; evidence is judged by
    --profile first. BEFORE may be a folder of runs, such as reports/: then each host is compared with its
    last run before AFTER in which it was seen. The exit code is 0 unless something is broken that was not:
    then it goes by the worst severity, as for audit.

    \b
    Examples:
      hullguard diff before.json after.json
      hullguard diff reports/monday/evidence reports/friday/evidence --format html -o week.html
      hullguard diff reports reports/20261127T060000Z --fail-on-drift
    """
    from hullguard.audit import EXIT_CODES, EXIT_UNKNOWN
    from hullguard.catalogue import SEVERITIES
    from hullguard.cli.output import emit
    from hullguard.diff import diff, with_drift
    from hullguard.drift.compare import configured
    from hullguard.errors import InputError
    from hullguard.reports import write_diff
    from hullguard.runs import load_side
    from hullguard.saved import NO_HOSTS

    plan = cache(lambda: options.make_plan(profile, benchmark, waivers, only, skip))

    later = load_side(after, plan, options.now())
    earlier = load_side(before, plan, options.now(), later)
    if any(side.report.get("scans") and not side.report["hosts"] for side in (earlier, later)):
        raise InputError(NO_HOSTS)
    document = diff(earlier.report, later.report, options.now())
    if earlier.evidence is not None and later.evidence is not None:
        document = with_drift(document, earlier.evidence, later.evidence, plan().controls)
    emit(lambda stream: write_diff(format_, document, stream), output)
    broken = {
        change["severity"]
        for host in document["hosts"]
        for change in host["changes"]
        if change["kind"] == "broken"
    }
    drifted = any(configured(host.get("drift") or []) for host in document["hosts"])
    lowest = EXIT_UNKNOWN if fail_on_drift and drifted else 0
    return max((EXIT_CODES[severity] for severity in SEVERITIES if severity in broken), default=lowest)
