"""Who runs a playbook here, and whether another one still does. Runs on the controller, reads only.

Without an argument it prints, as JSON, the process that runs the playbook by which it was started. With the
JSON of a lock's holder it prints `gone` when that was a process of this controller and is no more, `runs`
when it is, and `elsewhere` when that can't be told from here.
"""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

PROC = Path("/proc")


def text(path: Path) -> str:
    """Return what a file holds, nothing where there is none."""
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8", errors="replace").strip()
    return ""


def status(pid: int) -> list[str]:
    """Return the fields of a process from its state on, as in proc_pid_stat(5); none when it is gone."""
    return text(PROC / str(pid) / "stat").rpartition(")")[2].split()


def started(pid: int) -> str:
    """Return when a process was started, in ticks since boot; nothing when it is gone or a zombie."""
    fields = status(pid)
    return fields[19] if fields and fields[0] not in "ZX" else ""


def playbook_process(pid: int) -> int:
    """Return the process whose workers, which bear its command line, lead to a pid."""
    if text(PROC / str(pid) / "comm") in ("sh", "bash", "dash", "busybox"):
        pid = int(status(pid)[1])
    while status(pid):
        parent = int(status(pid)[1])
        if text(PROC / str(pid) / "cmdline") != text(PROC / str(parent) / "cmdline"):
            break
        pid = parent
    return pid


def own_namespace() -> str:
    """Return whose process numbers this process has; nothing where that can't be told."""
    with contextlib.suppress(OSError):
        return str((PROC / "self/ns/pid").readlink())
    return ""


def place() -> dict[str, str]:
    """Return which machine this is, which boot of it, and whose process numbers it has."""
    return {
        "controller": socket.gethostname(),
        "machine": text(Path("/etc/machine-id")),
        "boot": text(PROC / "sys/kernel/random/boot_id"),
        "namespace": own_namespace(),
    }


def me(parent: int) -> dict[str, Any]:
    """Return who runs the playbook."""
    pid = playbook_process(parent)
    with contextlib.suppress(Exception):  # a container's account may have no name
        return {"user": getpass.getuser(), **place(), "pid": pid, "started": started(pid)}
    return {"user": str(os.getuid()), **place(), "pid": pid, "started": started(pid)}


def judge(holder: dict[str, Any], here: dict[str, str]) -> str:
    """Return whether a lock's holder is gone, runs, or is elsewhere."""
    own = all(here[key] and holder.get(key) == here[key] for key in ("controller", "machine"))
    if not own or not here["boot"]:
        return "elsewhere"
    if holder.get("boot") != here["boot"]:
        return "gone"
    if holder.get("namespace") != here["namespace"]:
        return "elsewhere"
    return "runs" if holder.get("started") and started(int(holder["pid"])) == holder["started"] else "gone"


if __name__ == "__main__":
    print(judge(json.loads(sys.argv[1]), place()) if len(sys.argv) > 1 else json.dumps(me(os.getppid())))
