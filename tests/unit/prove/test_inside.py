"""What runs in the containers: each probe apart, errors by their number, and an end in any case."""

from __future__ import annotations

import ast
import errno
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from hullguard.prove import places
from hullguard.prove.inside import __main__ as inside
from hullguard.prove.inside import calls, network

SOURCES = sorted((Path(inside.__file__).parent).glob("*.py"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_the_oldest_python_of_a_host_can_read_it(source: Path) -> None:
    tree = ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 9))
    names = [
        node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level
    ]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names


def raising(number: int) -> Callable[[], None]:
    def attempt() -> None:
        raise OSError(number, os.strerror(number))

    return attempt


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        (errno.EPERM, "blocked"), (errno.EACCES, "blocked"), (errno.EROFS, "blocked"), (errno.ENOSYS, "blocked"),
        (errno.EAFNOSUPPORT, "blocked"), (errno.EINVAL, "succeeded"), (errno.EFAULT, "unknown"), (errno.EIO, "unknown"),
    ],
)  # fmt: skip
def test_the_error_decides(number: int, outcome: str) -> None:
    found, detail = calls.judged(raising(number), (errno.EINVAL,))
    assert found == outcome
    assert errno.errorcode[number] in detail


def test_what_works_has_succeeded() -> None:
    assert calls.judged(lambda: None) == ("succeeded", "allowed")


def test_a_real_call_gives_a_real_error() -> None:
    with pytest.raises(OSError, match=r"Bad file descriptor|Operation not permitted"):
        calls.call("setns", -1, 0)


def test_a_call_without_a_number_was_not_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(calls.NUMBERS, "iopl", (None, None))  # type: ignore[arg-type]
    with pytest.raises(calls.NotCarriedOut, match="has no number for iopl"):
        calls.call("iopl", 0)


def killed(_facts: Any) -> Any:
    os.kill(os.getpid(), signal.SIGSYS)


def slow(_facts: Any) -> Any:
    time.sleep(30)


def wrong(_facts: Any) -> Any:
    raise ValueError("a mistake")


def gone(_facts: Any) -> Any:
    os._exit(4)


def well(facts: Any) -> Any:
    return "blocked", facts["word"]


@pytest.mark.parametrize(
    ("function", "outcome", "said"),
    [
        (killed, "blocked", "SIGSYS"), (slow, "unknown", "longer than 0.2 s"), (wrong, "unknown", "ValueError: a mistake"),
        (gone, "unknown", "ended with status"), (well, "blocked", "a word"),
    ],
)  # fmt: skip
def test_each_probe_is_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, function: Any, outcome: str, said: str
) -> None:
    monkeypatch.setattr(inside, "find", lambda _name: function)
    found = inside.apart("any", {"word": "a word"}, 0.2)
    assert found[0] == outcome
    assert said in found[1]
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def started(folder: Path, seconds: float, probes: list[str], **more: Any) -> subprocess.Popen[str]:
    """The code as a container starts it, in a folder that stands for the container's."""
    (folder / "inside").symlink_to(Path(inside.__file__).parent)
    (folder / "out").mkdir()
    (folder / "alive").write_text("0", encoding="ascii")
    ask = {"probes": probes, "facts": {}, "seconds": seconds, "each": 5, "still": 15, **more}
    (folder / "ask.json").write_text(json.dumps(ask), encoding="utf-8")
    code = places.BEGIN.replace(places.HERE, str(folder))
    return subprocess.Popen([sys.executable, "-I", "-S", "-B", "-c", code], stderr=subprocess.PIPE, text=True)


def said(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "out" / "said").read_text(encoding="utf-8").splitlines()]


def test_it_says_what_came_of_each(tmp_path: Path) -> None:
    process = started(tmp_path, 20, ["local_descriptors", "no_such_probe"])
    assert process.communicate(timeout=20)[1] == ""
    first, known, strange, last = said(tmp_path)
    assert (first, last) == ({"begun": True}, {"end": True})
    assert known["outcome"] in ("succeeded", "blocked", "unknown")
    assert strange["outcome"] == "unknown"
    assert "no_such_probe" in strange["detail"]


def test_nothing_runs_on_when_nobody_waits_any_more(tmp_path: Path) -> None:
    process = started(tmp_path, 1, [], serve=True, facts={"echo_port": 0, "registry_port": 0})
    assert process.wait(timeout=20) == 3


def test_what_goes_wrong_before_a_probe_begins_is_said(tmp_path: Path) -> None:
    process = started(tmp_path, 20, [])
    process.kill()
    process.communicate()
    (tmp_path / "ask.json").write_text("no JSON", encoding="utf-8")
    code = places.BEGIN.replace(places.HERE, str(tmp_path))
    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], stderr=subprocess.DEVNULL, check=False)
    assert "JSONDecodeError" in said(tmp_path)[-1]["broken"]


def test_the_number_that_stands_still_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "alive").write_text("1", encoding="ascii")
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    wanted = inside.Wanted(str(tmp_path / "alive"), 60, 0.05)
    wanted.look(0, None)
    assert not ended
    (tmp_path / "alive").write_text("2", encoding="ascii")
    time.sleep(0.06)
    wanted.look(0, None)
    assert not ended, "it has changed"
    time.sleep(0.06)
    wanted.look(0, None)
    assert ended == [3]


def test_a_slow_host_is_waited_for_longer() -> None:
    assert network.wait({"patience": 9}, 1.0) == 3
    assert network.wait({}) == network.WAIT


def test_the_checksum_is_that_of_the_rfc() -> None:
    assert network.checksum(bytes.fromhex("0001f203f4f5f6f7")) == 0x220D  # RFC 1071, section 3


@pytest.fixture
def echo() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(connection.recv(64))

        threading.Thread(target=answer, daemon=True).start()
        yield listener.getsockname()[1]


def test_somebody_who_answers_was_reached(echo: int) -> None:
    assert network.reached("127.0.0.1", echo, 5) == ("succeeded", f"127.0.0.1:{echo} answered")


def test_nobody_was_reached_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert network.reached("127.0.0.1", port, 5) == ("blocked", f"127.0.0.1:{port}: ECONNREFUSED")


@pytest.mark.parametrize(
    ("body", "status", "found"),
    [
        (b'{"ApiVersion": "1.45"}', 200, "without TLS"),
        (b"{}", 200, None),
        (b'{"ApiVersion": "1.45"}', 403, None),
    ],
)
def test_only_an_engine_that_answers_is_one(body: bytes, status: int, found: str | None) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            assert network.engine_api("127.0.0.1", server.server_port, 5) == found
        finally:
            server.shutdown()


def test_a_fact_that_is_missing_is_said_with_its_reason() -> None:
    with pytest.raises(calls.NotCarriedOut, match="the bridge is gone"):
        network.fact({"why_no_neighbour": "the bridge is gone"}, "neighbour")
    with pytest.raises(calls.NotCarriedOut, match="host addresses is not known"):
        network.fact({"host_addresses": []}, "host_addresses")


def test_a_cloud_that_is_not_there_is_unknown() -> None:
    facts = {"metadata": "127.255.255.254", "metadata_from_host": False}
    assert network.metadata(facts)[0] == "unknown"
    assert network.metadata({**facts, "metadata_from_host": True})[0] == "blocked"
