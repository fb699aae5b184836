"""The table of exit codes in the README, line by line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from unit.cli.conftest import Run

README = Path(__file__).parents[3] / "README.md"
GOOD = "FROM debian:12\nRUN useradd app\nUSER app\nHEALTHCHECK CMD true\n"
FILES = {
    "Good": GOOD,
    "Low": GOOD + "ADD x /x\n",
    "Medium": GOOD.replace("USER app\n", ""),
    "High": GOOD + "ENV A_PASSWORD=x\n",
    "critical.yml": "services: {web: {image: nginx, privileged: true}}\n",
    "broken": "\x00",
}
CASES = [
    ("0", "scan dockerfile Good"),
    ("0", "scan dockerfile High --fail-on critical"),
    ("0", "scan dockerfile High --fail-on never"),
    ("1", "scan dir ."),
    ("1", "scan dockerfile Good --tool hadolint"),
    ("1", "audit"),
    ("2", "scan dockerfile none"),
    ("2", "scan dockerfile broken"),
    ("2", "scan dockerfile Good --fail-on sometimes"),
    ("2", "bundle verify none"),
    ("10", "scan dockerfile Low"),
    ("10", "scan dockerfile Good broken --strict"),
    ("11", "scan dockerfile Medium"),
    ("12", "scan dockerfile High"),
    ("12", "scan dockerfile Low High Medium"),
    ("13", "scan compose critical.yml"),
]


def codes() -> set[str]:
    table = README.read_text(encoding="utf-8").partition("| code | when |")[2].partition("\n\n")[0]
    return set(re.findall(r"^\| (\d+) \|", table, re.MULTILINE))


def test_every_line_of_the_table_is_tried() -> None:
    assert codes() == {code for code, _ in CASES}


@pytest.mark.parametrize(("code", "command"), CASES, ids=[command for _, command in CASES])
def test_the_code_of_a_command(
    run: Run, code: str, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setattr("hullguard.scanners.tools.folders", list)
    monkeypatch.setattr("hullguard.collect.processes", list)
    assert run(*command.split()).code == int(code)
