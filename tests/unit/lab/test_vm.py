"""Virtual machines, as far as they can be tested without one."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab import LabError
from lab.__main__ import main
from lab.vm import cli, image, machine, machines, qmp
from lab.vm.machine import Machine


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return image.cache()


def made(folder: Path, name: str = "one") -> Machine:
    """A machine's folder as `start` leaves it, without QEMU."""
    folder.mkdir(parents=True)
    found = Machine(name, "debian-13", folder, 2222, Path("/src/key"))
    state = {"name": name, "suite": "debian-13", "port": 2222, "key": "/src/key"}
    (folder / "machine.json").write_text(json.dumps(state))
    return found


@contextmanager
def running(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the place of a machine's QEMU; it does not outlive the test."""
    with subprocess.Popen(["sh", "-c", "read _; :", str(folder)], stdin=subprocess.PIPE) as process:
        try:
            (folder / "pid").write_text(f"{process.pid}\n")
            # Until it has become the shell, it looks like this process.
            deadline = time.monotonic() + 10
            while str(folder).encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            # A child that nobody waits for stays in /proc, as QEMU, which is nobody's child here, does not.
            threading.Thread(target=process.wait).start()
            yield process
        finally:
            process.kill()


def test_what_has_no_kernel_is_refused() -> None:
    with pytest.raises(LabError, match="no machine can be built from ubuntu"):
        image.ensure("ubuntu-24.04")


@pytest.mark.parametrize("suite", image.MACHINES)
def test_a_machine_has_an_engine_auditd_and_apparmor(suite: str) -> None:
    assert {"docker.io", "auditd", "apparmor", "linux-image-cloud-amd64"} <= set(image.packages(suite))


def test_without_root_or_debian_the_missing_programs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image.shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(image.os, "geteuid", lambda: 1000)
    with pytest.raises(LabError, match=r"e2fsprogs, mmdebstrap, openssh-client, qemu-system-x86, qemu-utils"):
        image.need_programs()


def test_a_machine_is_found_again(cache: Path) -> None:
    one = made(machines.running() / "one")
    assert machines.find("one") == one
    assert machines.find("two") is None
    assert machines.every() == [one]


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "a/b"])
def test_a_name_that_leads_elsewhere_is_refused(cache: Path, name: str) -> None:
    with pytest.raises(LabError, match="can't be a machine's name"):
        machines.find(name)


def test_a_number_that_is_somebody_elses_by_now_is_not_killed(tmp_path: Path) -> None:
    one = made(tmp_path / "one")
    with subprocess.Popen(["sleep", "60"]) as other:
        (one.folder / "pid").write_text(f"{other.pid}\n")
        assert one.pid is None
        assert not machine.remove(one)
        assert other.poll() is None
        other.kill()
    assert not one.folder.exists()


def test_its_own_process_is_ended_by_its_pid_file(tmp_path: Path) -> None:
    one = made(tmp_path / "one")
    with running(one.folder) as process:
        assert one.pid == process.pid
        assert machine.remove(one)
        assert process.wait(10) != 0


def test_all_that_were_started_are_cleaned_away_without_an_engine_too(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [
        made(machines.running() / "one").folder,
        made(machines.running() / "booting", "booting").folder,
        made(cache / "debian-13-abc" / "booting", "debian-13-first").folder,
        machines.running() / "half",
    ]
    folders[-1].mkdir()
    kept = cache / "debian-13-abc" / "root.qcow2"
    kept.touch()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with running(folders[0]) as process:
        assert main(["clean"]) == 0
        assert process.wait(10) != 0
    said = capsys.readouterr().out.splitlines()
    assert sorted(said) == ["machine booting", "machine debian-13-first", "machine half", "machine one"]
    assert not any(folder.exists() for folder in folders)
    assert kept.exists()
    assert main(["clean"]) == 0
    assert capsys.readouterr().out == ""


def test_the_inventory_says_how_to_get_in(tmp_path: Path) -> None:
    found = cli.inventory([made(tmp_path / "one")])
    host = found["lab"]["hosts"]["one"]  # type: ignore[index]
    assert (host["ansible_host"], host["ansible_port"]) == ("127.0.0.1", 2222)
    assert "UserKnownHostsFile=/dev/null" in host["ansible_ssh_common_args"]


def test_kvm_is_not_tried_where_it_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machines.os, "access", lambda *_: False)
    assert machines.best(image.Image("debian-13", tmp_path)) == machines.TCG


def test_a_trial_that_failed_is_not_repeated_before_the_next_boot(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tried: list[str] = []
    monkeypatch.setattr(machines.os, "access", lambda *_: True)
    monkeypatch.setattr(machines, "_boots_with_kvm", lambda made: bool(tried.append(made.suite)))
    one = image.Image("debian-13", tmp_path)
    assert machines.best(one) == machines.best(one) == machines.TCG
    assert tried == ["debian-13"]
    (tmp_path / "kvm").write_text("another-boot fails")
    machines.best(one)
    assert tried == ["debian-13"] * 2


@pytest.fixture
def monitor(tmp_path: Path) -> Callable[[list[bytes]], Path]:
    """Start a server that answers one connection, line by line."""
    path = tmp_path / "qmp"

    def serve(answers: list[bytes]) -> Path:
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(path))
        server.listen()

        def talk() -> None:
            connection, _ = server.accept()
            with connection, connection.makefile("rb") as stream:
                connection.sendall(answers[0])
                for answer in answers[1:]:
                    stream.readline()
                    connection.sendall(answer)
            server.close()

        threading.Thread(target=talk, daemon=True).start()
        return path

    return serve


def test_a_command_of_the_monitor_is_answered(monitor: Callable[[list[bytes]], Path]) -> None:
    event = b'{"event": "RESUME"}\n'
    path = monitor([b'{"QMP": {}}\n', b'{"return": {}}\n', event + b'{"return": ""}\n'])
    qmp.monitor(path, "savevm ready")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b'{"return": "Error: no device\\r\\n"}\n', "could not savevm ready: Error: no device"),
        (b'{"error": {"class": "GenericError", "desc": "not now"}}\n', "not now"),
        (b"", "does not answer"),
        (b"rubbish\n", "does not answer"),
    ],
)
def test_what_the_monitor_refuses_is_told(
    monitor: Callable[[list[bytes]], Path], answer: bytes, said: str
) -> None:
    path = monitor([b'{"QMP": {}}\n', b'{"return": {}}\n', answer])
    with pytest.raises(LabError, match=said):
        qmp.monitor(path, "savevm ready")


def test_nobody_at_the_monitor_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="does not answer"):
        qmp.monitor(tmp_path / "none", "savevm ready")
