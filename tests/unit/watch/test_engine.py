"""What watch asks an engine: where it is, containers that join others, volumes, processes that are not ready."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from unit.watch.support import ID, EventEngine, Raw, decent, until

from hullguard.collect import Unseen
from hullguard.errors import InputError
from hullguard.watch import engine
from hullguard.watch.engine import Engine, owner, settled, socket_path


def test_which_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert socket_path(None) == "/var/run/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/user/1000/docker.sock")
    assert socket_path(None) == "/run/user/1000/docker.sock"
    assert socket_path("unix:///run/other.sock") == "/run/other.sock"


@pytest.mark.parametrize(
    "host", ["tcp://10.0.0.1:2375", "ssh://root:hunter2@h", "/run/docker.sock", "unix://docker.sock"]
)
def test_other_kinds_are_refused_without_their_password(host: str) -> None:
    with pytest.raises(InputError, match="no unix socket") as refused:
        socket_path(host)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "uid"),
    [
        ("/run/user/1000/docker.sock", 1000),
        ("/var/run/user/7/x/docker.sock", 7),
        ("/var/run/docker.sock", 0),
        ("/run/user/x/d", 0),
    ],
)
def test_whose_engine(path: str, uid: int) -> None:
    assert owner(path) == uid


def test_joined_containers_are_followed_and_circles_end() -> None:
    names = {"b" * 64: "c" * 64, "c" * 64: "b" * 64}
    answers: dict[str, Any] = {
        f"/containers/{number}/json": {**decent(NetworkMode=f"container:{target}"), "Id": number}
        for number, target in names.items()
    }
    with EventEngine([], answers=answers) as fake:
        found = Engine(str(fake.path)).joined(
            decent(NetworkMode=f"container:{'b' * 64}", PidMode="container:gone")
        )
    assert [row["Id"] for row in found] == ["b" * 64, "c" * 64]


def test_volumes_that_lead_somewhere() -> None:
    raw = {
        **decent(),
        "Mounts": [{"Type": "volume", "Name": "a/b"}, {"Type": "volume", "Name": "plain"}, {"Type": "bind"}],
    }
    options = {"device": "/etc", "o": "bind", "type": "none"}
    with EventEngine(
        [],
        answers={"/volumes/a%2Fb": {"Name": "a/b", "Options": options}, "/volumes/plain": {"Options": None}},
    ) as fake:
        asked = Engine(str(fake.path))
        assert asked.volumes(raw) == [{"Name": "a/b", "Options": options, "Real": "/etc"}]
        fake.answers["/volumes/plain"] = Raw(500, b"{}")
        assert asked.volumes(raw) is None


def test_a_connection_that_has_ended_is_opened_anew() -> None:
    with EventEngine([]) as fake:
        asked = Engine(str(fake.path))
        answers = [lambda _handler: None, decent()]
        fake.answers[f"/containers/{ID}/json"] = lambda handler: (
            answers.pop(0)(handler) if len(answers) > 1 else answers[0]
        )
        assert asked.container(ID)["Id"] == ID


def test_a_list_is_asked_for_anew_when_its_connection_has_ended() -> None:
    with EventEngine([]) as fake:
        asked = Engine(str(fake.path))
        assert asked.running() == []
        answers: list[Any] = [lambda _handler: None, lambda _handler: [{"Id": ID, "State": "running"}]]
        fake.answers["/containers/json"] = lambda handler: answers.pop(0)(handler)
        assert asked.running() == [ID]


def test_whether_it_answers() -> None:
    with EventEngine([]) as fake:
        asked = Engine(str(fake.path))
        asked.ping(5)
        fake.answers["/_ping"] = fake.drip()
        asked.ping(5)  # its head is an answer
        fake.answers["/_ping"] = fake.hang()
        with pytest.raises(Unseen, match=r"does not answer within 0\.2 s"):
            asked.ping(0.2)
        for broken, words in (
            (Raw(503, b"{}"), "it answers HTTP 503"),
            (lambda _handler: None, "does not answer: "),
        ):
            fake.answers["/_ping"] = broken
            with pytest.raises(Unseen, match=words):
                asked.ping(5)
    with pytest.raises(Unseen, match=r"does not answer: .*No such file"):
        asked.ping(5)


def test_a_process_is_the_containers_when_the_runtime_has_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """runc calls its own first process so; what it is allowed is not yet what the container is."""
    monkeypatch.setattr(engine, "SETTLE_STEPS", 2)
    assert settled(os.getpid())
    assert settled(None)
    assert settled(0)
    script = "import ctypes, sys\nctypes.CDLL(None).prctl(15, b'runc:[2:INIT]')\nprint(flush=True)\nsys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdin
        assert child.stdout
        child.stdout.readline()
        assert not settled(child.pid)
        child.stdin.close()
        child.wait(10)
        assert settled(child.pid)


def test_a_process_that_runs_from_memory_is_not_taken_for_the_containers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "SETTLE_STEPS", 2)
    memory = os.memfd_create("runc_cloned")
    with open("/bin/sleep", "rb") as program:  # noqa: PTH123
        os.write(memory, program.read())
    child = subprocess.Popen([f"/proc/{os.getpid()}/fd/{memory}", "30"])
    try:
        until(lambda: not settled(child.pid))
    finally:
        child.kill()
        child.wait(10)
        os.close(memory)
