"""What is done while a store can't be asked: the last good value serves on, for a limited time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sources import Secret, Source, Unavailable

# How long a store that failed is left alone, in seconds.
PAUSE = 1.0
log = logging.getLogger("secrets")


@dataclass(frozen=True, slots=True)
class Reading:
    """A secret, and why it could not be read anew (empty when it could)."""

    secret: Secret
    stale: str = ""


@dataclass(slots=True)
class _State:
    secret: Secret | None = None
    read_at: float = 0.0
    failed_at: float = 0.0
    reason: str = ""


class LastGood:
    """A source whose secrets stay usable for some seconds after it failed, but never after they expired."""

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
        self._lock = threading.Lock()

    def read(self, name: str) -> Reading:
        """Return a secret, read now or at most `grace` seconds ago. Raises Unavailable."""
        with self._lock:
            state = self._states.setdefault(name, _State())
            if not state.reason or self._clock() - state.failed_at >= PAUSE:
                self._ask(name, state)
            secret = state.secret
            if secret is None:
                raise Unavailable(state.reason)
            old = self._clock() - state.read_at > self._grace
            if state.reason and (old or self._expired(secret)):
                state.secret = None
                log.error("the last good value is too old", extra={"secret": name})
                raise Unavailable(state.reason)
            return Reading(secret, state.reason)

    def close(self) -> None:
        """Close the source and forget every value."""
        with self._lock:
            self._states.clear()
            self._source.close()

    def _ask(self, name: str, state: _State) -> None:
        try:
            secret = self._source.read(name)
            reason = f"{name}: it has expired" if self._expired(secret) else ""
        except Unavailable as error:
            reason = str(error)
        except Exception as error:  # what a library says may quote what it read: its type has to do
            reason = f"{name}: the source failed with {type(error).__name__}"
        if reason:
            if not state.reason:
                log.warning("a secret can't be had", extra={"secret": name, "reason": reason})
            state.reason, state.failed_at = reason, self._clock()
            return
        if state.secret is None or state.secret.version != secret.version:
            log.info("a secret was read", extra={"secret": name, "version": secret.version})
        elif state.reason:
            log.info("a secret can be had again", extra={"secret": name, "version": secret.version})
        state.secret, state.read_at, state.reason = secret, self._clock(), ""

    def _expired(self, secret: Secret) -> bool:
        return secret.expires_at is not None and secret.expires_at <= self._now()
