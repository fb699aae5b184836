"""What is done while a store can't be asked: the last good value serves on, for a limited time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sources import Secret, Source, Unavailable

# How long a store is left alone after a failure, in seconds: twice as long after each one that follows.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 4.0
# How long a request without a good value waits for the one that is asking, in seconds.
PATIENCE = 5.0
log = logging.getLogger("secrets")


@dataclass(frozen=True, slots=True)
class Reading:
    """A secret, and why it could not be read anew (empty when it could)."""

    secret: Secret
    stale: str = ""


@dataclass(slots=True)
class _Pause:
    until: float = float("-inf")
    length: float = FIRST_PAUSE
    reason: str = ""

    def begin(self, now: float, reason: str) -> None:
        self.until, self.reason = now + self.length, reason
        self.length = min(self.length * 2, LONGEST_PAUSE)


@dataclass(slots=True)
class _State:
    secret: Secret | None = None
    read_at: float = 0.0
    asked: int = 0
    reason: str = ""
    pause: _Pause = field(default_factory=_Pause)


class LastGood:
    """A source whose secrets stay usable for some seconds after it failed, but never after they expired.

    One thread asks the source at a time. Meanwhile the others get the last good value at once, so that a
    store that hangs holds up one request and not all of them.
    """

    def __init__(
        self,
        source: Source,
        grace: float,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        if not 0 <= grace < float("inf"):
            raise ValueError(f"SECRETS_GRACE_SECONDS is {grace}: it has to be a number of seconds")
        self._source, self._grace, self._clock, self._now = source, grace, clock, now
        self._states: dict[str, _State] = {}
        self._store = _Pause()
        # Held for as long as the source takes, and for moments only.
        self._asking, self._lock = threading.Lock(), threading.Lock()

    def read(self, name: str) -> Reading:
        """Return a secret, read now or at most `grace` seconds ago. Raises Unavailable."""
        with self._lock:
            state = self._states.setdefault(name, _State())
            asked, due, usable = state.asked, self._due(name, state), self._usable(state)
        if due and self._asking.acquire(timeout=0 if usable else PATIENCE):
            try:
                with self._lock:
                    # Whoever waited takes what the other one got.
                    due = state.asked == asked and self._due(name, state)
                if due:
                    self._ask(name, state)
            finally:
                self._asking.release()
        with self._lock:
            return self._answer(name, state, asked)

    def close(self) -> None:
        """Close the source and forget every value."""
        with self._asking, self._lock:
            self._states.clear()
            self._source.close()

    def _due(self, name: str, state: _State) -> bool:
        now = self._clock()
        if now < self._store.until:
            self._failed(name, state, f"{name}: {self._store.reason}")
            return False
        return now >= state.pause.until

    def _ask(self, name: str, state: _State) -> None:
        reason, store = "", False
        try:
            secret = self._source.read(name)
            reason = f"{name}: it has expired" if self._expired(secret) else ""
        except Unavailable as error:
            reason, store = str(error), error.store
        except Exception as error:  # what a library says may quote what it read: its type has to do
            reason = f"{name}: the source failed with {type(error).__name__}"
        with self._lock:
            state.asked += 1
            if reason:
                # Where nothing answers, each other secret would wait in vain as well.
                pause = self._store if store else state.pause
                pause.begin(self._clock(), reason.removeprefix(f"{name}: "))
                self._failed(name, state, reason)
            else:
                self._succeeded(name, state, secret)

    def _failed(self, name: str, state: _State, reason: str) -> None:
        if not state.reason:
            log.warning("a secret can't be had", extra={"secret": name, "reason": reason})
        state.reason = reason

    def _succeeded(self, name: str, state: _State, secret: Secret) -> None:
        if state.secret is None or state.secret.version != secret.version:
            log.info("a secret was read", extra={"secret": name, "version": secret.version})
        elif state.reason:
            log.info("a secret can be had again", extra={"secret": name, "version": secret.version})
        state.secret, state.read_at, state.reason, state.pause = secret, self._clock(), "", _Pause()
        self._store = _Pause()

    def _answer(self, name: str, state: _State, asked: int) -> Reading:
        read_now = state.asked != asked and not state.reason
        if state.secret is not None and (read_now or self._usable(state)):
            return Reading(state.secret, state.reason)
        if state.secret is not None:
            state.secret = None
            log.error("the last good value is too old", extra={"secret": name})
        raise Unavailable(state.reason or f"{name}: the source has not answered yet")

    def _usable(self, state: _State) -> bool:
        """Whether there is a value that may be used though the source was not asked for it now."""
        if state.secret is None or self._expired(state.secret):
            return False
        return self._clock() - state.read_at <= self._grace

    def _expired(self, secret: Secret) -> bool:
        return secret.expires_at is not None and secret.expires_at <= self._now()
