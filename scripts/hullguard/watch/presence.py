"""Whether the engine is there: said once when it goes, and once when it is back, whoever notices."""

from __future__ import annotations

import threading
from collections.abc import Callable

from hullguard.watch import alerts
from hullguard.watch.alerts import Alert
from hullguard.watch.sinks import Alerts


class Presence:
    """An engine is lost when its stream of events ended, or when it does not answer while that is open.

    `returned` is called before it is said that the engine is back. Methods may be called from any thread.
    """

    def __init__(self, say: Alerts, note: Callable[[str], None], returned: Callable[[], None]) -> None:
        self._say, self._note, self._returned = say, note, returned
        self._lock = threading.Lock()
        self._ended = self._mute = False
        self.changes = 0

    @property
    def away(self) -> bool:
        """Whether the engine is lost at present."""
        return self._ended or self._mute

    def ended(self, reason: str) -> None:
        """Take note that the stream ended, or could not be opened."""
        with self._lock:
            first, self._ended = not self.away, True
            self.changes += first
        self._lost(first, reason)

    def mute(self, reason: str, changes: int) -> None:
        """Take note of a question without an answer, unless `changes`, as it was then, is no more."""
        with self._lock:
            if changes != self.changes:
                return
            first, self._mute = not self.away, True
            self.changes += first
        self._lost(first, reason)

    def answers(self, *, stream: bool = False) -> None:
        """Take note of an answer; with `stream`, that events are told again."""
        with self._lock:
            away, self._mute = self.away, False
            self._ended = self._ended and not stream
            back = away and not self.away
            self.changes += back
        if back:
            self._returned()
            self._note("the engine is back")
            detail = "the engine answers again; looking at what started meanwhile"
            self._say(Alert(alerts.ENGINE_BACK, alerts.INFO, detail))

    def _lost(self, first: bool, reason: str) -> None:
        if first:
            self._note(f"the engine is lost: {reason}; trying again")
            # Not for the record only: what happens now is not seen.
            self._say(Alert(alerts.ENGINE_LOST, alerts.UNKNOWN, reason))
