from __future__ import annotations

from pathlib import Path

import pytest
from catalogue.baseline import FIXTURES
from unit.cli.conftest import Run


@pytest.fixture
def saved(run: Run, tmp_path: Path) -> Path:
    run("audit", "-e", FIXTURES / "debian13.json", "--format", "json", "-o", tmp_path / "report.json")
    return tmp_path / "report.json"


@pytest.mark.parametrize("format_", ["table", "json", "html"])
def test_a_saved_report_in_every_format(run: Run, saved: Path, format_: str) -> None:
    done = run("report", saved, "--format", format_)
    assert done.code == 0
    assert "2.10" in done.out


def test_before_and_after(run: Run, saved: Path) -> None:
    assert run("report", saved, "--before", saved, "--format", "html").code == 0


def test_evidence_is_no_report(run: Run, saved: Path) -> None:
    for arguments in (
        ["report", FIXTURES / "debian13.json"],
        ["report", saved, "--before", FIXTURES / "debian13.json"],
    ):
        done = run(*arguments)
        assert (done.code, done.out) == (2, "")
        assert "no report" in done.err
