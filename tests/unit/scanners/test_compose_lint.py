from __future__ import annotations

import json
from pathlib import Path

import pytest

from hullguard.scanners.base import COMPOSE, Ran, Rubbish, Target, Tool
from hullguard.scanners.compose_lint import SCANNER
from hullguard.scanners.finding import MISCONFIGURATION, SECRET, Finding, Location
from hullguard.verdict import Object

FIXTURES = Path(__file__).parent / "fixtures"
TOOL = Tool("compose-lint", Path("/bin/compose-lint"), "0.36.2")
TARGET = Target(COMPOSE, "app/compose.yml", Path("/src/app/compose.yml"), "abc")


def translate(answer: str | bytes, code: int = 1) -> list[Finding]:
    data = answer.encode() if isinstance(answer, str) else answer
    return list(SCANNER.translate(Ran(data, code, ""), TARGET, TOOL))


def test_each_row_is_a_finding() -> None:
    found = {finding.id: finding for finding in translate((FIXTURES / "compose_lint.json").read_bytes())}
    assert sorted(found) == ["CL-0001", "CL-0002", "CL-0019", "CL-0020"]
    privileged = found["CL-0002"]
    assert (privileged.severity, privileged.tool_severity, privileged.kind) == (
        "critical",
        "critical",
        MISCONFIGURATION,
    )
    assert privileged.object == Object("container", "web")
    assert privileged.location == Location("app/compose.yml", 4)
    assert privileged.control == "privileged"
    assert privileged.fix.startswith("Remove 'privileged: true'")
    assert found["CL-0001"].control == "engine_socket_mounted"
    assert (found["CL-0020"].kind, found["CL-0020"].severity) == (SECRET, "high")


def test_references_are_addresses() -> None:
    text = (FIXTURES / "compose_lint.json").read_text()
    assert "CIS Docker Benchmark" in text
    references = [url for finding in translate(text) for url in finding.references]
    assert references
    assert all(url.startswith("https://") for url in references)


def test_a_value_is_not_told() -> None:
    assert "c0rrect" not in repr(translate((FIXTURES / "compose_lint.json").read_bytes()))


def test_nothing_found() -> None:
    assert translate((FIXTURES / "compose_lint-none.json").read_bytes(), code=0) == []


def test_what_was_suppressed_counts() -> None:
    answer = json.loads((FIXTURES / "compose_lint.json").read_text())
    for row in answer["findings"]:
        row["suppressed"] = True
    assert len(translate(json.dumps(answer))) == 4


def test_a_gap_is_a_finding_beside_others() -> None:
    found = translate((FIXTURES / "compose_lint-gap.json").read_bytes(), code=2)
    assert [(f.id, f.severity) for f in found] == [
        ("CL-0019", "medium"),
        ("coverage-gap", "medium"),
        ("coverage-gap", "medium"),
    ]
    assert found[1].title.startswith("A part was not judged: 'include: nothere.yml' was not resolved")


def test_a_gap_and_nothing_else_is_no_answer() -> None:
    answer = json.loads((FIXTURES / "compose_lint-gap.json").read_text())
    with pytest.raises(Rubbish, match=r"include: nothere\.yml"):
        translate(json.dumps({**answer, "findings": []}), code=2)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("", 0),
        ("[]", 0),
        ("{}", 0),
        ('{"findings": []}', 0),
        ('{"findings": [{}], "errors": []}', 1),
        ('{"findings": [], "errors": []}', 2),
        ('{"findings": [], "errors": [{"message": "not a compose file"}]}', 0),
    ],
)
def test_rubbish_is_no_answer(answer: str, code: int) -> None:
    with pytest.raises((Rubbish, KeyError, TypeError, ValueError)):
        translate(answer, code)


@pytest.mark.parametrize(("said", "version"), [("compose-lint 0.36.2", "0.36.2"), ("0.36.2", "")])
def test_version(said: str, version: str) -> None:
    assert SCANNER.version(said) == version
