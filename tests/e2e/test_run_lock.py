"""Two runs at once on one host: the second is refused by name, and a run that was killed locks nobody out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from preview_support.machine import Machine, machine
from restore_support.started import said, started

from lab import engine

LOCK = "/run/hullguard/run.lock"
SECONDS = 300
# A run that takes its time: its health check waits for as long as the file is there.
WAITS = ["sh", "-c", "while test -e /run/wait; do sleep 0.2; done"]
ROLES = ["docker_files"]


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """One host for all; no test leaves it locked."""
    with machine(engine.ensure(), tmp_path_factory.mktemp("lock")) as found:
        yield found


@contextmanager
def running(host: Machine) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a run that has the lock and waits; it goes on when the test is through."""
    host.output("touch", "/run/wait")
    given = {"hullguard_health_command": WAITS, "hullguard_health_seconds": SECONDS}
    try:
        with started(host, "harden", hullguard_roles=ROLES, **given) as process:
            deadline = time.monotonic() + SECONDS
            while not holder(host):
                assert process.poll() is None, said(host)
                assert time.monotonic() < deadline, "the run did not take the lock"
                time.sleep(0.5)
            yield process
            host.run("rm", "-f", "/run/wait")
    finally:
        host.run("rm", "-f", "/run/wait")


def holder(host: Machine) -> dict[str, Any]:
    """Return who has the lock, nothing when nobody has it."""
    code, text = host.run("cat", LOCK)
    found: dict[str, Any] = json.loads(text) if code == 0 and text.strip() else {}
    return found


def test_the_second_run_is_told_who_is_at_work_and_changes_nothing(host: Machine) -> None:
    with running(host) as first:
        pid = holder(host)["pid"]
        assert pid == first.pid
        for playbook in ("harden", "rollback"):
            second = host.play(playbook, hullguard_roles=ROLES)
            assert second.returncode != 0
            assert f"harden.yml as process {pid}" in " ".join(second.stdout.split())
            assert "hullguard_break_lock" in second.stdout
            assert "changed=0" in second.stdout
        assert holder(host)["pid"] == pid
    assert first.returncode == 0
    assert holder(host) == {}


@pytest.mark.long
def test_a_run_that_fails_gives_the_lock_back(host: Machine) -> None:
    failed = host.play(
        "harden", hullguard_roles=ROLES, hullguard_health_command=["false"], hullguard_health_seconds=1
    )
    assert failed.returncode != 0
    assert holder(host) == {}


def test_a_run_that_was_killed_is_taken_over_with_a_word(host: Machine) -> None:
    with running(host) as first:
        os.killpg(first.pid, signal.SIGKILL)
        first.wait(timeout=60)
        assert holder(host)["pid"] == first.pid
        host.output("rm", "-f", "/run/wait")
        second = host.play("harden", hullguard_roles=ROLES)
        assert second.returncode == 0, second.stdout[-4000:]
        assert "TAKEN OVER" in second.stdout
        assert "that process is gone" in second.stdout
    assert holder(host) == {}


@pytest.mark.long
def test_a_lock_from_another_controller_holds_until_it_is_broken_or_old(host: Machine) -> None:
    program = (
        "import json, sys, time, os; os.makedirs('/run/hullguard', 0o700, exist_ok=True); "
        "json.dump({'user': 'ann', 'controller': 'far-away', 'machine': 'm', 'boot': 'b', 'namespace': 'n', 'pid': 1, "
        "'started': '1', 'playbook': 'harden.yml', 'since': time.time() - 60 * int(sys.argv[1])}, "
        f"open('{LOCK}', 'w'))"
    )
    host.output("python3", "-c", program, "30")
    refused = host.play("harden", hullguard_roles=ROLES)
    assert refused.returncode != 0
    assert "ann@far-away" in refused.stdout
    broken = host.play("harden", hullguard_roles=ROLES, hullguard_break_lock=True)
    assert broken.returncode == 0, broken.stdout[-4000:]
    assert "hullguard_break_lock is true" in broken.stdout
    host.output("python3", "-c", program, "30")
    late = host.play("harden", hullguard_roles=ROLES, hullguard_lock_minutes=20)
    assert late.returncode == 0, late.stdout[-4000:]
    assert "older than 20 minutes" in late.stdout
    assert holder(host) == {}
