"""The vulnerability policy: by when what has to be fixed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from hullguard import first_seen
from hullguard.errors import HullguardError, InputError
from hullguard.first_seen import Seen, read, remember
from hullguard.paths import compliance_dir
from hullguard.scanners.finding import MISCONFIGURATION, VULNERABILITY, Finding, Package, fingerprinted
from hullguard.verdict import Object
from hullguard.vulnerabilities import Policy, base_images, judge, load, load_exploited

TODAY = date(2026, 11, 24)
OURS = load()


def vulnerability(
    name: str = "CVE-2026-1000", severity: str = "high", fixed: str = "2.0", **changes: Any
) -> Finding:
    made = Finding(
        name,
        name,
        severity,
        VULNERABILITY,
        Object("image", "app:1"),
        "trivy",
        "1",
        package=Package("ssl", "1.0", fixed),
    )
    return replace(fingerprinted([made])[0], **changes)


def due(finding: Finding, policy: Policy = OURS, **seen: date) -> dict[str, Any]:
    known = {finding.fingerprint: Seen(**seen)} if seen else {}
    (judged,) = judge([finding], policy, TODAY, known)
    assert judged.due is not None
    assert set(judged.due) == {"state", "by", "days", "reason"}
    return judged.due


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


@pytest.mark.parametrize(
    ("severity", "first", "state", "days"),
    [
        ("critical", 0, "due", 7),
        ("critical", 7, "due", 0),
        ("critical", 8, "breach", -1),
        ("high", 29, "due", 1),
        ("high", 31, "breach", -1),
        ("medium", 90, "due", 0),
        ("low", 181, "breach", -1),
    ],
)
def test_days_count_from_the_first_sighting(severity: str, first: int, state: str, days: int) -> None:
    found = due(vulnerability(severity=severity), first=ago(first), fixable=ago(first))
    assert (found["state"], found["days"]) == (state, days)
    assert found["by"] == (TODAY + timedelta(days=days)).isoformat()
    assert ago(first).isoformat() in found["reason"]


def test_without_a_record_the_days_begin_today_and_it_says_so() -> None:
    found = due(vulnerability())
    assert (found["state"], found["days"]) == ("due", 30)
    assert "nothing tells since when it is known" in found["reason"]


def test_a_record_from_the_future_gives_no_more_time() -> None:
    assert due(vulnerability(), first=ago(-500), fixable=ago(-500))["days"] == 30


def test_no_last_day_is_fine() -> None:
    found = due(vulnerability(severity="low"), replace(OURS, days={**OURS.days, "low": None}), first=ago(999))
    assert (found["state"], found["by"], found["days"]) == ("fine", None, None)


def test_what_no_version_fixes_is_ignored_until_one_does() -> None:
    found = due(vulnerability(fixed=""), first=ago(999))
    assert (found["state"], found["reason"]) == ("ignored", "no version fixes it yet")
    assert due(vulnerability(), first=ago(999), fixable=ago(2))["days"] == 28


def test_what_no_version_fixes_is_judged_where_the_policy_says_so() -> None:
    policy = replace(OURS, ignore_unfixed=False)
    assert due(vulnerability(fixed=""), policy, first=ago(31))["state"] == "breach"
    assert due(vulnerability(), policy, first=ago(31), fixable=ago(2))["state"] == "breach"


def test_what_is_exploited_is_urgent_and_never_ignored() -> None:
    policy = replace(OURS, exploited=frozenset({"CVE-2026-1000"}))
    for finding in (vulnerability("cve-2026-1000", "low"), vulnerability(severity="low", fixed="")):
        found = due(finding, policy, first=ago(4))
        assert (found["state"], found["days"]) == ("breach", -1)
        assert "known to be exploited" in found["reason"]
    assert due(vulnerability("CVE-2026-2000", "low"), policy, first=ago(4))["state"] == "due"


def test_what_is_accepted_is_ignored() -> None:
    waiver = {"reason": "r", "owner": "o", "approver": "a", "expires": "2026-12-31"}
    found = due(vulnerability(waiver=waiver), first=ago(999))
    assert (found["state"], found["reason"]) == ("ignored", "accepted until 2026-12-31")


def test_other_findings_have_no_last_day() -> None:
    other = replace(vulnerability(), kind=MISCONFIGURATION)
    assert judge([other], OURS, TODAY, {})[0].due is None


def test_a_tool_that_tells_no_package_is_judged() -> None:
    assert due(replace(vulnerability(), package=None))["state"] == "due"


# --- the policy's file


def written(tmp_path: Path, **changes: Any) -> Path:
    document = yaml.safe_load(
        (compliance_dir() / "policies" / "vulnerability.yml").read_text(encoding="utf-8")
    )
    path = tmp_path / "policy.yml"
    path.write_text(yaml.safe_dump({**document, **changes}))
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"days": {"critical": 7}}, "days: 'high' is a required property"),
        ({"days": {"critical": -1, "high": 1, "medium": 1, "low": 1}}, "days.critical"),
        ({"days": {"critical": "7", "high": 1, "medium": 1, "low": 1}}, "days.critical"),
        ({"unfixed": "maybe"}, "unfixed"),
        ({"exploted": {}}, "'exploted' was unexpected"),
        ({"exploited": {"days": 3, "list": "none.json"}}, "none.json: can't be read"),
        ({"base_images": {"allowed": "debian", "max_age_days": 1}}, "base_images.allowed"),
    ],
)
def test_a_typo_is_told_with_its_place(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(written(tmp_path, **changes))
    assert message in str(caught.value)


def test_the_list_lies_beside_the_policy_or_is_given(tmp_path: Path) -> None:
    (tmp_path / "kev.txt").write_text("CVE-2026-1000\n")
    (tmp_path / "other.txt").write_text("CVE-2026-3000\n")
    path = written(tmp_path, exploited={"days": 1, "list": "kev.txt"})
    assert load(path).exploited == {"CVE-2026-1000"}
    assert load(path, tmp_path / "other.txt").exploited == {"CVE-2026-3000"}


@pytest.mark.parametrize(
    "text",
    [
        '{"title": "KEV", "vulnerabilities": [{"cveID": "CVE-2026-1000", "vendorProject": "x"}, {"cveID": "cve-2026-20000"}]}',
        '\ufeff {"vulnerabilities": [{"cveID": "CVE-2026-1000"}, {"cveID": "CVE-2026-20000"}]}',
        '["CVE-2026-1000", "CVE-2026-20000"]',
        "# ours\nCVE-2026-1000\n\n  cve-2026-20000  # why\r\n",
    ],
)  # fmt: skip
def test_lists_of_exploited_vulnerabilities(tmp_path: Path, text: str) -> None:
    (tmp_path / "list").write_text(text.lstrip(), encoding="utf-8")
    assert load_exploited(tmp_path / "list") == {"CVE-2026-1000", "CVE-2026-20000"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "names no CVE"),
        ("# nothing\n", "names no CVE"),
        ("[]", "names no CVE"),
        ('{"vulnerabilities": []}', "names no CVE"),
        ("{}", "neither CISA's catalogue"),
        ('{"vulnerabilities": [{"cve": "CVE-2026-1000"}]}', "neither CISA's catalogue"),
        ('{"vulnerabilities": [{"cveID": 5}]}', "is no CVE number"),
        ('{"vulnerabilities": [{"cveID": "CVE-2026-10', "not valid JSON"),
        ("CVE-2026-1000\n<html>\n", "list:2: '<html>' is no CVE number"),
    ],
)
def test_a_broken_list_is_no_empty_list(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "list").write_text(text)
    with pytest.raises(InputError) as caught:
        load_exploited(tmp_path / "list")
    assert message in str(caught.value)


# --- since when


def test_the_first_day_is_kept(tmp_path: Path) -> None:
    path, finding = tmp_path / "seen.json", vulnerability(fixed="")
    assert remember(path, [finding], ago(20)) == {finding.fingerprint: Seen(ago(20))}
    fixed = vulnerability()
    assert fixed.fingerprint == finding.fingerprint
    assert remember(path, [fixed], ago(10))[fixed.fingerprint] == Seen(ago(20), ago(10))
    assert remember(path, [], ago(5))[fixed.fingerprint] == Seen(ago(20), ago(10))
    assert remember(path, [fixed], TODAY)[fixed.fingerprint] == Seen(ago(20), ago(10))
    assert read(path) == {fixed.fingerprint: Seen(ago(20), ago(10))}
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["seen.json"]


def test_only_vulnerabilities_are_kept(tmp_path: Path) -> None:
    other = replace(vulnerability(), kind=MISCONFIGURATION)
    assert remember(tmp_path / "seen.json", [other, replace(vulnerability(), fingerprint="")], TODAY) == {}
    assert read(tmp_path / "seen.json") == {}


def test_an_unchanged_record_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "seen.json"
    remember(path, [vulnerability()], TODAY)
    before = path.stat().st_ino
    remember(path, [vulnerability()], TODAY)
    assert path.stat().st_ino == before


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not valid JSON"),
        ("[]", "no record of first sightings"),
        ('{"schema": "hullguard/first-seen/1"}', "findings is missing"),
        ('{"schema": "hullguard/first-seen/1", "findings": {"x": {"first": "2026-01-01", "fixable": null}}}', "findings['x']"),
        (f'{{"schema": "hullguard/first-seen/1", "findings": {{"{"0" * 64}": {{"first": "soon", "fixable": null}}}}}}', "is no record"),
        (f'{{"schema": "hullguard/first-seen/1", "findings": {{"{"0" * 64}": {{"first": "2026-01-01"}}}}}}', "is no record"),
    ],
)  # fmt: skip
def test_a_broken_record_is_told_and_kept(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "seen.json"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        remember(path, [vulnerability()], TODAY)
    assert message in str(caught.value)
    assert path.read_text() == text


def test_a_record_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="does not exist"):
        remember(tmp_path / "none" / "seen.json", [], TODAY)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(first_seen.json, "dump", full)
    with pytest.raises(HullguardError, match="No space left"):
        remember(tmp_path / "seen.json", [vulnerability()], TODAY)
    assert list(tmp_path.iterdir()) == []


def test_two_scans_at_once_lose_nothing(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    path = tmp_path / "seen.json"
    findings = [vulnerability(f"CVE-2026-{number}") for number in range(1000, 1024)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: remember(path, [one], TODAY), findings))
    assert set(read(path)) == {one.fingerprint for one in findings}


# --- base images

STRICT = replace(OURS, allowed=("debian:*", "registry.example.com/base/*"), max_age_days=30)


def rules(created_at: str, *names: str, policy: Policy = STRICT) -> list[tuple[str, str]]:
    return [(f.id, f.severity) for f in base_images(created_at, names, policy, TODAY)]


def test_a_base_that_is_allowed_and_young() -> None:
    assert rules("2026-11-20T00:00:00.123456789Z", "debian:13") == []
    assert rules("2026-10-25", "other:1", "registry.example.com/base/go:1") == []


def test_a_base_that_is_not_allowed_or_old() -> None:
    assert rules("2026-11-20", "alpine:3") == [("base_image_not_allowed", "high")]
    assert rules("2026-10-24", "debian:13") == [("base_image_age", "medium")]
    (found,) = base_images("2026-10-24", ["debian:13"], STRICT, TODAY)
    assert "31 days old; the policy allows 30" in found.title
    assert found.object == Object("image", "debian:13")


@pytest.mark.parametrize(
    "created_at", ["", "soon", "1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "2026-11-25", "2026-02-30"]
)
def test_an_age_that_nothing_tells_is_no_pass(created_at: str) -> None:
    assert rules(created_at, "debian:13") == [("base_image_age_unknown", "low")]


def test_a_base_that_nothing_names_is_no_pass() -> None:
    assert rules("2026-11-20") == [("base_image_unknown", "low")]


def test_a_policy_that_asks_for_nothing() -> None:
    assert rules("", policy=replace(OURS, allowed=(), max_age_days=None)) == []


# --- the document


def test_the_document_has_the_policys_numbers() -> None:
    page = (compliance_dir() / "docs" / "vulnerability-management.md").read_text(encoding="utf-8")
    cells = dict(re.findall(r"^\| (.+?) \| (.+?) \|$", page, re.MULTILINE))
    assert {name: int(cells[name]) for name in OURS.days} == OURS.days
    assert int(cells["known to be exploited, whatever its severity"]) == OURS.exploited_days
    assert cells["greatest age of a base image"] == f"{OURS.max_age_days} days"
    assert (cells["names of base images that are allowed"] == "any") is (OURS.allowed == ())
    assert OURS.ignore_unfixed is ("is ignored until there is a fix" in " ".join(page.split()))
    assert OURS.exploited == frozenset()
    assert "Ours names none" in page


def test_the_document_has_the_states_that_stop() -> None:
    from hullguard.audit import counts

    page = (compliance_dir() / "docs" / "vulnerability-management.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| .+? \| (yes|no)\b.*\|$", page, re.MULTILINE))
    assert set(told) == {"breach", "due", "fine", "ignored"}
    for state, stops in told.items():
        assert counts({"waiver": None, "due": {"state": state}}) is (stops == "yes")
