from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from catalogue.baseline import FIXTURES, evidence
from unit.cli.conftest import Run
from unit.support.fake_engine import FakeEngine

from hullguard import collect

EVIDENCE = FIXTURES / "debian13.json"


@pytest.fixture
def decent(tmp_path: Path) -> Path:
    path = tmp_path / "decent.json"
    path.write_text(json.dumps(evidence()))
    return path


def rows(out: str) -> dict[str, Any]:
    return {row["id"]: row for row in json.loads(out)["hosts"][0]["results"]}


def test_the_worst_fail_is_the_exit_code(run: Run, decent: Path) -> None:
    assert run("audit", "-e", EVIDENCE, "--format", "json").code == 13
    assert run("audit", "-e", decent, "--format", "json").code == 11  # rootless
    assert run("audit", "-e", decent, "--format", "json", "--fail-on", "high").code == 0
    assert run("audit", "-e", EVIDENCE, "--format", "json", "--fail-on", "never").code == 0
    assert run("audit", "-e", decent, "--format", "json", "--skip", "rootless").code == 0


def test_unknown_never_exits_0_under_strict(run: Run, decent: Path) -> None:
    document = json.loads(decent.read_text())
    document["engines"][0]["info"] = None
    decent.write_text(json.dumps(document))
    assert run("audit", "-e", decent, "--only", "storage_driver_aufs", "--format", "json").code == 0
    assert (
        run("audit", "-e", decent, "--only", "storage_driver_aufs", "--format", "json", "--strict").code == 10
    )


def test_json_on_standard_output_is_nothing_but_json(run: Run) -> None:
    done = run("audit", "-e", EVIDENCE, "--format", "json")
    assert len(rows(done.out)) == 118
    assert done.err == ""


def test_only_and_skip(run: Run) -> None:
    assert set(
        rows(
            run("audit", "-e", EVIDENCE, "--format", "json", "--only", "privileged", "--only", "host_pid").out
        )
    ) == {"privileged", "host_pid"}
    assert len(rows(run("audit", "-e", EVIDENCE, "--format", "json", "--skip", "privileged").out)) == 117


