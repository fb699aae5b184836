from __future__ import annotations

import json
from pathlib import Path

import pytest
from catalogue.baseline import FIXTURES, evidence
from jsonschema import Draft202012Validator
from unit.cli.conftest import Run

from hullguard.paths import compliance_dir

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


def test_drift_is_named_where_both_sides_are_evidence(run: Run, decent: Path, tmp_path: Path) -> None:
    document = json.loads(decent.read_text())
    document["files"]["daemon_json"][0]["mode"] = "0640"
    document["files"]["daemon_json"][0]["group"] = "root"
    (tmp_path / "later.json").write_text(json.dumps(document))
    done = run("diff", decent, tmp_path / "later.json", "--format", "json")
    (host,) = json.loads(done.out)["hosts"]
    assert [(row["subject"]["name"], row["fact"], row["before"], row["after"]) for row in host["drift"]] == [
        ("/etc/docker/daemon.json", "mode", "0400", "0640")
    ]
    assert done.code == 0
    assert run("diff", decent, tmp_path / "later.json", "--fail-on-drift").code == 10
    assert run("diff", decent, decent, "--fail-on-drift").code == 0
    run("audit", "-e", decent, "--format", "json", "-o", tmp_path / "report.json")
    made = json.loads(run("diff", tmp_path / "report.json", decent, "--format", "json").out)
    assert "drift" not in made["hosts"][0]


@pytest.mark.parametrize("format_", ["table", "markdown", "html"])
def test_people_read_what_drifted_and_since_when(
    run: Run, decent: Path, tmp_path: Path, format_: str
) -> None:
    document = json.loads(decent.read_text())
    document["engines"][0]["daemon_json"]["content"]["userland-proxy"] = True
    (tmp_path / "later.json").write_text(json.dumps(document))
    words = " ".join(run("diff", decent, tmp_path / "later.json", "--format", format_).out.split())
    assert "userland-proxy" in words
    assert "2026-11-23 23:52" in words


def test_a_difference_with_drift_keeps_its_schema(run: Run, decent: Path) -> None:
    schema = json.loads((compliance_dir() / "schema" / "diff.schema.json").read_text(encoding="utf-8"))
    made = json.loads(run("diff", decent, CARELESS, "--format", "json").out)
    assert made["hosts"][0]["drift"]
    assert not [error.message for error in Draft202012Validator(schema).iter_errors(made)]
