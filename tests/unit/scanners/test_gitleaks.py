from __future__ import annotations

import json
from pathlib import Path

import pytest

from hullguard.scanners.base import COMPOSE, DIR, DOCKERFILE, Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.finding import SECRET, Finding, Location
from hullguard.scanners.gitleaks import SCANNER, UNVERSIONED
from hullguard.verdict import Object

FIXTURES = Path(__file__).parent / "fixtures"
TOOL = Tool("gitleaks", Path("/bin/gitleaks"), "8.16.0")
FOLDER = Target(DIR, "../app", Path("/src/app"))
DONE = "INF scan completed in 3ms\nWRN leaks found: 3"
ROW = {
    "RuleID": "aws",
    "Description": "A key",
    "StartLine": 3,
    "EndLine": 3,
    "Secret": "REDACTED",
    "Match": "key=REDACTED",
    "File": "/src/app/Dockerfile",
}


def translate(answer: bytes | str, target: Target = FOLDER, code: int = 0, said: str = DONE) -> list[Finding]:
    data = answer.encode() if isinstance(answer, str) else answer
    return list(SCANNER.translate(Ran(data, code, said), target, TOOL))


@pytest.mark.parametrize("release", ["8.16", "8.26"])
def test_each_leak_is_a_finding_without_its_secret(release: str) -> None:
    found = translate((FIXTURES / f"gitleaks-{release}.json").read_bytes())
    assert sorted((f.id, f.location.path, f.location.line) for f in found if f.location) == [
        ("aws-access-token", "deploy/app.env", 1),
        ("generic-api-key", "compose.yml", 12),
        ("generic-api-key", "deploy/app.env", 2),
    ]
    assert {(f.severity, f.kind, f.tool_severity, f.control) for f in found} == {("high", SECRET, "", None)}
    assert {f.object for f in found} == {Object("file", "compose.yml"), Object("file", "deploy/app.env")}
    assert "c0rrect" not in repr(found)


def test_a_secret_in_a_dockerfile_has_a_control() -> None:
    target = Target(DOCKERFILE, "app/Dockerfile", Path("/src/app/Dockerfile"))
    (found,) = translate(json.dumps([{**ROW, "EndLine": 5}]), target)
    assert found.control == "image_secrets"
    assert found.location == Location("app/Dockerfile", 3, 5)
    (found,) = translate(json.dumps([ROW]), Target(COMPOSE, "app/Dockerfile", target.path))
    assert found.control is None


@pytest.mark.parametrize("change", [{"Secret": "hunter2"}, {"Match": "key=hunter2"}, {"Secret": ""}])
def test_an_answer_with_a_secret_is_refused(change: dict[str, str]) -> None:
    target = Target(DOCKERFILE, "app/Dockerfile", Path("/src/app/Dockerfile"))
    with pytest.raises(Rubbish, match="in clear") as caught:
        translate(json.dumps([{**ROW, **change}]), target)
    assert "hunter2" not in str(caught.value)


def test_nothing_found() -> None:
    assert translate("[]", said="INF scan completed in 3ms\nINF no leaks found") == []
    assert translate("[]", said="INF scanned ~6 bytes (6 bytes) in 101ms\nINF no leaks found") == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, 'ERR error="open /src/app/x: permission denied"\nWRN partial scan completed'),
        (0, "WRN \x1b[1mSkipping file: permission denied path=/src/app/x\nINF scanned ~9 bytes (9 bytes)"),
        (0, "\x1b[31mERR\x1b[0m failed scan directory\nINF scanned ~0 bytes (0)"),
    ],
)
def test_what_could_not_be_read_is_told(code: int, said: str) -> None:
    with pytest.raises(Rubbish, match="could not read everything"):
        translate("[]", code=code, said=said)
    *_, last = translate((FIXTURES / "gitleaks-8.26.json").read_bytes(), code=code, said=said)
    assert (last.id, last.severity, last.object.name) == ("partial-scan", "medium", "../app")


def test_nothing_read_is_not_nothing_found() -> None:
    with pytest.raises(Rubbish, match="found nothing that it can read"):
        translate("[]", said="INF scanned ~0 bytes (0) in 45.8ms\nINF no leaks found")


@pytest.mark.parametrize("answer", ["", "{}", "null", "[1]", "[{}]", json.dumps([{**ROW, "StartLine": "x"}])])
def test_rubbish_is_no_answer(answer: str) -> None:
    with pytest.raises((Rubbish, KeyError, TypeError, ValueError, IndexError)):
        translate(answer)


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("8.16.0", "8.16.0"),
        ("v8.18.2", "8.18.2"),
        ("version is set by build process", UNVERSIONED),
        ("hm", ""),
    ],
)
def test_version(said: str, version: str) -> None:
    assert SCANNER.version(said) == version


def test_a_build_without_a_version_is_known_by_its_content(tmp_path: Path) -> None:
    program = tmp_path / "gitleaks"
    program.write_bytes(b"one")
    tool = Tool("gitleaks", program, UNVERSIONED)
    first = SCANNER.database(tool, Settings())
    program.write_bytes(b"two")
    assert first
    assert SCANNER.database(tool, Settings()) != first
    assert SCANNER.database(TOOL, Settings()) == ""


@pytest.mark.parametrize("knows", [True, False])
def test_comments_that_allow_are_ignored_where_it_can(knows: bool, tmp_path: Path) -> None:
    program = tmp_path / "gitleaks"
    program.write_text(f"#!/bin/sh\necho flags: {'--ignore-gitleaks-allow' if knows else '--redact'}\n")
    program.chmod(0o755)
    job = SCANNER.job(Tool("gitleaks", program, "8"), Target(DIR, ".", tmp_path), tmp_path, Settings())
    assert ("--ignore-gitleaks-allow" in job.argv) == knows
    assert "--redact" in job.argv
    assert job.argv[-1].endswith("/seen/")
