"""reports/oscal.py and its parts; where compliance-trestle is installed, it reads the result back."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

from hullguard.errors import InputError
from hullguard.reports import oscal, write_report
from hullguard.reports.oscal_parts import line, properties, prose, token

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def written(report: dict[str, Any]) -> str:
    stream = io.StringIO()
    write_report("oscal", report, stream)
    return stream.getvalue()


def results(report: dict[str, Any]) -> list[dict[str, Any]]:
    text = written(report)
    assert text.isascii()
    found: list[dict[str, Any]] = json.loads(text)["assessment-results"]["results"]
    return found


def told(row: dict[str, Any]) -> dict[str, str]:
    return {prop["name"]: prop["value"] for prop in row["props"]}


def test_one_result_per_host_and_one_for_the_scanners(fleet: dict[str, Any], mixed: dict[str, Any]) -> None:
    found = results({**fleet, "findings": mixed["findings"], "scans": mixed["scans"]})
    assert [row["title"] for row in found] == [*(host["name"] for host in fleet["hosts"]), "Scanners"]
    for row, host in zip(found, fleet["hosts"][:2], strict=False):
        assert len(row["findings"]) == len(row["observations"]) == len(host["results"]) == 118
        reviewed = row["reviewed-controls"]["control-selections"][0]["include-controls"]
        assert {control["control-id"] for control in reviewed} == {result["id"] for result in host["results"]}
    assert "gave no evidence" in found[2]["description"]
    assert "No route to host" in found[2]["remarks"]


def test_only_a_pass_and_what_does_not_apply_are_satisfied(mixed: dict[str, Any]) -> None:
    statuses = {told(row)["verdict"]: row["target"]["status"] for row in results(mixed)[0]["findings"]}
    assert {verdict for verdict, status in statuses.items() if status["state"] == "satisfied"} == {
        "pass",
        "not_applicable",
    }
    assert "Not seen" in statuses["unknown"]["remarks"]
    assert "attest" in statuses["manual"]["remarks"]
    assert statuses["fail"]["reason"] == "fail"


def test_a_waiver_is_a_risk_with_an_approved_deviation(mixed: dict[str, Any]) -> None:
    host, scanners = results(mixed)
    (risk,) = host["risks"]
    assert (risk["status"], risk["deadline"]) == ("deviation-approved", "2027-01-31T00:00:00Z")
    assert told(risk) == {"owner": "platform", "approver": "D. Marsh", "expires": "2027-01-31"}
    (waived,) = [row for row in host["findings"] if "related-risks" in row]
    assert waived["related-risks"] == [{"risk-uuid": risk["uuid"]}]
    statuses = [risk["status"] for risk in scanners["risks"]]
    assert (statuses.count("open"), statuses.count("deviation-approved")) == (5, 2)
    assert scanners["risks"][0]["deadline"] == "2026-09-20T00:00:00Z"
    assert "breach: 12 days over" in scanners["risks"][0]["statement"]


def test_scanners_that_gave_nothing_say_so(mixed: dict[str, Any]) -> None:
    scanners = results(mixed)[1]
    scans = [row for row in scanners["observations"] if row["types"] == ["discovery"]]
    assert [told(row)["status"] for row in scans].count("ran") == 4
    assert [row["description"] for row in scans if told(row)["status"] == "not_run"] == [
        "did not run: grype is not here. To get it: See its project."
    ]
    assert "3 of these gave no answer" in scanners["description"]


def test_whatever_is_named_is_defined_once(mixed: dict[str, Any], fleet: dict[str, Any]) -> None:
    for result in [*results(mixed), *results(fleet)]:
        defined = [row["uuid"] for rows in result.get("local-definitions", {}).values() for row in rows]
        assert len(defined) == len(set(defined))
        text = json.dumps(result)
        used = set(re.findall(r'"(?:subject|actor)-uuid": "([^"]+)"', text))
        assert used == set(defined)
        own = [row["uuid"] for key in ("observations", "risks", "findings") for row in result.get(key, [])]
        assert len(own) == len(set(own))
        assert set(re.findall(r'"(?:observation|risk)-uuid": "([^"]+)"', text)) <= set(own)
        assert all(UUID.fullmatch(value) for value in [*own, *defined])


def test_identifiers_are_the_same_in_the_next_report(mixed: dict[str, Any]) -> None:
    later = {**mixed, "generated_at": "2026-11-01T00:00:00Z"}
    for now, then in zip(results(mixed), results(later), strict=True):
        for key in ("observations", "risks", "findings"):
            assert [row["uuid"] for row in now.get(key, [])] == [row["uuid"] for row in then.get(key, [])]
    first, second = (json.loads(written(report))["assessment-results"]["uuid"] for report in (mixed, later))
    assert first != second


def test_an_empty_report_claims_nothing(empty: dict[str, Any]) -> None:
    (nothing,) = results(empty)
    assert "says nothing" in nothing["description"]
    assert "include-all" not in json.dumps(nothing)


@pytest.mark.parametrize("given", ["", "1x", "a b", "ünï", "a\nb", "_x", "<script>"])
def test_tokens(given: str) -> None:
    assert re.fullmatch(r"[A-Za-z_][A-Za-z0-9._-]*", token(given))


def test_text_is_escaped(hostile_text: str) -> None:
    assert line("*a* [b](c) <d>") == r"\*a\* \[b\](c) \<d\>"
    assert line("") == "-"
    assert prose("a\n\nb", "", "c") == "a\n\nb\n\nc"
    assert re.fullmatch(r"[^\n]+", line(hostile_text))
    for prop in properties(name=hostile_text, empty=" ").get("props", []):
        assert re.fullmatch(r"\S(.*\S)?", prop["value"])


def test_hostile_text(hostile_text: str, hostile: Callable[[str], dict[str, Any]]) -> None:
    host, scanners = results(hostile(hostile_text))
    assert len(host["findings"]) == 6
    assert scanners["observations"]
    for value in re.findall(r'"uuid": "([^"]*)"', written(hostile(hostile_text))):
        assert UUID.fullmatch(value)


def test_trestle_reads_it_back(
    tmp_path: Path,
    mixed: dict[str, Any],
    fleet: dict[str, Any],
    empty: dict[str, Any],
    hostile: Callable[[str], dict[str, Any]],
) -> None:
    trestle = pytest.importorskip(
        "trestle.oscal.assessment_results",
        reason="compliance-trestle is not here: pip install compliance-trestle",
    )
    file = tmp_path / "results.json"
    for report in (mixed, fleet, empty, hostile("\x1b[31m<script>*x*\n"), hostile("")):
        file.write_text(written(report), encoding="utf-8")
        read = trestle.AssessmentResults.oscal_read(file)
        assert [row.uuid for row in read.results] == [row["uuid"] for row in results(report)]
        assert [len(row.findings or []) for row in read.results] == [
            len(row.get("findings", [])) for row in results(report)
        ]


def test_a_difference_is_refused(diff: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="oscal can't show a difference"):
        oscal.write_diff(diff, io.StringIO(), None)  # type: ignore[arg-type]


def test_snapshot(mixed: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert written(mixed) == snapshot
