"""reports/csv.py, read back by the standard library's reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from hullguard.reports import write_diff, write_report
from hullguard.reports.csv import COLUMNS, DIFF_COLUMNS, cell


def written(report: dict[str, Any]) -> str:
    stream = io.StringIO(newline="")
    writer = write_diff if report["schema"].startswith("hullguard/diff") else write_report
    writer("csv", report, stream)
    return stream.getvalue()


def rows(report: dict[str, Any]) -> list[dict[str, str]]:
    reader = csv.DictReader(io.StringIO(written(report), newline=""), strict=True)
    found = list(reader)
    assert all(None not in row and None not in row.values() for row in found)
    return found


def test_a_row_per_object_finding_and_scan(mixed: dict[str, Any]) -> None:
    found = rows(mixed)
    records = [row["record"] for row in found]
    results = mixed["hosts"][0]["results"]
    assert records.count("verdict") == sum(max(1, len(result["objects"])) for result in results)
    assert records.count("finding") == len(mixed["findings"])
    assert records.count("scan") == len(mixed["scans"])
    assert {row["state"] for row in found if row["record"] == "verdict"} == {r["verdict"] for r in results}
    assert {row["state"] for row in found if row["record"] == "scan"} == {"ran", "not_run", "unknown"}
    assert {row["state"] for row in found if row["record"] == "finding"} == {"open", "waived", "ignored"}


def test_waivers_places_packages_and_due_days_have_columns(mixed: dict[str, Any]) -> None:
    by_id = {row["id"]: row for row in rows(mixed) if row["id"]}
    waived = by_id["CVE-2026-1003"]
    assert (waived["waiver_owner"], waived["waiver_expires"]) == ("billing", "2027-01-31")
    breach = by_id["CVE-2026-1001"]
    assert (breach["due_state"], breach["due_days"], breach["due_by"]) == ("breach", "-12", "2026-09-20")
    assert (breach["package"], breach["installed"], breach["fixed_in"]) == ("libssl3", "3.0.1-1", "3.0.2-1")
    assert (by_id["DL3002"]["path"], by_id["DL3002"]["line"]) == ("app/Dockerfile", "7")
    assert by_id["copy_not_add"]["waiver_reason"] == "Vendor image"
    (absent,) = [row for row in rows(mixed) if row["state"] == "not_run"]
    assert (absent["tool"], absent["get"]) == ("grype", "See its project.")


def test_a_host_without_evidence_has_a_row(fleet: dict[str, Any]) -> None:
    lost = [row for row in rows(fleet) if row["host"] == "docker-03.example.org"]
    assert [(row["record"], row["state"]) for row in lost] == [("host", "unknown"), ("error", "unknown")]


def test_the_header_is_stable(mixed: dict[str, Any], empty: dict[str, Any], diff: dict[str, Any]) -> None:
    for report, columns in ((mixed, COLUMNS), (empty, COLUMNS), (diff, DIFF_COLUMNS)):
        text = written(report)
        assert text.startswith(",".join(columns) + "\r\n")
        assert text.endswith("\r\n")
    assert rows(empty) == []


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\n=", "\u00a0@", "\uff1d", "\uff20"])
def test_formulas_are_text(start: str) -> None:
    assert cell(f"{start}HYPERLINK(1)").startswith("'")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain = text", "plain = text"),
        ("\t=1", r"\t=1"),
        ("\r=1", r"\r=1"),
        (-12, "-12"),
        (None, ""),
        ("a\nb", "a\nb"),
    ],
)
def test_cells(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_hostile_text(
    hostile_text: str,
    hostile: Callable[[str], dict[str, Any]],
    hostile_diff: Callable[[str], dict[str, Any]],
) -> None:
    for make in (hostile, hostile_diff):
        assert len(rows(make(hostile_text))) == len(rows(make("tame")))
        text = written(make(hostile_text))
        assert text.replace("\r\n", "").replace("\n", "").isprintable()
        text.encode()


@pytest.mark.parametrize("formula", ["=cmd|' /C calc'!A0", '@SUM(1)"', "+1", "-1,2"])
def test_hostile_formulas(formula: str, hostile: Callable[[str], dict[str, Any]]) -> None:
    cells = [value for row in rows(hostile(formula)) for value in row.values()]
    assert f"'{formula}" in cells
    assert formula not in cells


def test_differences(diff: dict[str, Any]) -> None:
    found = rows(diff)
    changes = diff["hosts"][0]["changes"]
    assert len(found) == sum(max(1, len(change["objects"])) for change in changes) + 1
    assert found[-1]["change"] == "only in after"


def test_snapshot(mixed: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert written(mixed) == snapshot
