"""The Markdown format: a pull request's comment. Counts first, worst first, long parts folded.

A comment holds 65,536 characters; this stays below 60,000 and says how many rows it leaves out. Every part
gets its rows in turn, so that a thousand fails don't push out the one scanner that did not run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from hullguard.reports import markdown_attacks
from hullguard.reports.findings import (
    IGNORED,
    OPEN,
    RAN,
    WAIVED,
    due_text,
    findings_of,
    findings_text,
    overdue,
    package_text,
    place_text,
    scan_text,
    scans_of,
    waiver_text,
)
from hullguard.reports.markdown_layout import (
    NAME_LENGTH,
    TEXT_LENGTH,
    Part,
    document,
    objects,
    row,
    words,
)
from hullguard.reports.markdown_text import code, prose
from hullguard.reports.vocabulary import (
    LABELS,
    SEVERITIES,
    counts_text,
    is_audited,
    moment,
    ordered,
    severity_of,
    tally,
    verdict_of,
)

if TYPE_CHECKING:
    from hullguard.reports import Diff, Options, Report


def write(report: Report, stream: TextIO, options: Options) -> None:
    """Write one report."""
    report = ordered(report)
    stream.write(document(_head(report), _parts(report)))


def write_diff(diff: Diff, stream: TextIO, options: Options) -> None:
    """Write what changed."""
    from hullguard.reports.markdown_diff import head, parts

    diff = ordered(diff)
    stream.write(document(head(diff), parts(diff)))


def _head(report: Mapping[str, Any]) -> str:
    hosts, found, scans = report["hosts"], findings_of(report), scans_of(report)
    counts = tally(result for host in hosts for result in host["results"])
    lines = ["## Hullguard", ""]
    if hosts:
        lines.append(f"- **Controls:** {counts_text(counts) or 'none'}")
    lines += markdown_attacks.head(hosts)
    if missed := sum(not is_audited(host) for host in hosts):
        lines.append(f"- **Not audited:** {missed} of {len(hosts)} hosts gave no evidence")
    if scans or found:
        lines.append(f"- **Findings:** {findings_text(found)}")
    if breaches := overdue(found):
        lines.append(f"- **Overdue by the vulnerability policy:** {breaches}")
    if scans:
        counted = {s: sum(scan["status"] == s for scan in scans) for s in ("ran", "not_run", "unknown")}
        told = " · ".join(f"{count} {word.replace('_', ' ')}" for word, count in counted.items() if count)
        lines.append(f"- **Scans:** {told}")
    if not hosts and not scans and not found:
        lines.append("This report holds no host, no finding and no scan: it says nothing.")
    # No line begins with another's text: it could begin a list or a heading.
    tool = f"{prose(report['tool'].get('name'), 40)} {prose(report['tool'].get('version'), 40)}"
    made = f"made {prose(moment(report.get('generated_at')))} by {tool}"
    title, profile = report["benchmark"].get("title"), code(report.get("profile"), NAME_LENGTH)
    measure = f"Measured by {prose(title, TEXT_LENGTH)}, profile {profile}; {made}"
    return "\n".join([*lines, "", measure if hosts else f"M{made[1:]}", "", ""])


def _parts(report: Mapping[str, Any]) -> list[Part]:
    hosts, found, scans = report["hosts"], findings_of(report), scans_of(report)
    several = len(hosts) > 1
    unseen = [
        row(
            [
                code(host["name"], NAME_LENGTH),
                code(error.get("what"), NAME_LENGTH),
                words(error.get("reason")),
            ]
        )
        for host in hosts
        for error in host.get("errors") or ()
    ]
    lost = [row([code(host["name"], NAME_LENGTH)]) for host in hosts if not is_audited(host)]
    silent = [row(_scan(scan)) for scan in scans if scan["status"] != RAN]
    ran = [row(_scan(scan)) for scan in scans if scan["status"] == RAN]
    columns = ("Severity", "Finding", "In", "What", "Due", "Tool")
    parts = [
        *markdown_attacks.contradictions(hosts),
        Part("Hosts that gave no evidence", ("Host",), lost, "Nothing is known about them."),
        Part("Fail", _columns(several), _verdicts(hosts, "fail", several)),
        Part("Findings", columns, [row(_finding(f)) for f in found if f["state"] == OPEN]),
        Part(
            "Scanners that gave nothing",
            ("Scanner", "On", "Why"),
            silent,
            "Nothing is claimed for them.",
        ),
    ]
    for verdict in ("unknown", "manual", "waived"):
        rows = _verdicts(hosts, verdict, several)
        parts.append(Part(LABELS[verdict].capitalize(), _columns(several), rows))
    for state in (WAIVED, IGNORED):
        heading = "Waived findings" if state == WAIVED else "Findings that the policy ignores"
        parts.append(Part(heading, columns, [row(_finding(f)) for f in found if f["state"] == state]))
    parts.append(Part("Could not be seen", ("Host", "What", "Why"), unseen))
    parts += markdown_attacks.parts(hosts)
    return [*parts, Part("Scanners that ran", ("Scanner", "On", "Result"), ran)]


def _columns(several: bool) -> tuple[str, ...]:
    return ("Severity", "Control", *(("Host",) if several else ()), "What")


def _verdicts(hosts: Iterable[Mapping[str, Any]], verdict: str, several: bool) -> list[str]:
    rows = [
        (SEVERITIES.index(severity_of(result)), row(_verdict(result, str(host["name"]), several)))
        for host in hosts
        for result in host["results"]
        if verdict_of(result) == verdict
    ]
    return [row for _, row in sorted(rows, key=lambda pair: pair[0])]


def _verdict(result: Mapping[str, Any], host: str, several: bool) -> list[str]:
    number = f"{prose(result.get('number'), 20)} " if result.get("number") else ""
    what = f"{words(result.get('title'))}<br>{words(result.get('reason'))}"
    if result.get("waiver"):
        what += f"<br>{prose(waiver_text(result['waiver'], TEXT_LENGTH))}"
    name = [code(host, NAME_LENGTH)] if several else []
    control = number + code(result.get("id"), NAME_LENGTH)
    return [severity_of(result), control, *name, what + objects(result)]


def _thing(thing: Mapping[str, Any]) -> str:
    return f"{prose(thing.get('kind'), 20)} {code(thing.get('name') or 'this machine', NAME_LENGTH)}"


def _finding(finding: Mapping[str, Any]) -> list[str]:
    where = place_text(finding, NAME_LENGTH)
    what = [
        words(finding["title"]),
        prose(package_text(finding, 60)),
        code(where, NAME_LENGTH) if where else "",
    ]
    what.append(prose(waiver_text(finding["waiver"], TEXT_LENGTH)))
    tool = f"{prose(finding['tool'], 40)} {prose(finding['tool_version'], 20)}"
    return [
        finding["severity"],
        code(finding.get("id"), NAME_LENGTH),
        _thing(finding["object"]),
        "<br>".join(part for part in what if part),
        prose(due_text(finding), TEXT_LENGTH),
        tool.strip(),
    ]


def _scan(scan: Mapping[str, Any]) -> list[str]:
    tool = f"{prose(scan.get('tool'), 40)} {prose(scan['version'], 20)}".strip()
    return [tool, _thing(scan["target"]), prose(scan_text(scan, TEXT_LENGTH))]
