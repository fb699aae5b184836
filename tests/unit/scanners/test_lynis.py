from __future__ import annotations

import os
from pathlib import Path

import pytest

from hullguard.scanners.base import HOST, Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.finding import Finding
from hullguard.scanners.lynis import SCANNER
from hullguard.verdict import Object

FIXTURE = (Path(__file__).parent / "fixtures" / "lynis.dat").read_text()
TOOL = Tool("lynis", Path("/bin/lynis"), "3.1.4")
TARGET = Target(HOST, "docker1")


def translate(text: str) -> list[Finding]:
    return list(SCANNER.translate(Ran(text.encode(), 0, ""), TARGET, TOOL))


def test_warnings_and_suggestions_are_findings() -> None:
    found = translate(FIXTURE)
    assert [(f.id, f.severity, f.tool_severity) for f in found] == [
        ("PKGS-7392", "medium", "warning"),
        ("LYNIS", "low", "suggestion"),
        ("BOOT-5264", "low", "suggestion"),
        ("KRNL-5788", "low", "suggestion"),
        ("AUTH-9286", "low", "suggestion"),
        ("AUTH-9286", "low", "suggestion"),
        ("FILE-7524", "low", "suggestion"),
        ("HRDN-7230", "low", "suggestion"),
    ]
    assert {f.object for f in found} == {Object("host", "")}
    assert found[0].references == ("https://cisofy.com/lynis/controls/PKGS-7392/",)
    assert found[1].references == ()
    assert found[2].title.endswith("(Run '/usr/bin/systemd-analyze security SERVICE' for each service)")
    assert found[6].fix == "Use chmod to change file permissions"
    assert found[0].fix == ""


def test_nothing_found() -> None:
    lines = [line for line in FIXTURE.splitlines() if not line.startswith(("warning", "suggestion"))]
    assert translate("\n".join(lines)) == []


@pytest.mark.parametrize("without", ["finish", "report_datetime_end", "lynis_version"])
def test_a_report_without_its_end_is_no_answer(without: str) -> None:
    lines = [line for line in FIXTURE.splitlines() if not line.startswith(without)]
    with pytest.raises(Rubbish):
        translate("\n".join(lines))


def test_an_end_that_is_not_true_is_none() -> None:
    with pytest.raises(Rubbish, match="stopped on the way"):
        translate(FIXTURE.replace("finish=true", "finish=false"))


@pytest.mark.parametrize("line", ["warning[]=", "warning[]=ABC-1234", "suggestion[]=|text|-|-|"])
def test_a_row_of_another_form_is_no_answer(line: str) -> None:
    with pytest.raises(Rubbish, match="of another form"):
        translate(f"{FIXTURE}\n{line}\n")


def test_without_root_it_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(Rubbish, match="needs root"):
        SCANNER.job(TOOL, TARGET, tmp_path, Settings())


def test_it_runs_only_when_asked() -> None:
    assert SCANNER.optional


@pytest.mark.parametrize(("said", "version"), [("3.0.8", "3.0.8"), ("Fatal error: no include directory", "")])
def test_version(said: str, version: str) -> None:
    assert SCANNER.version(said) == version
