"""`hullguard watch`: wrong usage, and what it does before there is anything to watch."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from unit.cli.conftest import Run
from unit.watch.support import ID, EventEngine, chunk, decent, event, line

from hullguard.cli.watch import command

BAD = {**decent(PidMode="host")}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--host", "tcp://10.0.0.1:2375"], 2, "is no unix socket"),
        (
            ["--host", "unix:///nonexistent/docker.sock"],
            1,
            "No Docker engine answers on /nonexistent/docker.sock: No such file",
        ),
        (["--severity", "grave"], 2, "is not one of"),
        (["--for", "0"], 2, "--for"),
        (["--profile", "cis_levle1"], 2, "Did you mean cis_level1"),
        (["--waivers", "/nonexistent.yml"], 2, "no such file"),
        (["--format", "sarif"], 2, "is not one of"),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], code: int, message: str) -> None:
    done = run("watch", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err


def test_docker_host_is_honoured(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "ssh://somewhere")
    assert "is no unix socket" in run("watch").err


def test_profiles_are_completed() -> None:
    parameter = next(one for one in command.params if one.name == "profile")
    assert "cis_level1" in [
        item.value for item in parameter.shell_complete(command.make_context("watch", []), "cis")
    ]


def started(engine: EventEngine, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "hullguard", "watch", "--host", engine.endpoint, "--config-file", "/nonexistent", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3] / "scripts")},
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("arguments", "code"), [([], 0), (["--fail-on", "high"], 12), (["--fail-on", "critical"], 0)]
)
def test_a_signal_ends_it_with_its_exit_code(number: int, arguments: list[str], code: int) -> None:
    with EventEngine([chunk(line(event("start"))), None]) as engine:
        engine.answers[f"/containers/{ID}/json"] = BAD
        with started(engine, *arguments) as process:
            assert process.stdout
            alert = json.loads(process.stdout.readline())
            process.send_signal(number)
            rest, err = process.communicate(timeout=20)
    assert process.returncode == code, err
    assert (alert["kind"], alert["container"]["name"], rest) == ("control_broken", "web", "")
    assert "Traceback" not in err


def test_the_time_ends_it_and_what_was_not_seen_counts_when_strict() -> None:
    with EventEngine([chunk(line(event("start"))), None]) as engine:
        engine.answers[f"/containers/{ID}/json"] = {}
        with started(engine, "--for", "1", "--strict", "--format", "text") as process:
            out, _ = process.communicate(timeout=20)
    assert process.returncode == 10
    assert " UNKNOWN  unseen: web (web:1): " in out


def test_a_reader_that_has_gone_ends_it() -> None:
    with EventEngine([None, chunk(line(event("start"))), None]) as engine:
        engine.answers[f"/containers/{ID}/json"] = BAD
        with started(engine) as process:
            assert process.stdout
            assert process.stderr
            while "watching" not in process.stderr.readline():
                pass
            process.stdout.close()
            engine.go_on()
            process.wait(20)
    assert process.returncode == 1
