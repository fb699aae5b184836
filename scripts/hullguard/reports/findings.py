"""What scanners found and whether they looked at all, as every format shows it.

A report's `findings` and `scans` may be empty or absent, and a saved finding may lack what is optional. Here
they get every key, a state, and the words that all formats share.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from hullguard.reports.sanitize import clean
from hullguard.reports.vocabulary import SEVERITIES, finding_key, scan_key, severity_of

OPEN, WAIVED, IGNORED = "open", "waived", "ignored"
RAN, NOT_RUN, UNKNOWN = "ran", "not_run", "unknown"
# What the vulnerability policy may say, worst first.
DUE_STATES = ("breach", "due", "fine", "ignored")
NAME_LENGTH = 200
_FINDING: Mapping[str, Any] = {
    "title": "", "kind": "", "object": {}, "tool": "", "tool_version": "", "tool_severity": "",
    "location": None, "package": None, "fix": "", "references": (), "control": None, "digest": "",
    "fingerprint": "", "waiver": None, "due": None,
}  # fmt: skip
_SCAN: Mapping[str, Any] = {
    "version": "", "target": {}, "reason": "", "get": "", "cached": False, "findings": 0, "raw": "",
}  # fmt: skip
_TARGETS: Mapping[str, str] = {"dir": "folder", "host": "machine", "tar": "image tar", "sbom": "SBOM"}


def findings_of(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the findings, worst first, with every key; `state` is open, waived, or ignored by the policy."""
    rows = sorted(report.get("findings") or (), key=finding_key)
    return [{**_FINDING, **row, "severity": severity_of(row), "state": _state(row)} for row in rows]


def scans_of(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the scans by target and tool, with every key; a status that is none counts as unknown."""
    rows = sorted(report.get("scans") or (), key=scan_key)
    return [
        {**_SCAN, **row, "status": row.get("status") if row.get("status") in (RAN, NOT_RUN) else UNKNOWN}
        for row in rows
    ]


def _state(finding: Mapping[str, Any]) -> str:
    if finding.get("waiver"):
        return WAIVED
    return IGNORED if (finding.get("due") or {}).get("state") == "ignored" else OPEN


def severities(findings: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count open findings per severity, every severity present."""
    counts = Counter(severity_of(finding) for finding in findings if finding["state"] == OPEN)
    return {severity: counts[severity] for severity in SEVERITIES}


def findings_text(findings: list[dict[str, Any]]) -> str:
    """``1 critical · 3 low · 1 waived``: what occurs, or ``none``."""
    counts = {**severities(findings), **dict.fromkeys((WAIVED, IGNORED), 0)}
    for finding in findings:
        if finding["state"] != OPEN:
            counts[finding["state"]] += 1
    return " · ".join(f"{count} {word}" for word, count in counts.items() if count) or "none"


def overdue(findings: Iterable[Mapping[str, Any]]) -> int:
    """Count the open findings that breach the vulnerability policy."""
    return sum(
        finding["state"] == OPEN and (finding["due"] or {}).get("state") == "breach" for finding in findings
    )


def by_object(findings: Iterable[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Group findings by object; the object with the worst finding comes first."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for finding in findings:
        key = (str(finding["object"].get("kind", "")), str(finding["object"].get("name", "")))
        groups.setdefault(key, []).append(finding)
    return groups


def thing_text(thing: Mapping[str, Any], limit: int = NAME_LENGTH) -> str:
    """Name an object or a scan's target: ``image nginx:1.27``, ``this machine``."""
    kind, name = clean(thing.get("kind"), 20), clean(thing.get("name"), limit)
    kind = _TARGETS.get(kind, kind)
    return f"{kind} {name}".strip() if name else f"this {kind if kind != 'host' else 'machine'}"


def place_text(finding: Mapping[str, Any], limit: int = NAME_LENGTH) -> str:
    """``app/Dockerfile:3``, or nothing where the finding has no place."""
    location = finding.get("location") or {}
    path = clean(location.get("path"), limit)
    return f"{path}:{location['line']}" if path and location.get("line") else path


def package_text(finding: Mapping[str, Any], limit: int = NAME_LENGTH) -> str:
    """``openssl 3.0.1, fixed in 3.0.2``, or nothing where no package is named."""
    package = finding.get("package") or {}
    if not package:
        return ""
    fixed = clean(package.get("fixed"), limit)
    name = f"{clean(package.get('name'), limit)} {clean(package.get('installed'), limit)}".strip()
    return f"{name}, fixed in {fixed}" if fixed else f"{name}, no fixed version known"


def due_text(finding: Mapping[str, Any]) -> str:
    """What the vulnerability policy says: ``breach: 12 days over, by 2026-09-20``; it may say nothing."""
    due = finding.get("due") or {}
    state, days = due.get("state"), due.get("days")
    if state not in DUE_STATES:
        return ""
    by = f", by {clean(due.get('by'), 20)}" if due.get("by") else ""
    count = f"{abs(days)} day{'' if abs(days) == 1 else 's'}" if isinstance(days, int) else ""
    if state == "breach":
        return (f"breach: {count} over" if count else "breach") + by
    if state == "due":
        return (f"due in {count}" if count else "due") + by
    reason = clean(due.get("reason"), NAME_LENGTH)
    return f"{state}: {reason}" if reason else str(state)


def waiver_text(waiver: Mapping[str, Any] | None, limit: int = NAME_LENGTH) -> str:
    """``accepted until 2027-01-31 by D. Marsh, owner platform: Vendor image``; nothing without a waiver."""
    if not waiver:
        return ""
    expires, approver, owner, reason = (
        clean(waiver.get(key), limit) for key in ("expires", "approver", "owner", "reason")
    )
    return f"accepted until {expires} by {approver}, owner {owner}: {reason}"


def scan_text(scan: Mapping[str, Any], limit: int = 400) -> str:
    """What a scan's silence means: how much it found, or why nothing is claimed and how to get the tool."""
    reason, get = clean(scan["reason"], limit), clean(scan["get"], limit)
    if scan["status"] == RAN:
        count = scan["findings"]
        words = f"{count} finding{'' if count == 1 else 's'}" if count else "ran, found nothing"
        words = f"{words}; {reason}" if reason else words
        return f"{words}, from the cache" if scan["cached"] else words
    if scan["status"] == NOT_RUN:
        return f"did not run: {(reason or 'no reason given').rstrip('.')}." + (
            f" To get it: {get}" if get else ""
        )
    return f"unknown: {(reason or 'no reason given').rstrip('.?')}. Nothing is claimed."


def web_addresses(references: Iterable[object]) -> list[str]:
    """Return those references that are web addresses, cut to 2000 characters and free of anything unusual."""
    from urllib.parse import quote

    texts = [clean(reference) for reference in references or ()]
    return [
        quote(text, safe="%:/?#[]@!$&'()*+,;=~")
        for text in texts
        if text.startswith(("https://", "http://")) and len(text) <= 2000 and " " not in text
    ]


def instant(value: object) -> str | None:
    """Return an ISO 8601 time in UTC with a Z, None for text that is no time."""
    try:
        when = datetime.fromisoformat(str(value))
        when = when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return when.isoformat(timespec="seconds").replace("+00:00", "Z")


def fingerprint_of(*parts: object) -> str:
    """Return the SHA-256 of some texts, whatever characters they hold."""
    import hashlib

    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()
