from __future__ import annotations

from pathlib import Path

import pytest

from lab import LabError, engine


def process(proc: Path, pid: int, name: str, state: str = "S") -> None:
    directory = proc / str(pid)
    directory.mkdir(parents=True)
    (directory / "comm").write_text(f"{name}\n")
    (directory / "stat").write_text(f"{pid} ({name}) {state} 1 1 1\n")


@pytest.fixture
def pid_file(tmp_path: Path) -> Path:
    path = tmp_path / "docker.pid"
    path.write_text("4711")
    return path


@pytest.mark.parametrize(("name", "state"), [("bash", "S"), ("dockerd", "Z")])
def test_a_pid_file_of_a_daemon_that_is_gone_is_removed(
    tmp_path: Path, pid_file: Path, name: str, state: str
) -> None:
    process(tmp_path / "proc", 4711, name, state)
    assert engine.clear_stale(pid_file, "dockerd", tmp_path / "proc")
    assert not pid_file.exists()


def test_a_pid_file_without_any_process_is_removed(tmp_path: Path, pid_file: Path) -> None:
    assert engine.clear_stale(pid_file, "dockerd", tmp_path / "proc")
    assert not pid_file.exists()


@pytest.mark.parametrize("content", ["", "not a number"])
def test_a_broken_pid_file_is_removed(tmp_path: Path, pid_file: Path, content: str) -> None:
    pid_file.write_text(content)
    assert engine.clear_stale(pid_file, "dockerd", tmp_path / "proc")


def test_a_running_daemon_keeps_its_pid_file(tmp_path: Path, pid_file: Path) -> None:
    process(tmp_path / "proc", 4711, "dockerd")
    assert not engine.clear_stale(pid_file, "dockerd", tmp_path / "proc")
    assert pid_file.exists()


def test_no_pid_file_is_nothing_to_do(tmp_path: Path) -> None:
    assert not engine.clear_stale(tmp_path / "docker.pid", "dockerd", tmp_path)


def test_an_unanswered_docker_host_is_named_and_nothing_else_is_started(tmp_path: Path) -> None:
    reason = engine.why_not_start({"DOCKER_HOST": "tcp://192.0.2.1:2376"}, 0, tmp_path / "os-release")
    assert reason is not None
    assert "tcp://192.0.2.1:2376" in reason


def test_without_root_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SOCKET", tmp_path / "docker.sock")
    reason = engine.why_not_start({}, 1000, tmp_path / "os-release")
    assert reason is not None
    assert "run this as root" in reason


@pytest.mark.parametrize(
    ("identity", "installable"), [("ID=debian\n", True), ("ID=fedora\n", False), ("", False)]
)
def test_only_debian_gets_an_engine_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: str, installable: bool
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engine, "_dockerd", lambda: None)
    (tmp_path / "os-release").write_text(identity)
    reason = engine.why_not_start({}, 0, tmp_path / "os-release")
    assert (reason is None) is installable


def test_a_daemon_that_ends_at_once_is_reported_in_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon = tmp_path / "dockerd"
    daemon.write_text("#!/bin/sh\necho 'invalid character in daemon.json' >&2\nexit 1\n")
    daemon.chmod(0o755)
    log = tmp_path / "log"
    log.write_text("of an earlier run\n")
    monkeypatch.setattr(engine, "LOG", log)
    monkeypatch.setattr(engine, "STARTED", tmp_path / "pid")
    monkeypatch.setattr(engine, "PID_FILES", {})
    monkeypatch.setattr(engine, "SYSTEMD", tmp_path / "absent")
    monkeypatch.setattr(engine, "_dockerd", lambda: str(daemon))
    monkeypatch.setattr(engine, "connect", lambda: None)
    with pytest.raises(LabError, match="invalid character in daemon") as error:
        engine.start()
    assert "earlier run" not in str(error.value)
