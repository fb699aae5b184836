from __future__ import annotations

import json
from pathlib import Path

import pytest
from catalogue.baseline import FIXTURES, evidence
from unit.cli.conftest import Run

CARELESS = FIXTURES / "debian13.json"


@pytest.fixture
def decent(tmp_path: Path) -> Path:
    path = tmp_path / "decent.json"
    path.write_text(json.dumps(evidence()))
    return path


def test_hardening_fixes_and_breaks_nothing(run: Run, decent: Path) -> None:
    done = run("diff", CARELESS, decent, "--format", "json")
    (host,) = json.loads(done.out)["hosts"]
    kinds = {change["kind"] for change in host["changes"]}
    assert done.code == 0
    assert "fixed" in kinds
    assert "broken" not in kinds


def test_what_broke_is_the_exit_code(run: Run, decent: Path) -> None:
    assert run("diff", decent, CARELESS, "--format", "json").code == 13
    assert run("diff", decent, decent).code == 0


@pytest.mark.parametrize("format_", ["table", "json", "html"])
def test_every_format(run: Run, decent: Path, format_: str) -> None:
    assert "2.17" in run("diff", CARELESS, decent, "--format", format_).out


def test_reports_and_evidence_mix(run: Run, decent: Path, tmp_path: Path) -> None:
    run("audit", "-e", CARELESS, "--format", "json", "-o", tmp_path / "before.json")
    made = json.loads(run("diff", tmp_path / "before.json", decent, "--format", "json").out)
    assert made["hosts"][0]["changes"]


@pytest.mark.parametrize("bad", ["", "{", "{}", "[]", '{"schema": "hullguard/report/1"}'])
def test_a_bad_side_is_told(run: Run, decent: Path, tmp_path: Path, bad: str) -> None:
    (tmp_path / "bad.json").write_text(bad)
    for sides in ((decent, tmp_path / "bad.json"), (tmp_path / "bad.json", decent)):
        done = run("diff", *sides)
        assert (done.code, done.out) == (2, "")
        assert "bad.json" in done.err
    assert "no such file" in run("diff", decent, tmp_path / "none.json").err
