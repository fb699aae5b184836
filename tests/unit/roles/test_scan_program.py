"""The program behind docker_scan's timers: what it keeps, what it refuses, and what a failure leaves."""

from __future__ import annotations

import importlib.util
import json
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = ROOT / "roles/docker_scan/files/scan.py"


@pytest.fixture
def scan() -> Iterator[ModuleType]:
    # The program keeps what it writes to its owner: in this process, the next test would do so too.
    before = os.umask(0o022)
    spec = importlib.util.spec_from_file_location("hullguard_scan", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    os.umask(before)


class Job:
    """A configuration in a folder of the test's own, and what came of running a job with it."""

    def __init__(self, scan: ModuleType, folder: Path) -> None:
        self.scan, self.folder = scan, folder
        self.config: dict[str, Any] = {
            "folder": str(folder / "state"), "keep_days": 7, "keep_megabytes": 1, "scanner": "command", "command": [],
            "network": False, "timeout": 5, "push": "", "push_insecure": False, "push_token_file": "", "push_ca_file": "",
        }  # fmt: skip

    def run(self, job: str, **changes: Any) -> int:
        self.config.update(changes)
        path = self.folder / "scan.json"
        path.write_text(json.dumps(self.config))
        code: int = self.scan.main([job, "--config", str(path)])
        return code

    def status(self, job: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / f"state/status/{job}.json").read_text())
        return found

    def results(self, kind: str) -> list[str]:
        folder = self.folder / "state" / kind
        return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def job(scan: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Job:
    evidence = {"schema": "hullguard/evidence/1", "host": {"name": "web"}, "errors": []}
    engine = {
        "name": "system",
        "socket": "/s",
        "reachable": True,
        "running": True,
        "error": None,
        "complete": {"containers": True, "images": True},
    }
    engine["images"] = [{"Id": "sha256:a", "RepoTags": ["app:1"]}, {"Id": "sha256:b", "RepoTags": None}]
    engine["containers"] = [
        {"Name": "/web", "Image": "sha256:a", "State": {"Running": True}},
        {"Name": "/web2", "Image": "sha256:a", "State": {"Running": True}},
        {"Name": "/bare", "Image": "sha256:b", "State": {"Running": True}},
        {"Name": "/old", "Image": "sha256:c", "State": {"Running": False}},
    ]
    collector = ModuleType("collector")
    collector.engine = engine  # type: ignore[attr-defined]
    collector.collect = lambda sections=None: {**evidence, "engines": [engine]}  # type: ignore[attr-defined]
    monkeypatch.setattr(scan, "load_collector", lambda: collector)
    made = Job(scan, tmp_path)
    made.engine = engine  # type: ignore[attr-defined]
    return made


def scanner(folder: Path, body: str) -> list[str]:
    path = folder / "scanner"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return [str(path), "{image}", "{id}"]


def test_evidence_is_kept_for_its_owner_alone(job: Job) -> None:
    assert job.run("evidence") == 0
    (name,) = job.results("evidence")
    assert job.status("evidence") == {
        **job.status("evidence"),
        "result": "complete",
        "file": name,
        "unseen": 0,
        "reason": None,
    }
    for path in (job.folder / "state").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_what_could_not_be_seen_is_said(
    job: Job, capsys: pytest.CaptureFixture[str], scan: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = ModuleType("collector")
    errors = [{"what": "mounts", "reason": "hidden\x1b[31m\nFAKE"}]
    collector.collect = lambda: {"schema": "hullguard/evidence/1", "host": {"name": "a"}, "errors": errors}  # type: ignore[attr-defined]
    monkeypatch.setattr(scan, "load_collector", lambda: collector)
    assert job.run("evidence") == 0
    assert job.status("evidence")["unseen"] == 1
    assert "<4>not seen: mounts: hidden [31m FAKE\n" in capsys.readouterr().err


@pytest.fixture
def dated(job: Job) -> Callable[[float, int], Path]:
    folder = job.folder / "state/evidence"
    folder.mkdir(parents=True)

    def make(days: float, size: int) -> Path:
        path = folder / time.strftime("%Y%m%dT%H%M%SZ.json", time.gmtime(time.time() - days * 86400))
        path.write_bytes(b"x" * size)
        return path

    return make


def test_old_results_go(job: Job, dated: Callable[[float, int], Path]) -> None:
    old, young = dated(8, 10), dated(6, 10)
    foreign = old.with_name("notes.json")
    foreign.touch()
    assert job.run("evidence") == 0
    assert (old.exists(), young.exists(), foreign.exists()) == (False, True, True)


def test_the_oldest_go_when_there_is_no_room(job: Job, dated: Callable[[float, int], Path]) -> None:
    oldest, old, young = dated(3, 400_000), dated(2, 700_000), dated(1, 300_000)
    assert job.run("evidence") == 0
    assert (oldest.exists(), old.exists(), young.exists()) == (False, True, True)


def test_the_newest_stays_whatever_its_size(scan: ModuleType, dated: Callable[[float, int], Path]) -> None:
    newest, older = dated(100, 3 << 20), dated(101, 1)
    assert scan.prune(newest.parent, 7, 1 << 20, time.time()) == [older.name]
    assert newest.exists()


def test_a_failed_job_removes_nothing(
    job: Job, dated: Callable[[float, int], Path], scan: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = dated(99, 10)
    monkeypatch.setattr(scan, "load_collector", lambda: 1 / 0)
    assert job.run("evidence") == 1
    assert old.exists()
    assert job.status("evidence")["result"] == "failed"


def test_a_full_disk_leaves_what_was_there(
    job: Job, scan: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert job.run("evidence") == 0
    before = job.results("evidence")
    monkeypatch.setattr(
        scan.os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    assert job.run("evidence") == 1
    assert job.results("evidence") == before


def test_a_killed_jobs_leftover_goes(job: Job) -> None:
    folder = job.folder / "state/evidence"
    folder.mkdir(parents=True)
    (folder / ".20260101T000000Z.json.new").touch()
    assert job.run("evidence") == 0
    assert not list(folder.glob(".*"))


def test_each_running_image_is_scanned_once(job: Job) -> None:
    assert (
        job.run(
            "images",
            command=scanner(
                job.folder, 'printf \'{"name": "%s", "id": "%s", "host": "%s"}\' "$1" "$2" "$DOCKER_HOST"'
            ),
        )
        == 0
    )
    (name,) = job.results("images")
    found = json.loads((job.folder / "state/images" / name).read_text())
    assert [(row["id"], row["containers"], row["report"]) for row in found["images"]] == [
        ("sha256:a", ["web", "web2"], {"name": "app:1", "id": "sha256:a", "host": "unix:///s"}),
        ("sha256:b", ["bare"], {"name": "sha256:b", "id": "sha256:b", "host": "unix:///s"}),
    ]


def test_an_image_cant_smuggle_in_placeholders(job: Job) -> None:
    job.engine["images"][0]["RepoTags"] = ["{id}:1"]  # type: ignore[attr-defined]
    assert job.run("images", command=scanner(job.folder, 'printf \'{"name": "%s"}\' "$1"')) == 0
    assert '"name": "{id}:1"' in (job.folder / "state/images" / job.results("images")[0]).read_text()


def test_a_missing_scanner_is_not_clean(job: Job) -> None:
    assert job.run("images", command=["/opt/none", "{id}"]) == 3
    assert job.results("images") == []
    assert job.status("images")["result"] == "not_run"
    assert "NOT scanned" in job.status("images")["reason"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("echo 'database is locked' >&2; exit 7", "ended with 7: database is locked"),
        ("exit 1", "it said nothing"),
        ("echo no json", "printed no JSON"),
        ("echo '{\"half\":'", "printed no JSON"),
        ("echo 17", "no report of its own form"),
        ("", "printed no JSON"),
    ],
)
def test_a_scan_that_fails_leaves_the_previous_results(job: Job, body: str, reason: str) -> None:
    assert job.run("images", command=scanner(job.folder, "echo '{}'")) == 0
    before = job.results("images")
    time.sleep(1.01)
    assert job.run("images", command=scanner(job.folder, body)) == 1
    assert job.results("images") == before
    assert reason in job.status("images")["reason"]


def test_a_scanner_that_hangs_is_ended_with_its_children(job: Job) -> None:
    begun = time.monotonic()
    assert job.run("images", command=scanner(job.folder, "sleep 60 & sleep 60"), timeout=1) == 1
    assert time.monotonic() - begun < 10
    assert "longer than 1 s" in job.status("images")["reason"]


def test_a_scanner_that_talks_without_end_is_ended(
    job: Job, scan: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "LARGEST_REPORT", 1 << 20)
    assert job.run("images", command=scanner(job.folder, "yes")) == 1
    assert "more than 1 MiB" in job.status("images")["reason"]


def test_another_tools_answer_is_no_report(
    job: Job, scan: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "trivy").write_text("#!/bin/sh\necho '{}'\n")
    (tmp_path / "trivy").chmod(0o755)
    monkeypatch.setattr(scan, "SEARCHED", f"{tmp_path}:{os.environ['PATH']}")
    assert job.run("images", scanner="trivy") == 1
    assert "no report of its own form" in job.status("images")["reason"]


def test_an_engine_that_could_not_be_seen_fails_the_scan(job: Job) -> None:
    job.engine["complete"]["containers"] = False  # type: ignore[attr-defined]
    assert job.run("images", command=scanner(job.folder, "echo '{}'")) == 1
    job.engine.update(reachable=False, running=False)  # type: ignore[attr-defined]
    assert job.run("images") == 1
    assert job.status("images")["reason"] == "no engine runs here"


def test_results_are_copied_once(job: Job) -> None:
    target = job.folder / "target"
    target.mkdir()
    assert job.run("evidence", push=str(target)) == 0
    assert job.run("push") == 0
    (copy,) = target.iterdir()
    assert copy.name.endswith("-evidence-" + job.results("evidence")[0])
    copy.unlink()
    assert job.run("push") == 0
    assert list(target.iterdir()) == []


def test_a_place_that_is_gone_fails_the_push(job: Job) -> None:
    assert job.run("evidence", push=str(job.folder / "gone")) == 0
    assert job.run("push") == 1
    assert job.status("push")["result"] == "failed"


class Receiver(BaseHTTPRequestHandler):
    """Answers what the test wants, and remembers what it got."""

    answer = 201
    got: ClassVar[list[tuple[str, str | None]]] = []

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        Receiver.got.append((self.path, self.headers.get("Authorization")))
        self.send_response(Receiver.answer)
        self.send_header("Location", f"http://localhost:{self.server.server_port}/stolen")  # type: ignore[attr-defined]
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


@pytest.fixture
def receiver() -> Iterator[str]:
    Receiver.answer, Receiver.got = 201, []
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/in/"
    server.shutdown()
    thread.join()
    server.server_close()


def token(folder: Path, mode: int = 0o600, text: str = "open-sesame\n") -> str:
    path = folder / "token"
    path.write_text(text)
    path.chmod(mode)
    return str(path)


def test_results_are_put_with_the_token(job: Job, receiver: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert job.run("evidence", push=receiver, push_insecure=True, push_token_file=token(job.folder)) == 0
    assert job.run("push") == 0
    ((path, sent),) = Receiver.got
    assert path.startswith("/in/")
    assert path.endswith("-evidence-" + job.results("evidence")[0])
    assert sent == "Bearer open-sesame"
    assert "open-sesame" not in capsys.readouterr().err
    assert job.run("push") == 0
    assert len(Receiver.got) == 1


def test_http_has_to_be_allowed(job: Job, receiver: str) -> None:
    assert job.run("evidence", push=receiver) == 0
    assert job.run("push") == 1
    assert Receiver.got == []


@pytest.mark.parametrize("answer", [307, 401, 500])
def test_what_was_not_taken_is_sent_again(job: Job, receiver: str, answer: int) -> None:
    Receiver.answer = answer
    assert job.run("evidence", push=receiver, push_insecure=True, push_token_file=token(job.folder)) == 0
    assert job.run("push") == 1
    assert [path for path, _ in Receiver.got if "stolen" in path] == []
    assert f"answered {answer}" in job.status("push")["reason"]
    assert "open-sesame" not in json.dumps(job.status("push"))
    Receiver.answer = 201
    assert job.run("push") == 0
    assert job.status("push")["pushed"] == 1


@pytest.mark.parametrize(
    ("mode", "text"), [(0o640, "a"), (0o604, "a"), (0o600, ""), (0o600, "two words"), (0o600, "a\nX-Evil: b")]
)
def test_a_careless_token_is_not_used(job: Job, receiver: str, mode: int, text: str) -> None:
    assert (
        job.run("evidence", push=receiver, push_insecure=True, push_token_file=token(job.folder, mode, text))
        == 0
    )
    assert job.run("push") == 1
    assert Receiver.got == []
