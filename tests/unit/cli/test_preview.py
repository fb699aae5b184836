from __future__ import annotations

import json
from pathlib import Path

import pytest
from catalogue.baseline import FIXTURES
from unit.cli.conftest import Run

CARELESS = FIXTURES / "debian13.json"
PREVIEW = ("audit", "-e", CARELESS, "--preview", "cis_level2")


def test_the_usual_roles_are_previewed(run: Run) -> None:
    done = run(*PREVIEW, "--format", "json")
    (host,) = json.loads(done.out)["hosts"]
    assert (done.code, host["risk"], host["restart"]["needed"]) == (0, "medium", True)
    assert "docker_userns" not in host["roles"]


@pytest.mark.parametrize("format_", ["table", "markdown"])
def test_people_read_what_happens_to_whom(run: Run, format_: str) -> None:
    out = run(*PREVIEW, "--format", format_).out
    words = " ".join(out.split())
    assert "secretenv" in words
    assert "loses connectivity" in words
    assert "no-new-privileges" in out
    assert "left alone" in words.lower()


def test_the_gate(run: Run) -> None:
    assert run(*PREVIEW, "--fail-on-risk", "high").code == 0
    assert run(*PREVIEW, "--fail-on-risk", "medium").code == 11
    remapped = ("--role", "docker_userns", "--with", "docker_userns_accept_hidden=true")
    assert run(*PREVIEW, *remapped, "--fail-on-risk", "high").code == 12


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--role", "docker_demon"), "docker_daemon"), (("--with", "docker_userns_user"), "NAME=VALUE"),
        (("--with", "docker_userns_usr=x"), "docker_userns_user"), (("--format", "html"), "table, json and markdown"),
        (("--fail-on", "high"), "--fail-on"), (("--strict",), "--strict"), (("--profile", "strict"), "--profile"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run(*PREVIEW, *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_its_options_are_refused_without_it(run: Run) -> None:
    done = run("audit", "-e", CARELESS, "--role", "docker_daemon")
    assert done.code == 2
    assert "--preview" in done.err


def test_each_host_has_its_own_choices(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name in ("debian12", "debian13"):
        (folder / f"{name}.json").write_text((FIXTURES / f"{name}.json").read_text())
    chosen = {
        "tests12": {
            "profile": "strict",
            "roles": ["docker_seccomp"],
            "with": {"docker_seccomp_profile": "strict"},
        }
    }
    (tmp_path / "choices.json").write_text(json.dumps({"hosts": chosen}))
    done = run(
        "audit",
        "-e",
        folder,
        "--preview",
        "cis_level1",
        "--choices",
        tmp_path / "choices.json",
        "--format",
        "json",
    )
    hosts = {host["name"]: (host["profile"], host["roles"]) for host in json.loads(done.out)["hosts"]}
    assert hosts["tests12"] == ("strict", ["docker_seccomp"])
    assert hosts["tests13"][0] == "cis_level1"


def test_broken_choices_are_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "choices.json").write_text('{"hosts": {"a": {"role": []}}}')
    done = run(*PREVIEW, "--choices", tmp_path / "choices.json")
    assert done.code == 2
    assert "choices.json" in done.err
