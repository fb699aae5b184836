from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from unit.scanners.conftest import Scripted, Write

from hullguard.scanners import process, scan
from hullguard.scanners.base import Settings, Target

HERE = Target("dir", "here", digest="d1")


def every(*targets: Target, timeout: float = 10, cached: bool = True) -> list[scan.Scan]:
    return scan.every([Scripted()], targets or [HERE], Settings(timeout), cached=cached)


def test_what_it_finds(scripted: Write) -> None:
    scripted('echo "[\\"a\\", \\"b\\"]"')
    (found,) = every()
    assert (found.status, found.version, [f.id for f in found.findings]) == ("ran", "1.2.3", ["a", "b"])
    assert all(len(f.fingerprint) == 64 for f in found.findings)


def test_a_tool_that_is_not_here_has_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HULLGUARD_TOOLS", str(tmp_path))
    (found,) = every()
    assert (found.status, found.get, found.reason) == (
        "not_run",
        "write it",
        "hullguard-test-tool is not here",
    )


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("exit 0", "answered with nothing"),
        ("exit 9", "ended with code 9"),
        ("echo '[\"cut'", "another form"),
        ("echo '{}'", "its answer is no list"),
        ("echo '[7]'", "another form"),
        ("head -c 100 /dev/urandom", "another form"),
        ("sleep 60", "did not end within"),
    ],
)
def test_what_is_no_answer_is_unknown(scripted: Write, body: str, words: str) -> None:
    scripted(body)
    (found,) = every(timeout=1)
    assert found.status == "unknown"
    assert words in found.reason
    assert found.findings == ()


def test_a_tool_that_tells_no_version_is_unknown(scripted: Write, tmp_path: Path) -> None:
    path = scripted("")
    path.write_text("#!/bin/sh\nexit 1\n")
    (found,) = every()
    assert found.status == "unknown"
    assert "version is unknown" in found.reason


def test_one_failure_costs_nobody_elses_results(scripted: Write) -> None:
    scripted('[ "$1" = bad ] && exit 9; echo "[\\"a\\"]"')
    found = every(*(Target("dir", name) for name in ("good", "bad", "fine")))
    assert [(s.target.name, s.status) for s in found] == [
        ("bad", "unknown"),
        ("fine", "ran"),
        ("good", "ran"),
    ]


def test_what_has_not_changed_comes_from_the_cache(scripted: Write, tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    scripted(f'echo x >>{calls}; echo "[\\"a\\"]"')
    first, again = every()[0], every()[0]
    assert (first.cached, again.cached) == (False, True)
    assert again.findings == first.findings
    assert again.raw == first.raw
    assert calls.read_text() == "x\n"
    every(Target("dir", "here", digest="d2"))
    every(cached=False)
    assert calls.read_text() == "x\n" * 3


def test_a_target_without_a_digest_is_never_remembered(scripted: Write) -> None:
    scripted('echo "[]"')
    every(Target("dir", "here"))
    assert not every(Target("dir", "here"))[0].cached


def test_no_failure_is_remembered(scripted: Write, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    scripted(f'[ -e {flag} ] && echo "[\\"a\\"]"')
    assert every()[0].status == "unknown"
    flag.touch()
    assert every()[0].status == "ran"


def test_a_cache_that_is_broken_or_cannot_be_written_does_no_harm(scripted: Write, tmp_path: Path) -> None:
    scripted('echo "[\\"a\\"]"')
    every()
    (file,) = (tmp_path / "cache" / "hullguard" / "scans").glob("*.json")
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("[{}]")
    assert [f.id for f in every()[0].findings] == ["a"]
    os.environ["XDG_CACHE_HOME"] = "/proc/none"
    assert every()[0].status == "ran"


def test_raw_output_is_kept_for_its_owner_under_a_harmless_name(scripted: Write, tmp_path: Path) -> None:
    scripted('echo "[]"')
    keep = scan.keeper(tmp_path)
    (found,) = scan.every([Scripted()], [Target("dir", "../../etc/\x1b[31mx")], Settings(), keep=keep)
    (file,) = tmp_path.glob("*.out")
    assert scan.rows([found], raw=True)[0]["raw"] == file.name
    assert file.read_text() == "[]\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "/" not in file.name
    assert "\x1b" not in file.name


def test_two_tools_wait_side_by_side(scripted: Write) -> None:
    scripted('sleep 1; echo "[]"')

    class Other(Scripted):
        name = "other"

    begun = time.monotonic()
    scan.every([Scripted(), Other()], [Target("dir", "here")], Settings())
    assert time.monotonic() - begun < 1.9


def test_an_interruption_stops_the_tools(scripted: Write) -> None:
    scripted("sleep 60")

    def interrupt(_scan: scan.Scan, _done: int, _all: int) -> None:
        raise KeyboardInterrupt

    threading.Timer(1, process.stop_all).start()
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        scan.every([Scripted()], [Target("dir", str(i)) for i in range(20)], Settings(), progress=interrupt)
    assert time.monotonic() - begun < 10


def test_a_tools_version_is_asked_once_while_it_is_the_same_file(scripted: Write, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    path = scripted('echo "[]"')
    path.write_text(path.read_text().replace("echo tool 1.2.3", f"echo x >>{asked}; echo tool 1.2.3"))
    assert [every()[0].version, every()[0].version] == ["1.2.3", "1.2.3"]
    assert asked.read_text() == "x\n"
    assert every(cached=False)[0].version == "1.2.3"
    assert asked.read_text() == "x\n" * 2
    path.write_text(path.read_text().replace("1.2.3", "1.2.4"))
    assert every()[0].version == "1.2.4"
