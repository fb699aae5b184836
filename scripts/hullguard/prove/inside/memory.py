"""The memory of another process of the same container and user, and code that is in no file."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .calls import BLOCKED, SUCCEEDED, Facts, Verdict, call, judged

ATTACH, DETACH = 16, 17


class Vector(ctypes.Structure):
    """Where memory lies and how much of it (struct iovec)."""

    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


@contextmanager
def sibling(buffer: Any) -> Iterator[int]:
    """Yield the process id of another process that has put a secret into its copy of `buffer`."""
    ready, say = os.pipe()
    pid = os.fork()
    if not pid:
        buffer.value = b"its secret"
        os.write(say, b"x")
        while True:
            signal.pause()
    try:
        os.read(ready, 1)
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def trace(_facts: Facts) -> Verdict:
    """Attach to another process as a debugger."""
    with sibling(ctypes.create_string_buffer(16)) as pid:

        def attempt() -> None:
            call("ptrace", ATTACH, pid, 0, 0)
            os.waitpid(pid, 0)
            call("ptrace", DETACH, pid, 0, 0)

        return judged(attempt)


def read_memory(_facts: Facts) -> Verdict:
    """Read another process' memory."""
    buffer, got = ctypes.create_string_buffer(16), ctypes.create_string_buffer(16)
    with sibling(buffer) as pid:
        local = Vector(ctypes.addressof(got), 16)
        remote = Vector(ctypes.addressof(buffer), 16)

        def attempt() -> None:
            call("process_vm_readv", pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0)

        outcome, detail = judged(attempt)
    if outcome == SUCCEEDED and got.value != b"its secret":
        return BLOCKED, "what was read is not what the other process has"
    return outcome, detail


def run_from_memory(_facts: Facts) -> Verdict:
    """Run a program that is in no file system."""
    try:
        handle = os.memfd_create("hullguard", os.MFD_CLOEXEC)
    except OSError:
        return judged(lambda: os.memfd_create("hullguard"))
    with open(sys.executable, "rb") as program:
        while os.sendfile(handle, program.fileno(), None, 1 << 20):
            pass
    pid = os.fork()
    if not pid:
        try:
            environment = {"PYTHONHOME": sys.base_prefix}
            os.execve(
                f"/proc/self/fd/{handle}", ["python3", "-I", "-S", "-c", "raise SystemExit(7)"], environment
            )
        except OSError:
            os._exit(1)
    code = os.waitpid(pid, 0)[1]
    return (
        (SUCCEEDED, "it ran")
        if os.WIFEXITED(code) and os.WEXITSTATUS(code) == 7
        else (BLOCKED, "it did not run")
    )
