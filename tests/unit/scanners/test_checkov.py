from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hullguard.scanners.base import DIR, DOCKERFILE, Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.checkov import SCANNER
from hullguard.scanners.finding import MISCONFIGURATION, SECRET, Finding, Location
from hullguard.verdict import Object

FIXTURES = Path(__file__).parent / "fixtures"
TOOL = Tool("checkov", Path("/bin/checkov"), "3.3.30")
FOLDER = Target(DIR, "../app", Path("/src/app"))
FILE = Target(DOCKERFILE, "app/Dockerfile", Path("/src/app/Dockerfile"), "abc")
SUMMARY = {"passed": 1, "failed": 0, "skipped": 0, "parsing_errors": 0}


def translate(answer: str | bytes, target: Target = FOLDER, code: int = 1) -> list[Finding]:
    data = answer.encode() if isinstance(answer, str) else answer
    return list(SCANNER.translate(Ran(data, code, ""), target, TOOL))


def fixture(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def part(framework: str = "dockerfile", **changes: Any) -> dict[str, Any]:
    return {"check_type": framework, "summary": SUMMARY, "results": {"failed_checks": []}, **changes}


def test_each_failed_check_is_a_finding() -> None:
    found = {(finding.id, finding.object.name): finding for finding in translate(fixture("checkov"))}
    ids = {rule for rule, _path in found}
    assert {"CKV_DOCKER_4", "CKV_DOCKER_7", "CKV_DOCKER_8", "CKV_SECRET_2"} <= ids
    add = found["CKV_DOCKER_4", "Dockerfile"]
    assert (add.severity, add.tool_severity, add.kind) == ("medium", "", MISCONFIGURATION)
    assert (add.location, add.control) == (Location("Dockerfile", 2), "copy_not_add")
    key = found["CKV_SECRET_2", "deploy/app.env"]
    assert (key.severity, key.kind) == ("high", SECRET)
    assert (key.location, key.control) == (Location("deploy/app.env", 1), None)


def test_text_of_the_files_goes_nowhere() -> None:
    answer = fixture("checkov")
    assert b"c0rrecthorse" in answer
    assert "c0rrecthorse" not in repr(translate(answer))
    kept = SCANNER.kept(Ran(answer, 1, ""))
    assert b"c0rrecthorse" not in kept
    assert b"CKV_DOCKER_4" in kept


def test_what_a_comment_skips_counts() -> None:
    answer = json.loads(fixture("checkov"))
    skipped = [row["check_id"] for row in answer[0]["results"]["skipped_checks"]]
    assert skipped == ["CKV_DOCKER_2"]
    assert "CKV_DOCKER_2" in {finding.id for finding in translate(json.dumps(answer))}


def test_a_dockerfile_has_the_name_that_the_person_gave() -> None:
    answer = json.loads(fixture("checkov"))
    parts = [part for part in answer if part["check_type"] == "dockerfile"]
    found = translate(json.dumps(parts[0]), FILE)
    assert {finding.object for finding in found} == {Object("file", "app/Dockerfile")}
    assert {finding.location.path for finding in found if finding.location} == {"app/Dockerfile"}


def test_nothing_found() -> None:
    assert translate(fixture("checkov-none"), FILE, code=0) == []


def test_nothing_checked_is_not_nothing_found() -> None:
    with pytest.raises(Rubbish, match="found nothing that it can check"):
        translate(fixture("checkov-nothing"), code=0)
    with pytest.raises(Rubbish, match="could not read the file as a Dockerfile"):
        translate(fixture("checkov-nothing"), FILE, code=0)
    with pytest.raises(Rubbish, match="could not read the file as a Dockerfile"):
        translate(json.dumps(part("secrets")), FILE, code=0)


def test_a_file_that_it_could_not_read_is_told() -> None:
    results = {"failed_checks": [], "parsing_errors": ["/src/app/sub/Dockerfile"]}
    (found,) = translate(json.dumps(part(results=results)), code=0)
    assert (found.id, found.severity, found.object.name) == ("parsing-error", "medium", "sub/Dockerfile")
    empty = {**SUMMARY, "passed": 0}
    with pytest.raises(Rubbish, match="could not read the files"):
        translate(json.dumps(part(results=results, summary=empty)), code=0)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("", 0),
        ("[]", 0),
        ("{}", 0),
        ("null", 0),
        ("[{}]", 0),
        (json.dumps(part(results={})), 0),
        (json.dumps(part()), 1),
        (json.dumps(part(summary={**SUMMARY, "failed": 1})), 1),
        (json.dumps(part(results={"failed_checks": [{}]}, summary={**SUMMARY, "failed": 1})), 1),
    ],
)
def test_rubbish_is_no_answer(answer: str, code: int) -> None:
    with pytest.raises((Rubbish, KeyError, TypeError, ValueError)):
        translate(answer, code=code)


def test_settings_in_the_folder_are_not_taken(tmp_path: Path) -> None:
    # It looks for .checkov.yaml in what follows -d or --directory as a word of its own.
    argv = SCANNER.job(TOOL, FOLDER, tmp_path, Settings()).argv
    assert "--directory=/src/app" in argv
    assert not {"-d", "--directory"} & set(argv)


def test_a_dockerfile_of_any_name_is_one(tmp_path: Path) -> None:
    target = Target(DOCKERFILE, "build.txt", Path("/src/app/build.txt"))
    argv = SCANNER.job(TOOL, target, tmp_path, Settings()).argv
    file = Path(argv[argv.index("--file") + 1])
    assert (file.name, file.readlink()) == ("Dockerfile", target.path)


@pytest.mark.parametrize(("said", "version"), [("3.3.30", "3.3.30"), ("Traceback", "")])
def test_version(said: str, version: str) -> None:
    assert SCANNER.version(said) == version
