"""The JUnit format for CI: a test suite per host, and one per scanner and target.

A fail is a failure, and so is a finding that a gate stops for. What could not be seen is an error. What does
not apply, needs a person, is accepted, has time left or did not run is skipped, with the reason: none of them
counts as passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from hullguard.audit import counts
from hullguard.reports.findings import (
    NOT_RUN,
    RAN,
    due_text,
    findings_of,
    instant,
    package_text,
    place_text,
    scan_text,
    scans_of,
    thing_text,
    waiver_text,
)
from hullguard.reports.junit_xml import ERROR, FAILURE, SKIPPED, Case, Outcome, Suite, emit
from hullguard.reports.sanitize import clean
from hullguard.reports.vocabulary import is_audited, ordered, severity_of, verdict_of

if TYPE_CHECKING:
    from hullguard.reports import Diff, Options, Report


def write(report: Report, stream: TextIO, options: Options) -> None:
    """Write one report."""
    report = ordered(report)
    when = instant(report.get("generated_at"))
    suites = [_host(host) for host in report["hosts"]]
    suites += _scanned(findings_of(report), scans_of(report))
    emit("hullguard", suites, when, stream)


def write_diff(diff: Diff, stream: TextIO, options: Options) -> None:
    """Write what changed: a test case per verdict that is another than before."""
    diff = ordered(diff)
    suites = [_changes(host) for host in diff["hosts"]]
    emit("hullguard diff", suites, instant(diff.get("generated_at")), stream)


def _outcome(verdict: str, message: str, severity: str) -> Outcome | None:
    if verdict == "fail":
        return Outcome(FAILURE, message, severity)
    if verdict == "unknown":
        return Outcome(ERROR, f"not seen: {message}", "unknown")
    return None if verdict == "pass" else Outcome(SKIPPED, f"{verdict.replace('_', ' ')}: {message}", verdict)


def _host(host: Mapping[str, Any]) -> Suite:
    name = str(host["name"])
    cases = [
        Case(
            f"{result.get('number') or ''} {result.get('id')}".strip(),
            f"{clean(name, 120)}.{result.get('family')}",
            _outcome(
                verdict_of(result),
                waiver_text(result.get("waiver")) or str(result.get("reason") or ""),
                severity_of(result),
            ),
            _explanation(result),
        )
        for result in host["results"]
    ]
    if not is_audited(host):
        reason = "; ".join(f"{e.get('what')}: {e.get('reason')}" for e in host.get("errors") or ())
        cases.append(Case("evidence", name, Outcome(ERROR, reason or "none", "no evidence")))
    unseen = [f"{error.get('what')}: {error.get('reason')}" for error in host.get("errors") or ()]
    return Suite(name, cases, [("could not be seen", text) for text in unseen])


def _explanation(result: Mapping[str, Any]) -> str:
    lines = [str(result.get("title") or ""), str(result.get("reason") or "")]
    lines += [
        f"- {thing_text(thing)}" + (f": {clean(thing['detail'], 400)}" if thing.get("detail") else "")
        for thing in result.get("objects") or ()
    ]
    named = (("why", "Why it matters"), ("fix", "How to fix it"), ("breaks", "What it can break"))
    return "\n".join(lines + [f"{title}: {result[key]}" for key, title in named if result.get(key)])


def _scanned(findings: list[dict[str, Any]], scans: list[dict[str, Any]]) -> list[Suite]:
    """A finding goes to the suite of the scan that it is from, as far as names tell, or to one of its own."""
    names = [f"{scan['tool']} on {thing_text(scan['target'])}" for scan in scans]
    cases: dict[str, list[Case]] = {name: [] for name in names}
    for finding in findings:
        thing = finding["object"]
        home = f"{finding['tool']} on {thing_text(thing)}"
        theirs = [
            (scan, name)
            for scan, name in zip(scans, names, strict=True)
            if scan["tool"] == finding["tool"] and scan["status"] == RAN
        ]
        exact = [name for scan, name in theirs if scan["target"].get("name") == thing.get("name")]
        homes = exact or ([theirs[0][1]] if len(theirs) == 1 else [home])
        cases.setdefault(homes[0], []).append(_finding(finding))
    for scan, name in zip(scans, names, strict=True):
        if scan["status"] == NOT_RUN:
            cases[name].append(Case("scan", name, Outcome(SKIPPED, scan_text(scan), NOT_RUN)))
        elif scan["status"] != RAN:
            cases[name].append(Case("scan", name, Outcome(ERROR, scan_text(scan), "unknown")))
        elif not cases[name]:
            cases[name].append(Case(scan_text(scan), name))
    return [Suite(name, found) for name, found in cases.items()]


def _finding(finding: Mapping[str, Any]) -> Case:
    about = [package_text(finding), place_text(finding), due_text(finding)]
    message = "; ".join(
        part for part in [clean(finding["title"], 400) or str(finding.get("id")), *about] if part
    )
    accepted = waiver_text(finding["waiver"]) or due_text(finding)
    outcome = (
        Outcome(FAILURE, message, finding["severity"])
        if counts(finding)
        else Outcome(SKIPPED, f"{finding['state']}: {accepted or 'the policy leaves time'}", finding["state"])
    )
    lines = [message, thing_text(finding["object"]), f"Fix: {finding['fix'] or 'the tool names none'}"]
    lines += [str(reference) for reference in finding["references"] or ()]
    name = " ".join(
        part
        for part in (clean(finding.get("id"), 100), package_text(finding, 60), place_text(finding, 60))
        if part
    )
    return Case(name, f"{finding['tool']}.{finding['kind']}", outcome, "\n".join(lines))


def _changes(host: Mapping[str, Any]) -> Suite:
    name = str(host["name"])
    if host.get("only_in") == "before":
        lost = Outcome(ERROR, "only in the earlier report", "no evidence")
        return Suite(name, [Case("evidence", name, lost)])
    if host.get("only_in"):
        added = Outcome(SKIPPED, "only in the later report: nothing to compare", "added")
        return Suite(name, [Case("evidence", name, added)])
    return Suite(
        name,
        [
            Case(
                f"{change.get('number') or ''} {change.get('id')}: "
                f"{change.get('before')} to {change.get('after')}",
                f"{clean(name, 120)}.{change.get('family')}",
                _outcome(
                    verdict_of({"verdict": change.get("after")}),
                    str(change.get("reason_after") or ""),
                    severity_of(change),
                ),
                _explanation({**change, "reason": change.get("reason_after")}),
            )
            for change in host["changes"]
        ],
    )
