"""The security audit's own commands, in its order, on evidence of two hosts."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from examples_support.readme import script, steps

from hullguard.scanners import load, tools

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "compliance/docs/security-audit.md"
EVIDENCE = ROOT / "tests/unit/fixtures"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the auditor works in, after every step was run."""
    cosign = tools.find(load("cosign"))
    if cosign is None:
        pytest.skip("cosign is not here: ./nox -s tools")
    folder = tmp_path_factory.mktemp("audit")
    for run in ("audit", "again"):
        (folder / run / "evidence").mkdir(parents=True)
        for name in ("debian12", "debian13"):
            shutil.copy(EVIDENCE / f"{name}.json", folder / run / "evidence")
    remedied = folder / "again/evidence/debian12.json"
    evidence = json.loads(remedied.read_text(encoding="utf-8"))
    evidence["engines"][0]["info"]["LiveRestoreEnabled"] = not evidence["engines"][0]["info"][
        "LiveRestoreEnabled"
    ]
    remedied.write_text(json.dumps(evidence), encoding="utf-8")
    (folder / "waivers.yml").write_text("waivers: []\n", encoding="utf-8")
    path = os.pathsep.join(
        [str(Path(sys.executable).parent), str(Path(cosign.path).parent), os.environ["PATH"]]
    )
    environment = {**os.environ, "PATH": path, "COSIGN_PASSWORD": "", "HOME": str(folder)}
    subprocess.run(
        [cosign.path, "generate-key-pair"], cwd=folder, env=environment, check=True, capture_output=True
    )
    for step in steps(PAGE):
        program = script(step, str(folder), str(folder / ".state"))
        done = subprocess.run(
            ["bash", "-c", program], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{step.heading}:\n{step.commands}\n{done.stdout}{done.stderr}"
    return folder


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_each_host_is_judged_by_every_control(folder: Path) -> None:
    controls = {control["id"] for control in read(folder / "controls.json")}
    report = read(folder / "audit/report.json")
    assert len(report["hosts"]) == 2
    for host in report["hosts"]:
        assert {result["id"] for result in host["results"]} == controls
    rows = list(csv.DictReader((folder / "audit/report.csv").open(encoding="utf-8")))
    assert len({(row["host"], row["id"]) for row in rows}) == 2 * len(controls)
    assert "<html" in (folder / "audit/report.html").read_text(encoding="utf-8")


def test_what_people_attest_is_what_the_report_asks_for(folder: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    manual = {
        result["id"]
        for host in read(folder / "audit/report.json")["hosts"]
        for result in host["results"]
        if result["verdict"] == "manual"
    }
    assert manual
    sheet = page[page.index("<!-- docs: sheet -->") :]
    assert [slug for slug in manual if f"`{slug}`" not in sheet] == []


def test_results_are_not_for_everybody(folder: Path) -> None:
    for name in ("audit/report.json", "audit/report.html", "audit-2026.tar.gz"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name


def test_the_same_hosts_are_drawn_again(folder: Path) -> None:
    drawn = (folder / "audit/drawn.txt").read_text(encoding="utf-8").split()
    assert sorted(drawn) == ["debian12.json", "debian13.json"]


def test_the_bundle_repeats_every_verdict(folder: Path) -> None:
    with tarfile.open(folder / "audit-2026.tar.gz") as bundle:
        assert "evidence/debian12.json" in {name.removeprefix("./") for name in bundle.getnames()}
    first, again = read(folder / "again/report.json"), read(folder / "repeat/report-again.json")
    assert first["hosts"] == again["hosts"]
