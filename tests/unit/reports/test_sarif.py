"""reports/sarif.py and its parts, judged by the official schema."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

import pytest
from jsonschema import Draft4Validator
from syrupy.assertion import SnapshotAssertion

from hullguard.errors import InputError
from hullguard.reports import sarif, write_report
from hullguard.reports.sarif import build
from hullguard.reports.sarif_parts import artifact, message, segment

SCHEMA = Path(__file__).parent / "schemas" / "sarif-2.1.0.json"


@pytest.fixture(scope="module")
def official() -> Draft4Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)


def checked(report: dict[str, Any], official: Draft4Validator) -> dict[str, Any]:
    stream = io.StringIO()
    write_report("sarif", report, stream)
    assert stream.getvalue().isascii()
    document: dict[str, Any] = json.loads(stream.getvalue())
    official.validate(document)
    for run in document["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(rules) == len(set(rules))
        assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
        for result in run["results"]:
            assert (result["kind"] == "fail") or result["level"] == "none"
            for location in result["locations"]:
                place = location["physicalLocation"]
                assert place["region"]["startLine"] >= 1
                assert re.fullmatch(r"[\x21-\x7e]+", place["artifactLocation"]["uri"])
    names = [run["automationDetails"]["id"] for run in document["runs"]]
    assert len(names) == len(set(names))
    return document


def results(document: dict[str, Any], tool: str) -> list[dict[str, Any]]:
    return [
        result
        for run in document["runs"]
        if run["tool"]["driver"]["name"] == tool
        for result in run["results"]
    ]


def test_official_schema(
    official: Draft4Validator,
    mixed: dict[str, Any],
    fleet: dict[str, Any],
    empty: dict[str, Any],
    only_scanned: dict[str, Any],
) -> None:
    for report in (mixed, fleet, empty, only_scanned):
        checked(report, official)
    assert not official.is_valid({"version": "2.1.0", "runs": [{"results": []}]})


def test_hostile_text(
    hostile_text: str, hostile: Callable[[str], dict[str, Any]], official: Draft4Validator
) -> None:
    document = checked(hostile(hostile_text), official)
    for run in document["runs"]:
        for result in run["results"]:
            assert "](" not in result["message"]["text"]
            assert result["message"]["text"].replace("\n", "").isprintable()
            for location in result["locations"]:
                where = location["physicalLocation"]["artifactLocation"]
                base = "file:///src/root/"
                if "uriBaseId" in where:
                    assert urljoin(base, where["uri"]).startswith(base)
                    assert ".." not in unquote(where["uri"]).split("/")


def test_verdicts_have_kinds_levels_and_suppressions(mixed: dict[str, Any]) -> None:
    by_kind = {result["ruleId"]: result for result in results(build(mixed), "hullguard")}
    of = {result["verdict"]: result["id"] for result in mixed["hosts"][0]["results"]}
    assert by_kind[of["fail"]]["kind"] == "fail"
    assert by_kind[of["fail"]]["level"] in ("error", "warning", "note")
    assert (by_kind[of["unknown"]]["kind"], by_kind[of["manual"]]["kind"]) == ("open", "review")
    (accepted,) = by_kind[of["waived"]]["suppressions"]
    assert (accepted["kind"], accepted["status"]) == ("external", "accepted")
    assert all(word in accepted["justification"] for word in ("Vendor image", "platform", "2027-01-31"))
    assert not {of["pass"], of["not_applicable"]} & set(by_kind)
    assert build(mixed)["runs"][0]["properties"]["verdicts"]["pass"] == 1


def test_one_result_per_host_control_and_object(fleet: dict[str, Any]) -> None:
    found = results(build(fleet), "hullguard")
    wanted = sum(
        max(1, len(result["objects"])) if result["verdict"] in ("fail", "waived") else 1
        for host in fleet["hosts"]
        for result in host["results"]
        if result["verdict"] in ("fail", "waived", "unknown", "manual")
    )
    assert len(found) == wanted + 1
    assert [result["ruleId"] for result in found].count("host_not_audited") == 1


def test_rules_say_what_a_service_wants(mixed: dict[str, Any]) -> None:
    (fail,) = [result for result in mixed["hosts"][0]["results"] if result["verdict"] == "fail"]
    rules = {rule["id"]: rule for rule in build(mixed)["runs"][0]["tool"]["driver"]["rules"]}
    rule = rules[fail["id"]]
    assert rule["shortDescription"]["text"] == fail["title"]
    assert rule["fullDescription"]["text"] == fail["why"]
    assert fail["fix"] in rule["help"]["text"]
    assert fail["breaks"] in rule["help"]["markdown"]
    assert rule["properties"]["security-severity"] == {"medium": "5.5", "high": "8.0"}[fail["severity"]]
    assert "security" in rule["properties"]["tags"]
    (trivy,) = [run for run in build(mixed)["runs"] if run["tool"]["driver"]["name"] == "trivy"]
    rules = {rule["id"]: rule for rule in trivy["tool"]["driver"]["rules"]}
    assert rules["CVE-2026-1001"]["helpUri"] == "https://security.example.org/CVE-2026-1001"
    assert rules["CVE-2026-1001"]["properties"]["security-severity"] == "9.5"
    assert rules["CVE-2026-1004"]["properties"]["security-severity"] == "2.0"


def test_findings_keep_their_fingerprint_place_and_waiver(mixed: dict[str, Any]) -> None:
    document = build(mixed)
    (lint,) = results(document, "hadolint")
    where = lint["locations"][0]["physicalLocation"]
    assert where["artifactLocation"] == {"uri": "app/Dockerfile", "uriBaseId": "%SRCROOT%"}
    assert where["region"] == {"startLine": 7}
    prints = {finding["id"]: finding["fingerprint"] for finding in mixed["findings"]}
    assert lint["partialFingerprints"]["hullguard/v1"] == prints["DL3002"]
    found = {result["ruleId"]: result for result in results(document, "trivy")}
    assert {key for key, result in found.items() if "suppressions" in result} == {
        "CVE-2026-1003",
        "CVE-2026-1005",
    }
    assert "billing" in found["CVE-2026-1003"]["suppressions"][0]["justification"]
    assert "breach: 12 days over" in found["CVE-2026-1001"]["message"]["text"]
    uri = found["CVE-2026-1001"]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "docker-image/registry.example.org/billing%3A1.4"


def test_a_scanner_that_gave_nothing_is_no_clean_run(mixed: dict[str, Any]) -> None:
    runs = {run["tool"]["driver"]["name"]: run for run in build(mixed)["runs"]}
    assert not {"cosign", "grype"} & set(runs)  # an empty run would close what they found earlier
    calls = runs["trivy"]["invocations"]
    assert sorted(call["executionSuccessful"] for call in calls) == [False, True]
    (failed,) = [call for call in calls if not call["executionSuccessful"]]
    assert "did not end within 300 s" in failed["toolExecutionNotifications"][0]["message"]["text"]
    own = runs["hullguard"]["invocations"]
    assert [call["executionSuccessful"] for call in own] == [True, False]
    notes = own[0]["toolExecutionNotifications"]
    (absent,) = [note for note in notes if note["descriptor"]["id"] == "scanner_not_run"]
    assert absent["level"] == "note"
    assert "See its project." in absent["message"]["text"]
    silent = [result for result in runs["hullguard"]["results"] if result["ruleId"] == "scanner_unknown"]
    assert [result["kind"] for result in silent] == ["open", "open"]
    assert runs["syft"]["results"] == []


def test_a_scan_is_not_compared_with_an_audit(
    mixed: dict[str, Any], only_scanned: dict[str, Any], careless: dict[str, Any]
) -> None:
    names = [
        build(report)["runs"][0]["automationDetails"]["id"] for report in (mixed, careless, only_scanned)
    ]
    assert names == ["hullguard/verdicts/", "hullguard/verdicts/", "hullguard/scans/"]


def test_hosts_without_evidence_and_what_was_not_seen(fleet: dict[str, Any]) -> None:
    own = build(fleet)["runs"][0]["invocations"][0]
    assert own["executionSuccessful"] is False
    assert own["endTimeUtc"] == "2026-10-02T09:14:09Z"
    texts = [note["message"]["text"] for note in own["toolExecutionNotifications"]]
    assert any("No route to host" in text for text in texts)


def test_fingerprints_do_not_hang_on_order_time_or_reason(mixed: dict[str, Any]) -> None:
    def prints(report: dict[str, Any]) -> set[str]:
        return {
            result["partialFingerprints"]["hullguard/v1"] for result in results(build(report), "hullguard")
        }

    (host,) = mixed["hosts"]
    later = [{**result, "reason": "Other words."} for result in host["results"][::-1]]
    assert prints(
        {**mixed, "generated_at": "2027-01-01T00:00:00Z", "hosts": [{**host, "results": later}]}
    ) == prints(mixed)
    assert not prints({**mixed, "hosts": [{**host, "name": "other"}], "scans": []}) & prints(mixed)


def test_two_objects_of_one_name_have_two_fingerprints(mixed: dict[str, Any]) -> None:
    (host,) = mixed["hosts"]
    fail = next(result for result in host["results"] if result["verdict"] == "fail")
    twice = {**fail, "objects": [{"kind": "file", "name": "x", "detail": detail} for detail in ("a", "b")]}
    found = results(build({**mixed, "scans": [], "hosts": [{**host, "results": [twice]}]}), "hullguard")
    assert len({result["partialFingerprints"]["hullguard/v1"] for result in found}) == 2


def test_long_runs_are_split(
    mixed: dict[str, Any], official: Draft4Validator, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = results(build(mixed), "trivy")
    monkeypatch.setattr(sarif, "RUN_RESULTS", 2)
    document = checked(mixed, official)
    assert [len(run["results"]) for run in document["runs"] if run["tool"]["driver"]["name"] == "trivy"] == [
        2,
        2,
        1,
    ]
    assert [result["ruleId"] for result in results(document, "trivy")] == [
        result["ruleId"] for result in whole
    ]


@pytest.mark.parametrize(
    ("kind", "name", "path", "uri"),
    [
        ("file", "a b/ü#?.yml", "", "a%20b/%C3%BC%23%3F.yml"),
        ("file", "x", "./a//b", "a/b"),
        ("file", "../../etc/passwd", "", "~../~../etc/passwd"),
        ("file", "", "", "scanned"),
        ("dir", "/srv/a b", "", "file:///srv/a%20b"),
        ("image", "a/b:1", "app/../.env", "docker-image/a/b%3A1/app/~../.env"),
        ("host", "", "", "docker-host/scanned"),
        ("container", "..", "", "docker-container/~.."),
        ("container", "%2e%2e", "", "docker-container/%252e%252e"),
    ],
)
def test_addresses(kind: str, name: str, path: str, uri: str) -> None:
    assert artifact({"kind": kind, "name": name}, path)["uri"] == uri


def test_long_names_stay_apart() -> None:
    assert segment("n" * 300 + "a") != segment("n" * 300 + "b")
    assert len(segment("n" * 10_000)) < 300


def test_messages_hold_no_links() -> None:
    assert message("[x](http://evil.example)") == {"text": "[x] (http://evil.example)"}


def test_a_difference_is_refused(diff: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="sarif can't show a difference"):
        sarif.write_diff(diff, io.StringIO(), None)  # type: ignore[arg-type]


def test_snapshot(mixed: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    stream = io.StringIO()
    write_report("sarif", mixed, stream)
    assert stream.getvalue() == snapshot
