"""The CSV format (RFC 4180, UTF-8): a row per host, control and object, per finding, and per scan.

A cell that a spreadsheet would take for a formula gets an apostrophe in front, as spreadsheets write text.
The columns are the same in every file, in the same order; new ones are added at the end.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from hullguard.reports.findings import findings_of, scans_of
from hullguard.reports.sanitize import clean
from hullguard.reports.vocabulary import is_audited, ordered, severity_of, verdict_of

if TYPE_CHECKING:
    from hullguard.reports import Diff, Options, Report

# `record` is verdict, finding, scan, host (one that gave no evidence) or error (what could not be seen).
# `state` is the verdict; of a finding: open, waived or ignored; of a scan: ran, not_run or unknown.
COLUMNS = (
    "record", "host", "state", "severity", "id", "number", "title", "reason",
    "object_kind", "object_name", "object_detail", "path", "line", "package", "installed", "fixed_in",
    "family", "level", "why", "fix", "fixed_by", "breaks",
    "waiver_reason", "waiver_owner", "waiver_approver", "waiver_expires",
    "due_state", "due_by", "due_days", "due_reason",
    "tool", "tool_version", "kind", "tool_severity", "control", "digest", "references", "fingerprint",
    "get", "collected_at", "generated_at",
)  # fmt: skip
DIFF_COLUMNS = (
    "host", "change", "before", "after", "severity", "id", "number", "title", "reason",
    "object_kind", "object_name", "object_detail", "family",
)  # fmt: skip
# Spreadsheets take the full-width forms for the same.
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
CELL_LENGTH = 30_000  # A spreadsheet's cell holds 32,767 characters.
Row = Mapping[str, Any]


def write(report: Report, stream: TextIO, options: Options) -> None:
    """Write one report."""
    report = ordered(report)
    _emit(COLUMNS, _rows(report), stream)


def write_diff(diff: Diff, stream: TextIO, options: Options) -> None:
    """Write what changed, a row per host, control and object."""
    _emit(DIFF_COLUMNS, _changes(ordered(diff)), stream)


def _emit(columns: Sequence[str], rows: Iterable[Row], stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([cell(row.get(column)) for column in columns])


def cell(value: object) -> str:
    """Return a value as a spreadsheet shows it and nothing more. Our own numbers stay numbers."""
    if isinstance(value, int):
        return str(value)
    text = clean(value, CELL_LENGTH, keep_newlines=True)
    return f"'{text}" if text.lstrip().startswith(FORMULA) else text


def _rows(report: Mapping[str, Any]) -> Iterator[Row]:
    made = {"generated_at": report.get("generated_at")}
    for host in report["hosts"]:
        about = {**made, "host": host["name"], "collected_at": host.get("collected_at")}
        if not is_audited(host):
            yield {**about, "record": "host", "state": "unknown", "reason": "This host gave no evidence."}
        for error in host.get("errors") or ():
            names = {"object_name": error.get("what"), "reason": error.get("reason")}
            yield {**about, **names, "record": "error", "state": "unknown"}
        for result in host["results"]:
            row = {**result, **about, **_waiver(result.get("waiver"))}
            row |= {"record": "verdict", "state": verdict_of(result), "severity": severity_of(result)}
            for thing in result.get("objects") or [{}]:
                yield {**row, **_object(thing)}
    for finding in findings_of(report):
        yield {**_finding(finding), **made}
    for scan in scans_of(report):
        target = scan["target"]
        yield {
            **made,
            "record": "scan",
            "state": scan["status"],
            "reason": scan["reason"] or f"{scan['findings']} findings",
            **_object(target),
            "tool": scan.get("tool"),
            "tool_version": scan["version"],
            "get": scan["get"],
            "digest": target.get("digest"),
        }


def _finding(finding: Mapping[str, Any]) -> Row:
    location, package, due = (finding[key] or {} for key in ("location", "package", "due"))
    return {
        **finding,
        "record": "finding",
        "path": location.get("path"),
        "line": location.get("line") or "",
        "package": package.get("name"),
        "installed": package.get("installed"),
        "fixed_in": package.get("fixed"),
        "references": "\n".join(map(str, finding["references"] or ())),
        **{f"due_{key}": due.get(key) for key in ("state", "by", "days", "reason")},
        **_object(finding["object"]),
        **_waiver(finding["waiver"]),
    }


def _object(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {f"object_{key}": thing.get(key) for key in ("kind", "name", "detail")}


def _waiver(waiver: Mapping[str, Any] | None) -> dict[str, Any]:
    return {f"waiver_{key}": (waiver or {}).get(key) for key in ("reason", "owner", "approver", "expires")}


def _changes(diff: Mapping[str, Any]) -> Iterator[Row]:
    for host in diff["hosts"]:
        if host.get("only_in"):
            yield {
                "host": host["name"],
                "change": f"only in {host['only_in']}",
                "reason": "Nothing to compare.",
            }
        for change in host["changes"]:
            row = {**change, "host": host["name"], "change": change.get("kind")}
            row["reason"] = change.get("reason_after")
            for thing in change.get("objects") or [{}]:
                yield {**row, **_object(thing)}
