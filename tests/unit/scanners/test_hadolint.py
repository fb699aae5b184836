from __future__ import annotations

import json
from pathlib import Path

import pytest

from hullguard.scanners.base import DOCKERFILE, Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.finding import MISCONFIGURATION, Finding, Location
from hullguard.scanners.hadolint import SCANNER
from hullguard.verdict import Object

FIXTURES = Path(__file__).parent / "fixtures"
TOOL = Tool("hadolint", Path("/bin/hadolint"), "2.15.1")
TARGET = Target(DOCKERFILE, "app/Dockerfile", Path("/src/app/Dockerfile"), "abc")


def translate(answer: str | bytes, code: int = 1) -> list[Finding]:
    data = answer.encode() if isinstance(answer, str) else answer
    return list(SCANNER.translate(Ran(data, code, ""), TARGET, TOOL))


def row(**changes: object) -> str:
    return json.dumps([{"code": "DL3007", "level": "warning", "line": 1, "message": "m", **changes}])


def test_each_row_is_a_finding() -> None:
    found = translate((FIXTURES / "hadolint.json").read_bytes())
    by_id = {finding.id: finding for finding in found}
    assert sorted(by_id) == ["DL3002", "DL3004", "DL3007", "DL3009", "DL3020", "DL3059", "DL3066"]
    assert by_id["DL3020"] == Finding(
        id="DL3020",
        title="Use COPY instead of ADD for files and folders",
        severity="high",
        kind=MISCONFIGURATION,
        object=Object("file", "app/Dockerfile"),
        tool="hadolint",
        tool_version="2.15.1",
        tool_severity="error",
        location=Location("app/Dockerfile", 2),
        references=("https://github.com/hadolint/hadolint/wiki/DL3020",),
        control="copy_not_add",
    )
    assert by_id["DL3002"].control == "image_user"
    assert (by_id["DL3007"].severity, by_id["DL3009"].severity) == ("medium", "low")


def test_a_rule_switched_off_in_the_file_is_found() -> None:
    found = translate((FIXTURES / "hadolint.json").read_bytes())
    assert [finding.location for finding in found if finding.id == "DL3004"] == [
        Location("app/Dockerfile", 5)
    ]


def test_a_syntax_error_is_as_bad_as_anything_it_hides() -> None:
    (found,) = translate((FIXTURES / "hadolint-syntax.json").read_bytes())
    assert (found.id, found.severity, found.location) == ("DL1000", "high", Location("app/Dockerfile", 3))
    assert found.title.startswith("Syntax error, and nothing after it was judged: unexpected 'F'")


def test_nothing_found() -> None:
    assert translate("[]", code=0) == []


def test_a_rule_of_the_shell() -> None:
    (found,) = translate(row(code="SC2086", level="info"))
    assert found.references == ("https://www.shellcheck.net/wiki/SC2086",)


@pytest.mark.parametrize(
    "answer",
    ["", "{}", "null", "[1]", '[{"code": "DL3007"}]', row(code="<script>"), row(line="1"), "[" * 9, "[]"],
)
def test_rubbish_is_no_answer(answer: str) -> None:
    with pytest.raises((Rubbish, KeyError, TypeError, ValueError)):
        translate(answer)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("Haskell Dockerfile Linter 2.15.1", "2.15.1"),
        ("Haskell Dockerfile Linter v2.8.0-0-g1", "2.8.0-0-g1"),
        ("no", ""),
    ],
)
def test_version(said: str, version: str) -> None:
    assert SCANNER.version(said) == version


@pytest.mark.parametrize("text", ["", "\n\n", "# only\n  # comments\n"])
def test_a_file_without_an_instruction_is_not_clean(text: str, tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(text)
    with pytest.raises(Rubbish, match="holds no instruction"):
        SCANNER.job(TOOL, Target(DOCKERFILE, "Dockerfile", path), tmp_path, Settings())