@pytest.mark.parametrize("format_", ["table", "json", "html"])
def test_every_format_is_written_whole_and_for_its_owner_only(run: Run, tmp_path: Path, format_: str) -> None:
    path = tmp_path / "report"
    done = run("audit", "-e", EVIDENCE, "--format", format_, "-o", path)
    assert done.out == ""
    assert "2.10" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--profile", "cis_levl1"], "There is no profile 'cis_levl1'. Did you mean cis_level1"),
        (
            ["--benchmark", "cis_docker_1_9_0"],
            "There is no benchmark 'cis_docker_1_9_0'. Did you mean cis_docker_1_8_0",
        ),
        (["--only", "userns_remp"], "There is no control 'userns_remp'. Did you mean userns_remap"),
        (["--skip", "userns_remp"], "Did you mean userns_remap"),
        (["--waivers", "/nonexistent.yml"], "/nonexistent.yml: no such file."),
        (["--output", "/nonexistent/x"], "the folder /nonexistent does not exist"),
        (["--output", "/tmp"], "/tmp: is a folder"),
        (["--profile", "/nonexistent.yml"], "/nonexistent.yml: no such file."),
    ],
)
def test_wrong_choices_are_one_message_and_exit_code_2(run: Run, arguments: list[str], message: str) -> None:
    done = run("audit", "-e", EVIDENCE, "--format", "json", *arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("hullguard: ")
    assert message in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (EVIDENCE.read_text()[:5000], "not valid JSON"),
        ('{"schema": "hullguard/evidence/9"}', "this program reads 'hullguard/evidence/1'"),
        ("{}", "no evidence"),
        ("\x1b[2J", "not valid JSON"),
    ],
    ids=["cut", "version", "empty", "escapes"],
)
def test_bad_evidence_is_one_message_and_exit_code_2(
    run: Run, tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "host.json"
    path.write_text(text)
    kept = tmp_path / "report.html"
    kept.write_text("yesterday's")
    done = run("audit", "-e", path, "--format", "html", "-o", kept)
    assert (done.code, done.out) == (2, "")
    assert str(path) in done.err
    assert message in done.err
    assert "\x1b" not in done.err
    assert kept.read_text() == "yesterday's"


def test_200_megabytes(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as stream:
        stream.truncate(200 << 20)
    done = run("audit", "-e", path)
    assert (done.code, done.out) == (2, "")
    assert "larger than 64 MiB" in done.err


def test_a_daemon_json_that_is_none_is_unknown(run: Run, decent: Path) -> None:
    document = json.loads(decent.read_text())
    document["engines"][0]["daemon_json"] |= {
        "valid": False,
        "content": None,
        "error": "/etc/docker/daemon.json:2:9: Expecting value",
    }
    decent.write_text(json.dumps(document))
    found = rows(run("audit", "-e", decent, "--format", "json").out)
    assert found["userland_proxy"]["verdict"] == "unknown"
    assert "daemon.json:2:9" in found["userland_proxy"]["reason"]


HOSTILE = [
    "<script>alert(1)</script>",
    "\x1b]0;x\x07\x1b[2J",
    "../../../etc/passwd",
    "a\nPASS everything",
    "\u202eoverride",
    "{{ 7*7 }}",
    "[red]x[/red]",
    "\ud800",
]


@pytest.mark.parametrize("format_", ["table", "json", "html"])
def test_hostile_names_stay_harmless(run: Run, tmp_path: Path, decent: Path, format_: str) -> None:
    document = json.loads(decent.read_text())
    document["host"]["name"] = HOSTILE[0] + HOSTILE[1] + HOSTILE[2]
    document["errors"] = [{"what": name, "reason": name} for name in HOSTILE]
    containers = []
    for index, name in enumerate(HOSTILE):
        raw = evidence()["engines"][0]["containers"][0]
        raw["Name"], raw["Id"], raw["HostConfig"]["Privileged"] = f"/{name}", str(index) * 64, True
        containers.append(raw)
    document["engines"][0] |= {"containers": containers, "name": HOSTILE[0]}
    document["engines"][0]["counts"]["containers"] = len(containers)
    document["engines"][0]["info"]["ServerVersion"] = HOSTILE[0]
    decent.write_text(json.dumps(document))
    done = run("audit", "-e", decent, "--format", format_)
    assert done.code == 13
    for text in (done.out, done.err):
        assert "\x1b" not in text
        assert "\x07" not in text
        assert "\u202e" not in text
        assert "\nPASS everything" not in text
    if format_ == "html":
        assert "<script>alert(1)" not in done.out
        assert "7*7" in done.out
    assert not list(tmp_path.parent.glob("etc"))


def test_a_terminal_without_unicode_gets_escapes(decent: Path) -> None:
    command = [sys.executable, "-m", "hullguard", "audit", "-e", str(decent), "--fail-on", "never"]
    done = subprocess.run(
        command,
        capture_output=True,
        env={"PYTHONIOENCODING": "ascii", "PATH": "/bin", "PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()


def test_a_reader_that_has_gone_is_no_traceback(decent: Path) -> None:
    script = f"{sys.executable} -m hullguard audit -e {decent} | head -c 1"
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)},
        check=False,
    )
    assert "Traceback" not in done.stderr


# --- this host -------------------------------------------------------------------------------------------------------


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no daemon ran on this machine."""
    monkeypatch.setattr(collect, "processes", lambda: iter([]))
    monkeypatch.setattr(collect, "glob", lambda _pattern: [])


@pytest.mark.usefixtures("alone")
def test_no_engine_is_one_message_and_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    done = run("audit", "--format", "json")
    assert (done.code, done.out) == (1, "")
    assert "No Docker engine answers here" in done.err
    assert f"{tmp_path}/none.sock does not exist" in done.err
    monkeypatch.setenv("DOCKER_HOST", "tcp://10.0.0.1:2375")
    assert "only unix:// sockets are read" in run("audit").err


@pytest.mark.usefixtures("alone")
def test_a_hung_engine_is_told_within_the_time_limit(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeEngine() as engine:
        engine.answers["/info"] = engine.hang()
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        done = run("audit", "--timeout", "0.3")
    assert done.code == 1
    assert "no answer within 0.3 s" in done.err


@pytest.mark.usefixtures("alone")
def test_an_engine_that_dies_halfway_gives_unknowns(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeEngine() as engine:
        engine.answers["/images/json"] = engine.die()
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        done = run("audit", "--format", "json", "--fail-on", "never")
    found = rows(done.out)
    assert {
        found[slug]["verdict"]
        for slug in ("image_user", "copy_not_add", "unused_images", "default_bridge_unused")
    } == {"unknown"}
    assert "not seen: system.images" in done.err
