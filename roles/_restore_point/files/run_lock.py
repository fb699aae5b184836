"""One run at a time on this host: takes the lock for a run, or says who has it.

Standard input is JSON: {"verb": "take" or "give", "me": {...}, "minutes": n, "over": {...} or null,
"break": bool}. The answer is {"taken": bool, "holder": {...} or null, "why": text}: with `taken`, the holder
is the one whose lock was taken over, and `why` says why. Standard library only, Python 3.9 or newer.
"""

# ruff: noqa: PTH103, PTH108, PTH118, PTH123, PTH105

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from typing import Any

FOLDER = "/run/hullguard"
Json = dict[str, Any]


def answer(asked: Json, folder: str, now: float) -> Json:
    """Take or give back the lock in a folder, at a time in seconds since the epoch."""
    os.makedirs(folder, 0o700, exist_ok=True)
    # The gate is held as long as this takes; the lock is a file, since no process outlives its task.
    with open(os.path.join(folder, "run.gate"), "w", encoding="utf-8") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        path = os.path.join(folder, "run.lock")
        holder = read(path)
        if asked["verb"] == "give":
            if holder and same(holder, asked["me"]):
                os.unlink(path)
            return {"taken": False, "holder": None, "why": ""}
        why = reason(holder, asked, now) if holder else ""
        if holder and not why:
            age = max(0, int((now - holder.get("since", 0)) // 60))
            return {"taken": False, "holder": {**holder, "minutes": age}, "why": ""}
        new = os.path.join(folder, "run.lock.new")
        with open(new, "w", encoding="utf-8") as handle:
            json.dump({**asked["me"], "since": now}, handle)
        os.replace(new, path)
        over = holder if holder and not same(holder, asked["me"]) else None
        return {"taken": True, "holder": over, "why": why if over else ""}


def read(path: str) -> Json | None:
    """Return who has the lock; what can't be read is nobody's."""
    try:
        with open(path, encoding="utf-8") as handle:
            found = json.load(handle)
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def same(holder: Json, me: Json) -> bool:
    """Return whether two are the same process."""
    return all(holder.get(key) == me.get(key) for key in ("machine", "boot", "namespace", "pid", "started"))


def reason(holder: Json, asked: Json, now: float) -> str:
    """Return why a lock may be taken over, nothing where it may not."""
    over = asked.get("over")
    if same(holder, asked["me"]):
        return "it is this run's own"
    if over and same(holder, over) and holder.get("since") == over.get("since"):
        return "that process is gone"
    if asked.get("break"):
        return "hullguard_break_lock is true"
    if now - holder.get("since", 0) > asked["minutes"] * 60:
        return f"it is older than {asked['minutes']} minutes (hullguard_lock_minutes)"
    return ""


if __name__ == "__main__":
    os.umask(0o077)
    print(json.dumps(answer(json.load(sys.stdin), FOLDER, time.time())))
