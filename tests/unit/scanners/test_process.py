from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from hullguard.scanners import process
from hullguard.scanners.base import Job, Rubbish


def shell(script: str, **more: object) -> Job:
    return Job(["/bin/sh", "-c", script], **more)  # type: ignore[arg-type]


def test_the_answer_the_code_and_what_was_said(tmp_path: Path) -> None:
    ran = process.run(shell("echo answer; echo beside >&2; exit 3", good=frozenset({3})), tmp_path, 10)
    assert (ran.answer, ran.code, ran.said) == (b"answer\n", 3, "beside")


def test_an_answer_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "answer.json"
    ran = process.run(shell(f"echo talk; echo answer >{file}", answer=file), tmp_path, 10)
    assert (ran.answer, ran.said) == (b"answer\n", "talk")


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 0", "answered with nothing"),
        ("echo; exit 0", "answered with nothing"),
        ("echo out; echo first >&2; echo the reason >&2; exit 7", "ended with code 7: the reason"),
        ("echo only here; exit 7", "ended with code 7: only here"),
        ("kill -9 $$", "ended with code -9"),
    ],
)
def test_what_is_no_answer(tmp_path: Path, script: str, words: str) -> None:
    with pytest.raises(Rubbish, match=words):
        process.run(shell(script), tmp_path, 10)


def test_a_file_that_was_not_written(tmp_path: Path) -> None:
    with pytest.raises(Rubbish, match="wrote no answer"):
        process.run(shell("echo talk", answer=tmp_path / "none"), tmp_path, 10)


def test_a_program_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(Rubbish, match="could not be started: No such file"):
        process.run(Job(["/nonexistent"]), tmp_path, 10)


def test_a_tool_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    begun = time.monotonic()
    with pytest.raises(Rubbish, match=r"did not end within 0\.5 s"):
        process.run(shell(f"trap '' TERM; sleep 60 & echo $! >{pids}; wait; sleep 60"), tmp_path, 0.5)
    assert time.monotonic() - begun < 5
    _assert_gone(int(pids.read_text()))


def test_children_that_outlive_the_tool_are_killed(tmp_path: Path) -> None:
    ran = process.run(shell("sleep 60 >/dev/null 2>&1 & echo $!"), tmp_path, 10)
    _assert_gone(int(ran.answer))


def _assert_gone(pid: int) -> None:
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.05)
    raise AssertionError(f"{pid} still runs")


def test_a_tool_that_prints_without_end_is_killed(tmp_path: Path) -> None:
    with pytest.raises(Rubbish, match="wrote more than 1 MB"):
        process.run(shell("yes"), tmp_path, 30, largest=1 << 20)


def test_five_hundred_megabytes_do_not_get_into_memory(tmp_path: Path) -> None:
    with pytest.raises(Rubbish, match="wrote more than 256 MB"):
        process.run(shell("head -c 524288000 /dev/zero"), tmp_path, 60)


def test_it_runs_in_an_empty_folder_without_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVY_SEVERITY", "LOW")
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/x.sock")
    script = "import os; print(os.listdir('.'), os.environ.get('TRIVY_SEVERITY'), os.environ['DOCKER_HOST'], os.environ['HOME'])"
    ran = process.run(Job([sys.executable, "-c", script]), tmp_path, 10)
    assert ran.answer.decode() == f"[] None unix:///run/x.sock {tmp_path}\n"


def test_the_folder_is_private_and_goes(tmp_path: Path) -> None:
    with process.empty_folder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
    assert not folder.exists()
