"""Every format, made by the command line from one real run, read by a program that is not ours."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft4Validator
from junitparser import JUnitXml
from markdown_it import MarkdownIt

from hullguard.reports import FORMATS
from hullguard.scanners import load, tools

UNIT = Path(__file__).parents[1] / "unit"
EVIDENCE = UNIT / "fixtures" / "debian13.json"
DOCKERFILE = "FROM debian:latest\nRUN apt-get update && apt-get install curl\nADD x /x\n"
Convert = Callable[[str], Path]


def hullguard(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "hullguard", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("formats")


@pytest.fixture(scope="module")
def run(folder: Path) -> dict[str, Any]:
    """A host's audit, and what the scanners that are here say of a Dockerfile, as one report."""
    if tools.find(load("hadolint")) is None:
        pytest.skip("hadolint is not here: ./nox -s tools")
    (folder / "Dockerfile").write_text(DOCKERFILE, encoding="utf-8")
    scanned = hullguard("scan", "dockerfile", "Dockerfile", "--format", "json", "--no-cache", cwd=folder)
    audited = hullguard("audit", "--evidence", EVIDENCE, "--format", "json", cwd=folder)
    report: dict[str, Any] = json.loads(audited.stdout)
    found = json.loads(scanned.stdout)
    report |= {"findings": found["findings"], "scans": found["scans"]}
    (folder / "run.json").write_text(json.dumps(report), encoding="utf-8")
    return report


@pytest.fixture(scope="module")
def convert(folder: Path, run: dict[str, Any]) -> Convert:
    def made(name: str) -> Path:
        output = folder / f"run.{name}"
        done = hullguard("report", "run.json", "--format", name, "--output", output, cwd=folder)
        assert (done.returncode, done.stderr) == (0, "")
        assert output.stat().st_mode & 0o777 == 0o600
        return output

    return made


def test_the_run_is_a_real_one(run: dict[str, Any]) -> None:
    assert any(result["verdict"] == "fail" for host in run["hosts"] for result in host["results"])
    assert {"DL3007", "DL3020"} <= {finding["id"] for finding in run["findings"]}


@pytest.mark.parametrize("name", FORMATS)
def test_a_second_time_gives_the_same_bytes(name: str, convert: Convert) -> None:
    assert convert(name).read_bytes() == convert(name).read_bytes() != b""


def test_sarif(convert: Convert, run: dict[str, Any]) -> None:
    schema = json.loads((UNIT / "reports" / "schemas" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    document = json.loads(convert("sarif").read_text(encoding="utf-8"))
    Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER).validate(document)
    found = [result["ruleId"] for result_run in document["runs"][1:] for result in result_run["results"]]
    assert sorted(found) == sorted(finding["id"] for finding in run["findings"])


def test_junit(convert: Convert, run: dict[str, Any]) -> None:
    read = JUnitXml.fromfile(str(convert("junit")))
    fails = sum(result["verdict"] == "fail" for host in run["hosts"] for result in host["results"])
    assert read.failures == fails + len(run["findings"])
    assert read.errors == sum(suite.errors for suite in read) > 0


def test_csv(convert: Convert, run: dict[str, Any]) -> None:
    with convert("csv").open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream, strict=True)
    assert {len(row) for row in rows} == {len(header)}
    records = [row[0] for row in rows]
    assert (records.count("finding"), records.count("scan")) == (len(run["findings"]), len(run["scans"]))


def test_markdown(convert: Convert) -> None:
    text = convert("markdown").read_text(encoding="utf-8")
    assert len(text) <= 60_000
    kinds = [token.type for token in MarkdownIt("commonmark").enable("table").parse(text)]
    assert kinds.count("table_open") == kinds.count("table_close") >= 4


def test_html(convert: Convert, run: dict[str, Any]) -> None:
    class Articles(HTMLParser):
        count = 0

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.count += tag == "article"

    page = Articles()
    page.feed(convert("html").read_text(encoding="utf-8"))
    results = sum(len(host["results"]) for host in run["hosts"])
    assert page.count == results + len(run["findings"])


def test_cyclonedx(convert: Convert) -> None:
    from cyclonedx.model.bom import Bom
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    text = convert("cyclonedx").read_text(encoding="utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert Bom.from_json(json.loads(text)).serial_number


READ_BACK = """import json, sys
from pathlib import Path
from trestle.oscal.assessment_results import AssessmentResults
read = AssessmentResults.oscal_read(Path(sys.argv[1]))
print(json.dumps([len(result.findings or []) for result in read.results]))
"""


def test_oscal(convert: Convert, run: dict[str, Any], tmp_path: Path) -> None:
    trestle = Path(os.environ.get("HULLGUARD_TOOLS", "/nonexistent")) / "trestle"
    if not trestle.exists():
        pytest.skip("compliance-trestle is not here: ./nox -s tools")
    report = tmp_path / "report.json"  # it goes by the name's ending
    report.write_bytes(convert("oscal").read_bytes())
    # It has an environment of its own, with a Python of its own.
    python = trestle.resolve().with_name("python")
    done = subprocess.run(
        [str(python), "-c", READ_BACK, str(report)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == [*(len(host["results"]) for host in run["hosts"]), 0]


@pytest.mark.parametrize("name", ["sarif", "cyclonedx", "oscal"])
def test_a_difference_in_a_form_that_has_none_is_wrong_usage(
    name: str, folder: Path, run: dict[str, Any]
) -> None:
    done = hullguard("diff", "run.json", "run.json", "--format", name, cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{name} can't show a difference" in done.stderr
