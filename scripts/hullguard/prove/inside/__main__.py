"""Carries out probes in a container and writes what came of each, one line of JSON after another.

Standard library, Python 3.9. Argument: the folder with ask.json, {"probes": [...], "facts": {...},
"seconds": for all, "each": seconds for one, "still": see below}; the lines go to out/said there. Each probe
is a process of its own, so that a filter that kills, or a limit that does, ends that probe alone. Nothing
runs on after `seconds`, nor when the number in the file `alive` stands still for `still` seconds: then
whoever has asked was killed.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from . import calls, data, files, kernel, loopback, memory, network, privileges, resources, serve

LOOK_SECONDS = 2.0
MODULES = (kernel, memory, files, privileges, network, loopback, data, resources)


def find(name: str) -> Callable[[calls.Facts], calls.Verdict]:
    """Return the function of a probe. Raises AttributeError."""
    for module in MODULES:
        found = vars(module).get(name)
        if not name.startswith("_") and getattr(found, "__module__", "") == module.__name__:
            return cast("Callable[[calls.Facts], calls.Verdict]", found)
    raise AttributeError(name)


def attempt(name: str, facts: calls.Facts) -> calls.Verdict:
    """Return [outcome, detail] of one probe, made in this process."""
    try:
        return find(name)(facts)
    except calls.NotCarriedOut as reason:
        return calls.UNKNOWN, str(reason)
    except Exception as error:
        return calls.UNKNOWN, f"{type(error).__name__}: {error}"


def apart(name: str, facts: calls.Facts, seconds: float) -> calls.Verdict:
    """Return [outcome, detail] of one probe, made in a process of its own."""
    reads, writes = os.pipe()
    pid = os.fork()
    if not pid:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        os.write(writes, json.dumps(attempt(name, facts)).encode()[:60000])
        os._exit(0)
    os.close(writes)
    try:
        if not select.select([reads], [], [], seconds)[0]:
            return calls.UNKNOWN, f"it took longer than {seconds:g} s"
        said = b""
        while piece := os.read(reads, 65536):
            said += piece
    finally:
        os.close(reads)
        with suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        code = os.waitpid(pid, 0)[1]
    if said:
        outcome, detail = json.loads(said)
        return outcome, detail
    if os.WIFSIGNALED(code) and os.WTERMSIG(code) == signal.SIGSYS:
        return calls.BLOCKED, "the filter ended the process (SIGSYS)"
    return calls.UNKNOWN, f"its process ended with status {code}"


class Wanted:
    """Ends this process when nobody waits for it any more."""

    def __init__(self, path: str, seconds: float, still: float) -> None:
        self.path, self.until, self.still = path, time.monotonic() + seconds, still
        self.beat, self.since = "", time.monotonic()

    def look(self, _number: int, _frame: object) -> None:
        """Look whether the number has changed."""
        with open(self.path, encoding="ascii") as file:
            beat = file.read()
        if beat != self.beat:
            self.beat, self.since = beat, time.monotonic()
        if time.monotonic() > self.until or time.monotonic() - self.since > self.still:
            os._exit(3)


def main(folder: str) -> None:
    """Carry out what is asked for."""
    with open(folder + "/ask.json", encoding="utf-8") as file:
        ask = json.load(file)
    # The first process of a container ignores signals that it does not handle.
    signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(0))
    signal.signal(signal.SIGALRM, Wanted(folder + "/alive", ask["seconds"], ask["still"]).look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)
    os.umask(0o022)
    with open(folder + "/out/said", "a", encoding="utf-8") as out:

        def say(document: dict[str, Any]) -> None:
            out.write(json.dumps(document) + "\n")
            out.flush()

        say({"begun": True})
        if ask.get("serve"):
            serve.forever(ask["facts"], say)
        for name in ask["probes"]:
            began = time.monotonic()
            outcome, detail = apart(name, ask["facts"], ask["each"])
            seconds = round(time.monotonic() - began, 3)
            say({"id": name, "outcome": outcome, "detail": detail, "seconds": seconds})
        say({"end": True})


if __name__ == "__main__":
    main(sys.argv[1])
