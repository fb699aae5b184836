"""One run at a time on a host, and what the controller knows of a lock's holder."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILES = Path(__file__).parents[3] / "roles/_restore_point/files"
NOW = 1_800_000_000.0


def module(name: str) -> ModuleType:
    """Return a program as a module."""
    spec = importlib.util.spec_from_file_location(f"restore_{name}", FILES / f"{name}.py")
    assert spec
    assert spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


lock, controller = module("run_lock"), module("controller")


def who(pid: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a run of one controller."""
    place = {"machine": "m", "boot": "b", "namespace": "n", "controller": "c", "user": "ann"}
    return {**place, "pid": pid, "started": "7", **changes}


def ask(folder: Path, me: dict[str, Any], now: float = NOW, **more: Any) -> dict[str, Any]:
    asked = {"verb": "take", "me": me, "minutes": 120, "over": None, "break": False, **more}
    found: dict[str, Any] = lock.answer(asked, str(folder), now)
    return found


def test_the_second_run_is_told_who_has_it(tmp_path: Path) -> None:
    assert ask(tmp_path, who(1)) == {"taken": True, "holder": None, "why": ""}
    refused = ask(tmp_path, who(2), NOW + 600)
    assert not refused["taken"]
    assert (refused["holder"]["pid"], refused["holder"]["minutes"]) == (1, 10)


def test_a_run_takes_its_own_lock_again_without_a_word(tmp_path: Path) -> None:
    ask(tmp_path, who(1))
    assert ask(tmp_path, who(1), NOW + 9) == {"taken": True, "holder": None, "why": ""}


def test_it_is_given_back_by_its_holder_alone(tmp_path: Path) -> None:
    ask(tmp_path, who(1))
    ask(tmp_path, who(2), verb="give")
    assert not ask(tmp_path, who(2))["taken"]
    ask(tmp_path, who(1), verb="give")
    assert ask(tmp_path, who(2))["taken"]


def test_a_holder_that_is_gone_is_replaced_once(tmp_path: Path) -> None:
    ask(tmp_path, who(1))
    gone = ask(tmp_path, who(2))["holder"]
    first = ask(tmp_path, who(2), over=gone)
    assert first["taken"]
    assert first["why"] == "that process is gone"
    # Another one has seen the same holder, and comes later.
    assert not ask(tmp_path, who(3), over=gone)["taken"]


def test_after_the_limit_anybody_may_have_it(tmp_path: Path) -> None:
    ask(tmp_path, who(1))
    assert not ask(tmp_path, who(2, machine="other"), NOW + 120 * 60)["taken"]
    late = ask(tmp_path, who(2, machine="other"), NOW + 120 * 60 + 1)
    assert late["taken"]
    assert "older than 120 minutes" in late["why"]
    assert late["holder"]["pid"] == 1


def test_it_can_be_broken(tmp_path: Path) -> None:
    ask(tmp_path, who(1))
    assert ask(tmp_path, who(2), **{"break": True})["why"] == "hullguard_break_lock is true"


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_lock_that_cannot_be_read_is_nobodys(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.lock").write_text(text)
    assert ask(tmp_path, who(1))["taken"]


def test_the_playbooks_process_is_found_above_its_workers(tmp_path: Path) -> None:
    script = tmp_path / "ansible-playbook"
    # As Ansible does: the process forks a worker, and the worker runs a shell.
    script.write_text(
        "import os, subprocess, sys\n"
        "worker = os.fork()\n"
        "if worker == 0:\n"
        "    subprocess.run(sys.argv[1], shell=True)\n"
        "    os._exit(0)\n"
        "os.waitpid(worker, 0)\n"
        "print(os.getpid())\n"
    )
    command = f"{sys.executable} {FILES / 'controller.py'}; true"
    done = subprocess.run(
        [sys.executable, "-u", str(script), command], capture_output=True, text=True, check=True
    )
    told, pid = done.stdout.splitlines()
    assert json.loads(told)["pid"] == int(pid)


def test_a_process_that_runs_is_known_by_when_it_was_started() -> None:
    here = controller.place()
    if not (here["machine"] and here["boot"]):
        pytest.skip("this machine has no id, so that nothing can be told of its processes")
    mine = {**here, "pid": os.getpid(), "started": controller.started(os.getpid())}
    assert controller.judge(mine, here) == "runs"
    assert controller.judge({**mine, "started": "1"}, here) == "gone"


HERE = {"controller": "c", "machine": "m", "boot": "b", "namespace": "n"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"pid": 2**22 + 1}, "gone"),
        ({"boot": "earlier"}, "gone"),
        ({"namespace": "a container's"}, "elsewhere"),
        ({"controller": "other"}, "elsewhere"),
        ({"machine": "other"}, "elsewhere"),
    ],
)
def test_nothing_is_claimed_of_another_controller(changes: dict[str, Any], expected: str) -> None:
    assert controller.judge(who(**changes), HERE) == expected


def test_a_controller_without_an_id_claims_nothing() -> None:
    assert controller.judge(who(machine=""), {**HERE, "machine": ""}) == "elsewhere"
