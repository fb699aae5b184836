from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from catalogue.baseline import FIXTURES, fixture

from hullguard.audit import Plan, report
from hullguard.catalogue import load_benchmark, load_profile
from hullguard.errors import InputError
from hullguard.saved import load_report, load_report_or_evidence

NOW = "2026-01-01T00:00:00Z"


def plan() -> Plan:
    return Plan.make(load_benchmark(), load_profile(), (), date(2026, 1, 1))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report([fixture("debian13")], plan(), NOW)))
    return path


def test_a_report_comes_back(saved: Path) -> None:
    assert load_report(saved) == json.loads(saved.read_text())


def test_report_evidence_and_folder_are_told_apart(saved: Path, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "a.json").write_text((FIXTURES / "debian13.json").read_text())
    made = [load_report_or_evidence(path, plan, NOW) for path in (saved, FIXTURES / "debian13.json", folder)]
    assert json.dumps(made[0]) == json.dumps(made[1]) == json.dumps(made[2])


def test_a_saved_report_needs_no_plan(saved: Path) -> None:
    assert load_report_or_evidence(saved, lambda: pytest.fail("not needed"), NOW)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", ":1:2: not valid JSON"),
        ("[]", "no report"),
        ('{"schema": "hullguard/report/2"}', "'hullguard/report/2', not 'hullguard/report/1'"),
        ('{"schema": "hullguard/report/1"}', "is a required property"),
        ('{"schema": "hullguard/report/1", "x": ' + "9" * 5000 + "}", "not valid JSON"),
    ],
    ids=range(5),
)
def test_broken_reports_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "report.json"
    path.write_text(text)
    with pytest.raises(InputError, match=str(path)) as caught:
        load_report(path)
    assert message in str(caught.value)


def test_a_changed_verdict_breaks_the_schema(saved: Path) -> None:
    document = json.loads(saved.read_text())
    document["hosts"][0]["results"][0]["verdict"] = "fine"
    saved.write_text(json.dumps(document))
    with pytest.raises(InputError, match=r"hosts\[0\]\.results\[0\]\.verdict"):
        load_report(saved)


def test_neither_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        load_report_or_evidence(tmp_path / "none.json", plan, NOW)
    (tmp_path / "x.json").write_text("{}")
    with pytest.raises(InputError, match="no evidence"):
        load_report_or_evidence(tmp_path / "x.json", plan, NOW)
