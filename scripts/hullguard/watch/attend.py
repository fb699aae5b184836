"""Beside the stream: is an engine that is silent still there, and what started while nobody listened?"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hullguard.collect import Unseen
from hullguard.watch.engine import Engine
from hullguard.watch.presence import Presence

# An engine that is silent for so long is asked whether it is there, and is lost without an answer in time.
SILENT_SECONDS, ANSWER_SECONDS = 3.0, 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
# An engine that has come back may need a moment before it lists its containers.
TRIES = 5


class Attendant:
    """Runs in one thread until `stop`. `found` takes the id of every container, `unseen` why there is none.

    `existing` has the first list be of running containers only: nothing was missed before.
    """

    def __init__(
        self,
        engine: Engine,
        presence: Presence,
        found: Callable[[str], None],
        unseen: Callable[[str], None],
        guarded: Callable[[Callable[[], None]], None],
        *,
        existing: bool,
    ) -> None:
        self._engine, self._presence, self._found, self._unseen = engine, presence, found, unseen
        self._guarded, self._all = guarded, not existing
        self._owed, self._wake, self._stopped = threading.Event(), threading.Event(), threading.Event()
        self._failures = 0
        self.heard = time.monotonic()

    def owe(self) -> None:
        """Have every container looked at that is not known yet, until that has succeeded once."""
        self._owed.set()
        self._wake.set()

    def stop(self) -> None:
        """End it; may be called from any thread."""
        self._stopped.set()
        self._wake.set()

    def run(self) -> None:
        """Do what is due until `stop`."""
        while not self._stopped.is_set():
            due = self._owed.is_set() and not self._presence.away
            self._wake.wait(
                min(FIRST_PAUSE * 2 ** min(self._failures, 8), LONGEST_PAUSE) if due else SILENT_SECONDS
            )
            self._wake.clear()
            if self._stopped.is_set():
                return
            if time.monotonic() - self.heard >= SILENT_SECONDS:
                self._guarded(self._ask)
            if self._owed.is_set() and not self._presence.away:
                self._guarded(self.sweep)

    def ended(self, thread: threading.Thread) -> None:
        """Say what its thread left undone, where that was not said before."""
        if (self._owed.is_set() or thread.is_alive()) and self._failures < TRIES:
            self._unseen("the containers could not be listed before the end")

    def sweep(self) -> None:
        """List the containers. It stays due until it has succeeded."""
        self._owed.clear()
        try:
            for number in self._engine.running(stopped=self._all):
                self._found(number)
            self._failures, self._all = 0, True
        except Exception as error:
            self._owed.set()
            self._failures += 1
            if self._failures == TRIES:
                told = isinstance(error, Unseen)
                reason = str(error) if told else f"{type(error).__name__} in the engine's answer"
                self._unseen(f"the containers could not be listed: {reason}")

    def _ask(self) -> None:
        changes = self._presence.changes
        try:
            self._engine.ping(ANSWER_SECONDS)
        except Unseen as unseen:
            self._presence.mute(str(unseen), changes)
        else:
            self._presence.answers()
            self.heard = time.monotonic()
