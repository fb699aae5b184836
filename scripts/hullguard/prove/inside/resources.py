"""Use of what everybody shares, each up to a ceiling at which it counts as without a limit."""

from __future__ import annotations

import errno
import mmap
import os
import signal
import sys
import time

from .calls import BLOCKED, SUCCEEDED, UNKNOWN, Facts, Verdict, named

ACCOUNT = 1000
MIB = 1 << 20


def fork_bomb(facts: Facts) -> Verdict:
    """As an unprivileged account start processes that wait, up to the ceiling; they are killed at once."""
    ceiling = facts["processes"]
    children: list[int] = []
    os.setgroups([])
    os.setgid(ACCOUNT)
    os.setuid(ACCOUNT)
    try:
        while len(children) < ceiling:
            pid = os.fork()
            if not pid:
                signal.pause()
                os._exit(0)
            children.append(pid)
    except OSError as error:
        return BLOCKED, f"{named(error)} after {len(children)} processes"
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)
    return SUCCEEDED, f"{ceiling} processes were started"


def memory_hog(facts: Facts) -> Verdict:
    """Use memory in steps, up to the ceiling; a process of its own does, for a limit kills it."""
    ceiling = facts["memory_mib"]
    reads, writes = os.pipe()
    pid = os.fork()
    if not pid:
        held = []
        try:
            for _ in range(ceiling // 16):
                block = mmap.mmap(-1, 16 * MIB)
                for offset in range(0, 16 * MIB, 4096):
                    block[offset] = 1
                held.append(block)
                os.write(writes, b"x")
        except (OSError, MemoryError):
            os._exit(1)
        os._exit(0)
    os.close(writes)
    used = 0
    while piece := os.read(reads, 64):
        used += 16 * len(piece)
    code = os.waitpid(pid, 0)[1]
    if os.WIFEXITED(code) and os.WEXITSTATUS(code) == 0:
        return SUCCEEDED, f"{used} MiB were used"
    return BLOCKED, f"ended after {used} MiB"


def file_descriptors(facts: Facts) -> Verdict:
    """Open files, up to the ceiling."""
    ceiling = facts["files"]
    held: list[int] = []
    try:
        while len(held) < ceiling:
            held.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            return BLOCKED, f"{named(error)} after {len(held)} files"
        return UNKNOWN, named(error)
    finally:
        for handle in held:
            os.close(handle)
    return SUCCEEDED, f"{ceiling} files were open"


def disk_by_layer(facts: Facts) -> Verdict:
    """Write to the container's own file system, up to the ceiling."""
    path, wanted = "/hullguard-fill", facts["disk_mib"]
    try:
        with open(path, "wb", buffering=0) as file:
            for _ in range(wanted):
                file.write(bytes(MIB))
    except OSError as error:
        return BLOCKED, named(error)
    finally:
        if os.path.exists(path):
            os.unlink(path)
    return SUCCEEDED, f"{wanted} MiB were written"


def disk_by_log(facts: Facts) -> Verdict:
    """Write to standard output, up to the ceiling; what has become of it is looked at from outside."""
    line = b"hullguard-prove fills this log on purpose; it is removed with its container".ljust(1023) + b"\n"
    deadline = time.monotonic() + facts["log_seconds"]
    written = 0
    while written < facts["log_mib"] * MIB and time.monotonic() < deadline:
        written += os.write(1, line * 64)
    sys.stdout.flush()
    return SUCCEEDED, f"{written // MIB} MiB were written"
