from __future__ import annotations

import json
from pathlib import Path

import pytest

from hullguard.scanners.base import DIR, DOCKERFILE, Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.detect_secrets import SCANNER
from hullguard.scanners.finding import SECRET, Finding, Location
from hullguard.verdict import Object

FIXTURE = (Path(__file__).parent / "fixtures" / "detect_secrets.json").read_bytes()
TOOL = Tool("detect-secrets", Path("/bin/detect-secrets"), "1.5.0")
FOLDER = Target(DIR, "../app", Path("/src/app"))
READ = "[scan]\tINFO\tChecking file: /src/app/x"
UNREAD = "[scan]\tWARNING\tUnable to open file: /src/app/y"


def translate(answer: bytes | str, target: Target = FOLDER, said: str = READ) -> list[Finding]:
    data = answer.encode() if isinstance(answer, str) else answer
    return list(SCANNER.translate(Ran(data, 0, said), target, TOOL))


def answer(**results: object) -> str:
    return json.dumps({"version": "1.5.0", "plugins_used": [{"name": "x"}], "results": results})


def row(kind: str) -> dict[str, object]:
    return {"type": kind, "filename": "x", "hashed_secret": "0123456789abcdef", "line_number": 4}


def test_each_secret_is_a_finding_without_its_hash() -> None:
    found = translate(FIXTURE)
    assert sorted((f.id, f.severity, f.location.path, f.location.line) for f in found if f.location) == [
        ("aws-access-key", "high", "deploy/app.env", 1),
        ("basic-auth-credentials", "high", "Dockerfile", 7),
        ("secret-keyword", "high", "compose.yml", 12),
        ("secret-keyword", "high", "deploy/app.env", 2),
    ]
    assert {(f.kind, f.control) for f in found} == {(SECRET, None)}
    hashes = [row["hashed_secret"] for rows in json.loads(FIXTURE)["results"].values() for row in rows]
    assert hashes
    assert not [text for text in hashes if text in repr(found)]


def test_what_is_kept_of_the_answer_has_no_hash() -> None:
    kept = SCANNER.kept(Ran(FIXTURE, 0, READ))
    assert b"hashed_secret" not in kept
    assert b"AWS Access Key" in kept


def test_a_guess_weighs_less_and_proves_nothing() -> None:
    target = Target(DOCKERFILE, "app/Dockerfile", Path("/src/app/Dockerfile"))
    found = translate(answer(Dockerfile=[row("Base64 High Entropy String"), row("GitHub Token")]), target)
    assert [(f.severity, f.control) for f in found] == [("medium", None), ("high", "image_secrets")]
    assert found[0].location == Location("app/Dockerfile", 4)
    assert found[0].object == Object("file", "app/Dockerfile")


def test_nothing_found() -> None:
    assert translate(answer()) == []


def test_nothing_read_is_not_nothing_found() -> None:
    with pytest.raises(Rubbish, match="found nothing that it can read"):
        translate(answer(), said="")
    with pytest.raises(Rubbish, match="could not read everything"):
        translate(answer(), said=f"{READ}\n{UNREAD}")


def test_what_could_not_be_read_is_told() -> None:
    *_, last = translate(FIXTURE, said=f"{UNREAD}\n{READ}")
    assert (last.id, last.severity) == ("partial-scan", "medium")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"plugins_used": [], "results": {}}',
        answer(x=[{}]),
        answer(**{"/etc/x": [row("AWS Access Key")]}),
        answer(**{"../x": [row("AWS Access Key")]}),
    ],
)
def test_rubbish_is_no_answer(text: str) -> None:
    with pytest.raises((Rubbish, KeyError, TypeError, ValueError)):
        translate(text)


@pytest.mark.parametrize(("said", "version"), [("1.5.0", "1.5.0"), ("usage: detect-secrets", "")])
def test_version(said: str, version: str) -> None:
    assert SCANNER.version(said) == version


def test_a_file_is_scanned_from_its_folder(tmp_path: Path) -> None:
    # From anywhere else it finds nothing, and says nothing.
    job = SCANNER.job(
        TOOL, Target(DOCKERFILE, "Dockerfile", Path("/src/app/Dockerfile")), tmp_path, Settings()
    )
    assert job.argv[job.argv.index("-C") + 1] == "/src/app"
    assert job.argv[-1] == "/src/app/Dockerfile"
