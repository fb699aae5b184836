"""reports/findings.py"""

from __future__ import annotations

import re
from typing import Any

import pytest

from hullguard.reports.findings import (
    by_object,
    due_text,
    findings_of,
    findings_text,
    fingerprint_of,
    instant,
    overdue,
    package_text,
    place_text,
    scan_text,
    scans_of,
    thing_text,
    waiver_text,
    web_addresses,
)
from hullguard.reports.vocabulary import ordered


def test_the_worst_comes_first_and_order_of_the_input_does_not_matter(mixed: dict[str, Any]) -> None:
    turned = {**mixed, "findings": mixed["findings"][::-1], "scans": mixed["scans"][::-1]}
    assert findings_of(turned) == findings_of(mixed)
    assert scans_of(turned) == scans_of(mixed)
    assert ordered(turned) == ordered(mixed)
    severities = [finding["severity"] for finding in findings_of(mixed)]
    assert severities == ["critical", "high", "high", "high", "medium", "medium", "low"]


def test_a_report_may_lack_findings_and_scans(small: dict[str, Any]) -> None:
    assert (findings_of(small), scans_of(small)) == ([], [])
    assert findings_of({}) == scans_of({}) == []


def test_a_finding_with_only_what_the_schema_asks_for_has_every_key(mixed: dict[str, Any]) -> None:
    needed = ("id", "title", "severity", "kind", "object", "tool", "tool_version", "fingerprint")
    bare = [{key: finding[key] for key in needed} for finding in mixed["findings"]]
    for finding in findings_of({"findings": bare}):
        assert finding["state"] == "open"
        assert (finding["waiver"], finding["due"], finding["location"], finding["package"]) == (None,) * 4
        assert (due_text(finding), place_text(finding), package_text(finding)) == ("", "", "")


def test_a_status_that_is_none_is_unknown() -> None:
    for status in ("", None, "ok", "RAN", 1):
        (scan,) = scans_of({"scans": [{"tool": "x", "target": {}, "status": status}]})
        assert scan["status"] == "unknown"
        assert "Nothing is claimed" in scan_text(scan)


def test_states_are_counted_and_only_open_ones_as_severities(mixed: dict[str, Any]) -> None:
    found = findings_of(mixed)
    assert findings_text(found) == "1 critical · 2 high · 1 medium · 1 low · 1 waived · 1 ignored"
    assert findings_text([]) == "none"
    assert overdue(found) == 1
    breach = next(finding for finding in found if finding["due"])
    assert overdue([{**breach, "state": "waived"}]) == 0


def test_objects_come_by_their_worst_finding(mixed: dict[str, Any]) -> None:
    assert [kind for kind, _ in by_object(findings_of(mixed))] == ["image", "file"]


@pytest.mark.parametrize(
    ("due", "shown"),
    [
        ({"state": "breach", "days": -1, "by": "2026-01-01"}, "breach: 1 day over, by 2026-01-01"),
        ({"state": "breach", "days": None, "by": None}, "breach"),
        ({"state": "due", "days": 3, "by": "2026-01-01"}, "due in 3 days, by 2026-01-01"),
        ({"state": "due", "days": 0, "by": None}, "due in 0 days"),
        ({"state": "fine", "reason": "no day is set"}, "fine: no day is set"),
        ({"state": "ignored", "reason": "a\x1b"}, r"ignored: a\x1b"),
        ({"state": "clean"}, ""),
        (None, ""),
    ],
)
def test_due(due: dict[str, Any] | None, shown: str) -> None:
    assert due_text({"due": due}) == shown


@pytest.mark.parametrize(
    ("thing", "shown"),
    [
        ({"kind": "image", "name": "nginx"}, "image nginx"),
        ({"kind": "host", "name": ""}, "this machine"),
        ({"kind": "dir", "name": "."}, "folder ."),
        ({"kind": "image", "name": "a\nb"}, r"image a\nb"),
        ({}, "this"),
    ],
)
def test_thing(thing: dict[str, Any], shown: str) -> None:
    assert thing_text(thing).strip() == shown


def test_a_waiver_names_owner_approver_and_day(mixed: dict[str, Any]) -> None:
    (waiver,) = [finding["waiver"] for finding in mixed["findings"] if finding["waiver"]]
    assert all(value in waiver_text(waiver) for value in waiver.values())
    assert waiver_text(None) == ""


def test_only_web_addresses_are_addresses() -> None:
    given = [
        "https://a.example/x?y=1#z",
        "javascript:alert(1)",
        "http://a b",
        "//a",
        "https://é.example",
        None,
    ]
    assert web_addresses(given) == ["https://a.example/x?y=1#z", "https://%C3%A9.example"]
    assert web_addresses(["https://a.example/" + "x" * 2000]) == []
    for address in web_addresses(['https://a.example/"><script>\u202e\n']):
        assert re.fullmatch(r"[\x21-\x7e]+", address)
        assert not set('<>"') & set(address)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("2026-10-02T11:14:07+02:00", "2026-10-02T09:14:07Z"),
        ("2026-10-02T09:14:07", "2026-10-02T09:14:07Z"),
        ("2027-01-31", "2027-01-31T00:00:00Z"),
        ("2026-99-99T99:99:99", None),
        ("0001-01-01T00:00:00+14:00", None),
        (None, None),
    ],
)
def test_instant(value: object, shown: str | None) -> None:
    assert instant(value) == shown


def test_fingerprints_are_of_the_parts_not_of_their_sum() -> None:
    assert fingerprint_of("a", "bc") != fingerprint_of("ab", "c")
    assert len(fingerprint_of("\ud800")) == 64
