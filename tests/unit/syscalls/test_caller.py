"""What makes the calls runs in containers only; tests/e2e/test_syscalls.py has it make them there."""

from __future__ import annotations

import ast
import struct
import subprocess
import sys
from pathlib import Path

from hullguard.syscalls import caller

SOURCE = Path(caller.__file__)


def test_it_refuses_to_work_outside_a_container(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "ask.json").write_text(
        '{"seconds": 0, "runs": [], "programs": {}, "calls": []}', encoding="ascii"
    )
    command = [sys.executable, "-I", "-S", "-B", str(SOURCE), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "first process of a container only" in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_it_signals_no_process_but_the_one_it_made() -> None:
    # Under a filter getpid may answer -1, and a signal for -1 is one for everybody.
    calls = [
        node for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    ]
    signals = [
        node
        for node in calls
        if ast.unparse(node.func) in ("os.kill", "os.killpg", "signal.raise_signal", "os.abort")
    ]
    assert [ast.unparse(node) for node in signals] == ["os.kill(process, signal.SIGKILL)"]


def test_a_guard_stops_one_call_and_no_other() -> None:
    steps = list(struct.iter_unpack("=HBBI", caller.guard(231)))
    # seccomp(2): load the number; if it is this one, the next step answers, else the one after.
    assert steps[:2] == [(0x20, 0, 0, 0), (0x15, 0, 1, 231)]
    assert steps[2:] == [(0x06, 0, 0, 0x7FF00000), (0x06, 0, 0, 0x7FFF0000)]
