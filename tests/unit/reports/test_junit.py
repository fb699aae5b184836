"""reports/junit.py and junit_xml.py, read back by another's reader."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite
from syrupy.assertion import SnapshotAssertion

from hullguard.audit import counts
from hullguard.reports import write_diff, write_report
from hullguard.reports.vocabulary import tally


def written(report: dict[str, Any]) -> str:
    stream = io.StringIO()
    writer = write_diff if report["schema"].startswith("hullguard/diff") else write_report
    writer("junit", report, stream)
    return stream.getvalue()


def suites(report: dict[str, Any]) -> dict[str, TestSuite]:
    return {str(suite.name): suite for suite in JUnitXml.fromstring(written(report).encode())}


def outcome(case: TestCase) -> Any:
    return case.result[0] if case.result else None


def test_a_suite_per_host_with_every_verdict(fleet: dict[str, Any]) -> None:
    read = suites(fleet)
    assert set(read) == {host["name"] for host in fleet["hosts"]}
    for host in fleet["hosts"][:2]:
        suite, verdicts = read[host["name"]], tally(host["results"])
        assert suite.tests == len(host["results"])
        assert suite.failures == verdicts["fail"]
        assert suite.errors == verdicts["unknown"]
        assert suite.skipped == verdicts["manual"] + verdicts["waived"] + verdicts["not_applicable"]


def test_a_host_without_evidence_is_an_error(fleet: dict[str, Any]) -> None:
    suite = suites(fleet)["docker-03.example.org"]
    (case,) = suite
    assert isinstance(outcome(case), Error)
    assert "No route to host" in outcome(case).message


def test_a_fail_says_what_and_how_and_a_waiver_who(mixed: dict[str, Any]) -> None:
    (host,) = mixed["hosts"]
    cases = {str(case.name).split()[-1]: outcome(case) for case in suites(mixed)[host["name"]]}
    by_verdict = {result["verdict"]: result for result in host["results"]}
    fail = by_verdict["fail"]
    assert isinstance(cases[fail["id"]], Failure)
    for text in (fail["reason"], fail["fix"], fail["breaks"], *(o["name"] for o in fail["objects"])):
        assert text in cases[fail["id"]].text
    accepted = cases[by_verdict["waived"]["id"]].message
    assert all(word in accepted for word in ("waived", "Vendor image", "platform", "2027-01-31"))
    assert isinstance(cases[by_verdict["unknown"]["id"]], Error)
    assert isinstance(cases[by_verdict["manual"]["id"]], Skipped)
    assert cases[by_verdict["pass"]["id"]] is None


def test_findings_fail_as_the_gate_does(mixed: dict[str, Any]) -> None:
    cases = {str(case.name).split()[0]: outcome(case) for suite in suites(mixed).values() for case in suite}
    for finding in mixed["findings"]:
        found = cases[finding["id"]]
        assert isinstance(found, Failure if counts(finding) else Skipped), finding["id"]
    assert "billing" in cases["CVE-2026-1003"].message
    assert "due in 28 days" in cases["CVE-2026-1002"].message
    assert "breach: 12 days over" in cases["CVE-2026-1001"].message


def test_scanners_that_gave_nothing_are_no_pass(mixed: dict[str, Any]) -> None:
    read = suites(mixed)
    image = "registry.example.org/billing:1.4"
    (absent,) = read[f"grype on image {image}"]
    assert isinstance(outcome(absent), Skipped)
    assert "See its project." in outcome(absent).message
    for name in (f"cosign on image {image}", "trivy on image scratch:2"):
        (case,) = read[name]
        assert isinstance(outcome(case), Error)
    (clean,) = read[f"syft on image {image}"]
    assert (clean.name, outcome(clean)) == ("ran, found nothing", None)


def test_a_finding_of_an_object_that_no_scan_names_has_its_own_suite(mixed: dict[str, Any]) -> None:
    other = {**mixed["findings"][0], "object": {"kind": "image", "name": "other", "detail": ""}}
    twice = [{**scan, "tool": "trivy", "status": "ran"} for scan in mixed["scans"][2:]]
    read = suites({**mixed, "findings": [other], "scans": twice})
    assert read["trivy on image other"].failures == 1


def test_hostile_text_is_legal_xml(hostile_text: str, hostile: Callable[[str], dict[str, Any]]) -> None:
    tame = JUnitXml.fromstring(written(hostile("tame")).encode())
    text = written(hostile(hostile_text))
    assert text.replace("\n", "").isprintable()
    read = JUnitXml.fromstring(text.encode())
    assert read.tests >= tame.tests > 10
    assert sum(suite.failures for suite in read) == sum(suite.failures for suite in tame)
    assert len(text) < 300_000


def test_hostile_diffs(hostile_text: str, hostile_diff: Callable[[str], dict[str, Any]]) -> None:
    assert JUnitXml.fromstring(written(hostile_diff(hostile_text)).encode()).tests == 4


def test_a_difference_has_a_case_per_change(diff: dict[str, Any]) -> None:
    read = suites(diff)
    changes = diff["hosts"][0]["changes"]
    suite = read[diff["hosts"][0]["name"]]
    assert suite.tests == len(changes)
    assert suite.errors == sum(change["after"] == "unknown" for change in changes) > 0
    (case,) = read["docker-02.example.org"]
    assert isinstance(outcome(case), Skipped)
    gone = {**diff, "hosts": [{**diff["hosts"][1], "only_in": "before"}]}
    assert suites(gone)["docker-02.example.org"].errors == 1


def test_an_empty_report_holds_no_test(empty: dict[str, Any]) -> None:
    assert JUnitXml.fromstring(written(empty).encode()).tests == 0


def test_snapshot(mixed: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert written(mixed) == snapshot
