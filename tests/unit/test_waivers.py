from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hullguard.errors import InputError
from hullguard.paths import compliance_dir
from hullguard.scanners.finding import MISCONFIGURATION, Finding, fingerprinted
from hullguard.verdict import FAIL, WAIVED, Object, Verdict, failed, passed, unknown
from hullguard.waivers import Waiver, apply, apply_findings, expired, load, reported, standing, unused

TODAY = date(2026, 11, 24)
ROW = {
    "control": "privileged",
    "reason": "Needed by the backup",
    "owner": "ops",
    "approver": "ciso",
    "expires": "2027-01-31",
}


def write(tmp_path: Path, *rows: Any, text: str | None = None) -> Path:
    path = tmp_path / "waivers.yml"
    path.write_text(yaml.safe_dump({"waivers": list(rows)}) if text is None else text)
    return path


def waiver(**changes: Any) -> Waiver:
    return Waiver(**{**ROW, "expires": date(2027, 1, 31), **changes})


def test_waivers_are_read(tmp_path: Path) -> None:
    assert load(write(tmp_path, ROW), TODAY) == [waiver()]
    assert load(write(tmp_path, {**ROW, "expires": date(2027, 1, 31)}), TODAY) == [waiver()]
    assert load(write(tmp_path), TODAY) == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"control": "privilegd"}, "waivers[0]: There is no control 'privilegd'. Did you mean privileged"),
        ({"expires": "2027-13-01"}, "waivers[0].expires: '2027-13-01' is no date"),
        ({"expires": "soon"}, "is no date"),
        ({"expires": "2028-01-01"}, "more than 365 days ahead"),
        ({"ownr": "x"}, "'ownr' was unexpected"),
        ({"reason": "short"}, "waivers[0].reason"),
        ({"owner": ""}, "waivers[0].owner"),
        ({"object": 5}, "waivers[0].object"),
        ({"fingerprint": "0" * 64}, "control and fingerprint is given: a waiver is of one thing"),
        ({"tool": "trivy", "rule": "CVE-2026-1"}, "control and tool is given"),
        ({"rule": "CVE-2026-1"}, "tool and rule belong together"),
    ],
)
def test_a_typo_is_told_with_its_place(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = write(tmp_path, {**ROW, **changes})
    with pytest.raises(InputError) as caught:
        load(path, TODAY)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "waivers:",
        "waiver: []",
        "waivers: {}",
        "waivers: [1]",
        "waivers: [{expires: 2027-02-30}]",
        "a: [",
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        load(write(tmp_path, text=text), TODAY)


def test_a_missing_member_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'approver' is a required property"):
        load(write(tmp_path, {key: value for key, value in ROW.items() if key != "approver"}), TODAY)


TWO = failed("2 of 3 containers differ.", Object("container", "backup"), Object("container", "web"))


def test_only_what_is_waived_is_waived() -> None:
    verdict, shown = apply(TWO, "privileged", "h1", [waiver(object="backup")], TODAY)
    assert verdict.verdict == FAIL
    assert [obj.name for obj in verdict.objects] == ["web"]
    assert "1 more waived" in verdict.reason
    assert shown is None


def test_all_waived_is_waived() -> None:
    verdict, shown = apply(
        TWO,
        "privileged",
        "h1",
        [waiver(object="backup", expires=date(2026, 12, 1)), waiver(object="w*")],
        TODAY,
    )
    assert verdict.verdict == WAIVED
    assert shown is not None
    assert shown["expires"] == "2026-12-01"


@pytest.mark.parametrize(
    "other", [{"control": "host_pid"}, {"host": "h2"}, {"object": "nothing"}, {"expires": date(2026, 11, 23)}]
)
def test_what_is_not_meant_is_not_waived(other: dict[str, Any]) -> None:
    assert apply(TWO, "privileged", "h1", [waiver(**other)], TODAY) == (TWO, None)


def test_the_last_day_still_holds() -> None:
    assert apply(TWO, "privileged", "h1", [waiver(expires=TODAY)], TODAY)[0].verdict == WAIVED


@pytest.mark.parametrize("verdict", [passed("x"), unknown("x")])
def test_only_a_fail_is_waived(verdict: Verdict) -> None:
    assert apply(verdict, "privileged", "h1", [waiver()], TODAY) == (verdict, None)


def test_a_fail_without_objects_needs_a_waiver_of_all() -> None:
    bare = failed("No login environment sets it.")
    assert apply(bare, "privileged", "h1", [waiver()], TODAY)[0].verdict == WAIVED
    assert apply(bare, "privileged", "h1", [waiver(object="x")], TODAY)[0].verdict == FAIL


def test_expired_ones_are_known() -> None:
    old = waiver(expires=date(2026, 11, 23))
    assert expired([old, waiver(expires=TODAY)], TODAY) == [old]


# --- findings

PLAIN = {key: value for key, value in ROW.items() if key != "control"}
FOUND = fingerprinted(
    Finding(rule, rule, "high", MISCONFIGURATION, Object(kind, name), tool, "1", control=control)
    for rule, kind, name, tool, control in (
        ("CVE-2026-1", "image", "app:1", "trivy", None),
        ("CVE-2026-1", "image", "db:2", "trivy", None),
        ("CVE-2026-1", "image", "app:1", "grype", None),
        ("DL3002", "file", "Dockerfile", "hadolint", "image_user"),
        ("5.5", "host", "", "docker-bench", "privileged"),
    )
)
FIRST = FOUND[0].fingerprint


def waived(*waivers: Waiver, host: str = "") -> list[tuple[str, str, str]]:
    judged = apply_findings(FOUND, waivers, TODAY, host)
    assert judged == FOUND  # nothing is gone: a waiver is no part of equality
    return sorted((f.tool, f.id, f.object.name) for f in judged if f.waiver)


def of_finding(**changes: Any) -> Waiver:
    return waiver(**{"control": "", **changes})


@pytest.mark.parametrize(
    "row",
    [
        {**PLAIN, "fingerprint": "0" * 64},
        {**PLAIN, "tool": "trivy", "rule": "CVE-2026-1", "object": "app:*", "host": "ci-*"},
        {**PLAIN, "tool": "hullguard", "rule": "base_image_age"},
    ],
)
def test_waivers_of_findings_are_read(tmp_path: Path, row: dict[str, str]) -> None:
    read = load(write(tmp_path, row), TODAY)
    assert read == [Waiver(**{"control": "", **row, "expires": date(2027, 1, 31)})]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (PLAIN, "waivers[0]: nothing is given: a waiver is of one thing"),
        ({**PLAIN, "fingerprint": "0" * 64, "tool": "trivy", "rule": "x"}, "fingerprint and tool is given"),
        ({**PLAIN, "tool": "trivy"}, "tool and rule belong together"),
        ({**PLAIN, "tool": "trivi", "rule": "x"}, "There is no scanner 'trivi'. Did you mean trivy"),
        ({**PLAIN, "fingerprint": "0" * 63}, "waivers[0].fingerprint"),
        ({**PLAIN, "fingerprint": "0" * 64 + "\n"}, "waivers[0].fingerprint"),
        ({**PLAIN, "tool": "trivy", "rule": ""}, "waivers[0].rule"),
    ],
)
def test_a_waiver_is_of_one_thing(tmp_path: Path, row: dict[str, str], message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(write(tmp_path, row), TODAY)
    assert message in str(caught.value)


def test_a_fingerprint_waives_one_finding() -> None:
    one = FOUND[0]
    assert waived(of_finding(fingerprint=FIRST)) == [(one.tool, one.id, one.object.name)]
    assert waived(of_finding(fingerprint="0" * 64)) == []


def test_a_rule_is_one_tools_and_narrowed_by_objects() -> None:
    rule = {"tool": "trivy", "rule": "CVE-2026-1"}
    assert waived(of_finding(**rule)) == [("trivy", "CVE-2026-1", "app:1"), ("trivy", "CVE-2026-1", "db:2")]
    assert waived(of_finding(**rule, object="app:*")) == [("trivy", "CVE-2026-1", "app:1")]
    assert waived(of_finding(tool="trivy", rule="CVE-2026-*")) == []
    assert waived(of_finding(tool="grype", rule="CVE-2026-1")) == [("grype", "CVE-2026-1", "app:1")]


def test_a_control_waives_what_says_the_same() -> None:
    assert waived(waiver(control="image_user")) == [("hadolint", "DL3002", "Dockerfile")]
    assert waived(waiver(control="host_pid")) == []


def test_what_belongs_to_no_host_is_not_waived_for_one() -> None:
    named = waiver(control="privileged", host="ci-*")
    assert waived(named) == []
    assert waived(named, host="web-1") == []
    assert waived(named, host="ci-1") == [("docker-bench", "5.5", "")]


def test_an_expired_waiver_brings_the_finding_back() -> None:
    assert waived(of_finding(fingerprint=FIRST, expires=TODAY))
    assert not waived(of_finding(fingerprint=FIRST, expires=date(2026, 11, 23)))


def test_the_waiver_that_holds_longest_is_shown() -> None:
    given = [of_finding(fingerprint=FIRST, expires=TODAY), of_finding(tool=FOUND[0].tool, rule=FOUND[0].id)]
    judged = apply_findings(FOUND, given, TODAY)
    assert judged[0].waiver is not None
    assert judged[0].waiver["expires"] == "2027-01-31"


def test_a_waiver_of_a_finding_waives_no_verdict() -> None:
    assert apply(TWO, "privileged", "h1", [of_finding(tool="trivy", rule="privileged")], TODAY) == (TWO, None)
    assert apply(TWO, "", "h1", [of_finding(fingerprint=FIRST)], TODAY) == (TWO, None)


# --- what is reported


def test_expired_ones_are_reported() -> None:
    old = of_finding(fingerprint=FIRST, expires=date(2026, 11, 23))
    lines = reported([old], FOUND, TODAY)
    assert len(lines) == 1
    assert f"finding {FIRST[:12]}" in lines[0]
    assert "expired on 2026-11-23: its findings are back (owner ops)" in lines[0]


@pytest.mark.parametrize(("name", "host", "broad"), [("*", "*", True), ("**", "?*", True), ("a*", "*", False), ("*", "h?", False), ("?", "*", False)])  # fmt: skip
def test_too_broad_ones_are_reported(name: str, host: str, broad: bool) -> None:
    lines = standing([waiver(object=name, host=host)], TODAY)
    assert bool(lines) == broad
    assert all("privileged" in line and "too broad" in line for line in lines)


def test_one_finding_is_never_too_broad() -> None:
    assert standing([of_finding(fingerprint=FIRST)], TODAY) == []
    assert "too broad" in standing([of_finding(tool="trivy", rule="CVE-2026-1")], TODAY)[0]


def test_unused_ones_are_reported() -> None:
    rule = of_finding(tool="trivy", rule="CVE-2026-1", object="app:*")
    gone = of_finding(tool="trivy", rule="CVE-2026-2", object="app:*")
    unknown_one = of_finding(fingerprint="0" * 64)
    lines = reported([rule, gone, unknown_one], FOUND, TODAY)
    assert len(lines) == 2
    assert "trivy CVE-2026-2 for 'app:*' covered nothing in this run" in lines[0]
    assert "no finding has that fingerprint" in lines[1]


def test_a_scan_does_not_say_that_a_controls_waiver_is_unused() -> None:
    assert reported([waiver(object="backup")], FOUND, TODAY) == []


def test_an_audit_tells_which_were_used() -> None:
    backup, never = waiver(object="backup"), waiver(object="never")
    used: set[Waiver] = set()
    apply(TWO, "privileged", "h1", [backup, never], TODAY, used)
    assert used == {backup}
    lines = unused([backup, never, waiver(object="x", expires=date(2026, 11, 23))], used, TODAY)
    assert len(lines) == 1
    assert "privileged for 'never' covered nothing" in lines[0]
    used.clear()
    apply(failed("No login environment sets it."), "privileged", "h1", [waiver()], TODAY, used)
    assert used == {waiver()}


def test_the_example_is_valid_and_waives_nothing() -> None:
    assert load(compliance_dir() / "waivers.yml", TODAY) == []


def test_what_the_example_shows_is_valid(tmp_path: Path) -> None:
    lines = (compliance_dir() / "waivers.yml").read_text(encoding="utf-8").splitlines()
    shown = lines[lines.index("# waivers:") :]
    text = "\n".join(line.removeprefix("# ").removeprefix("#") for line in shown if line.startswith("#"))
    assert [w.control or w.tool for w in load(write(tmp_path, text=text), TODAY)] == [
        "engine_socket_mounted",
        "trivy",
    ]
