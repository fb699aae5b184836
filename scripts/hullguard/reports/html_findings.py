"""The page's part about scanners: what they found, by object, and which of them did not look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hullguard.reports.findings import (
    IGNORED,
    OPEN,
    RAN,
    WAIVED,
    by_object,
    due_text,
    findings_of,
    findings_text,
    overdue,
    package_text,
    place_text,
    scan_text,
    scans_of,
    severities,
    thing_text,
)
from hullguard.reports.sanitize import anchor

NAME_LENGTH = 1000
# By which verdict the page's filter finds a finding, and which colour it has.
VERDICTS: Mapping[str, str] = {OPEN: "fail", WAIVED: "waived", IGNORED: "not_applicable"}
STATUS: Mapping[str, tuple[str, str]] = {
    "ran": ("ran", "pass"),
    "not_run": ("not run", "manual"),
    "unknown": ("unknown", "unknown"),
}


def view(report: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the templates show of findings and scans; None for a report that has neither."""
    found, scans = findings_of(report), scans_of(report)
    if not found and not scans:
        return None
    silent = sum(scan["status"] != RAN for scan in scans)
    states = Counter(finding["state"] for finding in found)
    return {
        "subject": _subject(found, scans),
        "severities": severities(found),
        "waived": states[WAIVED],
        "ignored": states[IGNORED],
        "overdue": overdue(found),
        "silent": silent,
        "filters": Counter(VERDICTS[finding["state"]] for finding in found),
        "groups": [
            {
                "anchor": anchor("scanned", position),
                "title": thing_text({"kind": kind, "name": name}, NAME_LENGTH),
                "counts": findings_text(group),
                "rows": [_row(finding) for finding in group],
            }
            for position, ((kind, name), group) in enumerate(by_object(found).items(), 1)
        ],
        "scans": [_scan(scan) for scan in scans],
    }


def _subject(found: list[dict[str, Any]], scans: list[dict[str, Any]]) -> str:
    """The page's heading where there is no host: the one thing that was scanned, or how many."""
    things = [scan["target"] for scan in scans] or [finding["object"] for finding in found]
    names = sorted({thing_text(thing) for thing in things})
    return names[0] if len(names) == 1 else f"{len(names)} scanned objects"


def _row(finding: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **finding,
        "verdict": VERDICTS[finding["state"]],
        "package_text": package_text(finding, NAME_LENGTH),
        "place": place_text(finding, NAME_LENGTH),
        "due_text": due_text(finding),
        "overdue": bool(overdue([finding])),
        "references": list(finding["references"] or ()),
    }


def _scan(scan: Mapping[str, Any]) -> dict[str, Any]:
    label, style = STATUS[scan["status"]]
    target = thing_text(scan["target"], NAME_LENGTH)
    return {**scan, "label": label, "style": style, "on": target, "text": scan_text(scan, NAME_LENGTH)}
