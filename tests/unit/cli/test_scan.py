from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest
from unit.cli.conftest import Run

from hullguard.paths import compliance_dir
from hullguard.scanners import NAMES, load
from hullguard.yamlfile import check

DOCKERFILE = "FROM debian:12\nRUN apt-get update\nADD x /x\n"


@pytest.fixture(autouse=True)
def no_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """None is here, whatever is installed on this machine; nothing is remembered."""
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("hullguard.scanners.tools.folders", list)
    monkeypatch.delenv("DOCKER_BENCH_DIR", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def dockerfile(tmp_path: Path) -> Path:
    path = tmp_path / "Dockerfile"
    path.write_text(DOCKERFILE)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_every_scanner_says_what_it_is(name: str) -> None:
    scanner = load(name)
    assert scanner.name == name
    assert scanner.handles
    assert scanner.get


def test_a_report_of_a_dockerfile(run: Run, dockerfile: Path) -> None:
    done = run("scan", "dockerfile", "Dockerfile", "--format", "json")
    assert done.code == 11
    document = json.loads(done.out)
    check(document, "report", "the report")
    assert {row["id"] for row in document["findings"]} >= {"lone_package_update", "copy_not_add"}
    assert {row["tool"]: row["status"] for row in document["scans"]}["hullguard"] == "ran"
    absent = [row for row in document["scans"] if row["tool"] == "hadolint"]
    assert [(row["status"], "./nox -s tools" in row["get"]) for row in absent] == [("not_run", True)]


def test_raw_output_lies_beside_the_report(run: Run, dockerfile: Path, tmp_path: Path) -> None:
    assert run("scan", "dockerfile", "Dockerfile", "--format", "json", "-o", "r.json").code == 11
    assert (tmp_path / "r.json.raw").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("kind", ["dir", "secrets"])
def test_a_result_that_nobody_looked_for_is_none(run: Run, kind: str) -> None:
    done = run("scan", kind, ".")
    assert done.code == 1
    assert "No scanner could look" in done.err
    assert "./nox -s tools" in done.err
    assert done.out == ""


def test_a_scanner_that_is_asked_for_has_to_be_here(run: Run, dockerfile: Path) -> None:
    done = run("scan", "dockerfile", "Dockerfile", "--tool", "hadolint")
    assert (done.code, done.out) == (1, "")
    assert "hadolint is not here" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["image"], "Name an image, or say --all"),
        (["dockerfile", "Dockerfile", "--tool", "hadolnt"], "Did you mean hadolint?"),
        (["dockerfile", "Dockerfile", "--tool", "lynis"], "lynis can't scan dockerfile"),
        (["dockerfile", "none"], "none: there is no such file"),
        (["dockerfile", "."], "is a folder"),
        (["dir", "none"], "none: there is no such folder"),
        (["compose", "a", "b", "--fix", "c"], "--fix and --override take one compose file"),
        (["compose", "Dockerfile"], "Dockerfile"),
        (["tar", "Dockerfile"], "can't be read as a tar"),
        (["dockerfile", "Dockerfile", "--first-seen", "f"], "--first-seen is for --policy"),
        (["dockerfile", "Dockerfile", "--policy", "none"], "none"),
    ],
)
def test_wrong_usage(run: Run, dockerfile: Path, arguments: list[str], words: str) -> None:
    done = run("scan", *arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_tar_that_is_cut_or_no_image(run: Run, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "no.tar", "w") as archive:
        archive.add(__file__, "test.py")
    assert "holds no image" in run("scan", "tar", "no.tar").err
    whole = (tmp_path / "no.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[:700])
    assert "can't be read as a tar" in run("scan", "tar", "cut.tar").err


def test_a_dockerfile_of_two_megabytes_is_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("#" * (2 << 20))
    done = run("scan", "dockerfile", "Dockerfile")
    assert done.code == 2
    assert "this is no dockerfile" in done.err


def test_one_that_cannot_be_read_costs_nobody_elses_result(
    run: Run, dockerfile: Path, tmp_path: Path
) -> None:
    (tmp_path / "broken").write_bytes(b"\x00\xff\x00")
    done = run("scan", "dockerfile", "Dockerfile", "broken", "--format", "json", "--fail-on", "never")
    document = json.loads(done.out)
    assert done.code == 2
    assert {
        row["target"]["name"]: row["status"] for row in document["scans"] if row["tool"] == "hullguard"
    } == {
        "Dockerfile": "ran",
        "broken": "unknown",
    }
    assert run("scan", "dockerfile", "Dockerfile", "broken", "--fail-on", "never", "--strict").code == 10


def test_fix_writes_an_override_and_never_the_original(run: Run, tmp_path: Path) -> None:
    text = "services:\n  web:\n    image: nginx\n"
    (tmp_path / "compose.yml").write_text(text)
    assert run("scan", "compose", "compose.yml", "--fix", "fix.yml").code == 12
    assert "no-new-privileges:true" in (tmp_path / "fix.yml").read_text()
    # Again: what is ours is replaced, anybody else's is not.
    assert "fix.yml is written" in run("scan", "compose", "compose.yml", "--fix", "fix.yml").err
    assert run("scan", "compose", "compose.yml", "--override", "fix.yml").code < 12
    (tmp_path / "theirs.yml").write_text("services: {}\n")
    assert (
        "was not written by this command" in run("scan", "compose", "compose.yml", "--fix", "theirs.yml").err
    )
    assert (tmp_path / "theirs.yml").read_text() == "services: {}\n"
    done = run("scan", "compose", "compose.yml", "--fix", "compose.yml")
    assert done.code == 2
    assert "never changed" in done.err
    assert (tmp_path / "compose.yml").read_text() == text


def test_what_is_waived_does_not_fail_and_stays_visible(run: Run, dockerfile: Path, tmp_path: Path) -> None:
    document = json.loads(run("scan", "dockerfile", "Dockerfile", "--format", "json").out)
    ends = "2027-01-31"
    rows = [
        f"- {{fingerprint: {row['fingerprint']}, reason: not for us, owner: o, approver: a, expires: {ends}}}"
        for row in document["findings"]
    ]
    (tmp_path / "w.yml").write_text("waivers:\n" + "\n".join(rows))
    done = run("scan", "dockerfile", "Dockerfile", "-w", "w.yml", "--format", "json")
    assert done.code == 0
    assert {row["waiver"]["expires"] for row in json.loads(done.out)["findings"]} == {ends}


def test_the_policy_judges_what_a_dockerfile_builds_on(
    run: Run, dockerfile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    shipped = compliance_dir() / "policies" / "vulnerability.yml"
    strict = shipped.read_text().replace("allowed: []", "allowed: [registry.example.net/*]")
    (tmp_path / "policy.yml").write_text(strict)

    def rules(policy: str) -> set[str]:
        done = run("scan", "dockerfile", "Dockerfile", "--policy", policy, "--format", "json")
        return {row["id"] for row in json.loads(done.out)["findings"] if row["object"]["kind"] == "image"}

    assert "base_image_not_allowed" in rules("policy.yml")
    assert "base_image_not_allowed" not in rules("default")
    # No engine tells how old it is, which is said and not passed over.
    assert "base_image_age_unknown" in rules("default")
    dockerfile.write_text("FROM registry.example.net/base:1 AS one\nFROM one\nFROM scratch\n")
    assert "base_image_not_allowed" not in rules("policy.yml")


def test_a_fingerprint_does_not_depend_on_how_the_file_was_named(
    run: Run, dockerfile: Path, tmp_path: Path
) -> None:
    def prints(*names: str) -> list[str]:
        done = run("scan", "dockerfile", *names, "--format", "json")
        return [row["fingerprint"] for row in json.loads(done.out)["findings"]]

    assert prints("Dockerfile") == prints("./Dockerfile") == prints(str(tmp_path / "Dockerfile"))
    assert prints("Dockerfile") == prints("Dockerfile", "./Dockerfile")


def test_the_scanned_file_is_never_written_over(run: Run, dockerfile: Path) -> None:
    done = run("scan", "dockerfile", "Dockerfile", "-o", "./Dockerfile", "--format", "json")
    assert done.code == 2
    assert "it would be gone" in done.err
    assert dockerfile.read_text() == DOCKERFILE


def test_a_service_that_is_not_judged_is_said_and_counts_under_strict(run: Run, tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(
        "services: {debug: {image: x, profiles: [debug], privileged: true}}\n"
    )
    assert run("scan", "compose", "compose.yml").code == 0
    assert "not seen in it: debug" in " ".join(run("scan", "compose", "compose.yml").out.split())
    assert run("scan", "compose", "compose.yml", "--strict").code == 10
    assert run("scan", "compose", "compose.yml", "--compose-profile", "debug").code == 13
    assert (
        "no service is in profile nobodys"
        in run("scan", "compose", "compose.yml", "--compose-profile", "nobodys").err
    )


def test_our_own_controls_are_a_tool_among_others(run: Run, dockerfile: Path) -> None:
    done = run("scan", "dockerfile", "Dockerfile", "--tool", "hullguard", "--format", "json")
    assert {row["tool"] for row in json.loads(done.out)["scans"]} == {"hullguard"}
    assert "own controls are for" in run("scan", "dir", ".", "--tool", "hullguard").err


def test_reports_of_scans_convert_with_a_gate_and_are_not_compared(
    run: Run, dockerfile: Path, tmp_path: Path
) -> None:
    run("scan", "dockerfile", "Dockerfile", "--format", "json", "-o", "r.json")
    assert run("report", "r.json").code == 0
    assert run("report", "r.json", "--fail-on", "low", "--format", "sarif").code == 11
    assert run("report", "r.json", "--fail-on", "high").code == 0
    for arguments in (["diff", "r.json", "r.json"], ["report", "r.json", "--before", "r.json"]):
        done = run(*arguments)
        assert done.code == 2
        assert "only audits can be compared" in done.err
