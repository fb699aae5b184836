"""Where alerts go: lines of JSON or text, or the journal. One after the other, each written whole."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TextIO

from hullguard.audit import EXIT_CODES, EXIT_UNKNOWN
from hullguard.catalogue import SEVERITIES
from hullguard.watch.alerts import UNKNOWN, Alert, now
from hullguard.watch.journal import Journal

Sink = Callable[[Alert], None]


def as_json(stream: TextIO) -> Sink:
    """Return a sink that writes one JSON object a line: no control character of a container's gets out."""

    def write(alert: Alert) -> None:
        stream.write(json.dumps(alert.document(), separators=(",", ":")) + "\n")
        stream.flush()

    return write


def as_text(stream: TextIO) -> Sink:
    """Return a sink that writes a line for people; what its encoding lacks is written as an escape."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")

    def write(alert: Alert) -> None:
        stream.write(f"{alert.time} {alert.severity.upper():<8} {alert.line()}\n")
        stream.flush()

    return write


def as_journal(journal: Journal, otherwise: Sink) -> Sink:
    """Return a sink that sends to the journal, and to another one what the journal does not take."""

    def send(alert: Alert) -> None:
        try:
            journal.send(alert)
        except OSError:
            otherwise(alert)

    return send


class Alerts:
    """Takes alerts from every thread, gives them time and host, and remembers the worst.

    When the sink breaks (its reader has gone), `broken` holds the error and `ended` is called once.
    """

    def __init__(self, sink: Sink, host: str, ended: Callable[[], None]) -> None:
        self._sink, self._host, self._ended = sink, host, ended
        self._lock = threading.Lock()
        self.broken: OSError | None = None
        self.severities: set[str] = set()

    def __call__(self, alert: Alert | None) -> None:
        """Say an alert; None is none."""
        if alert is None:
            return
        with self._lock:
            self.severities.add(alert.severity)
            if self.broken is not None:
                return
            try:
                self._sink(replace(alert, time=now(), host=self._host))
            except OSError as error:
                self.broken = error
                self._ended()

    def exit_code(self, fail_on: str | None, *, strict: bool) -> int:
        """Return the exit code by the worst alert at or above `fail_on`; unseen ones count under `strict`."""
        grave = SEVERITIES[SEVERITIES.index(fail_on) :] if fail_on else ()
        counted = [severity for severity in grave if severity in self.severities]
        if counted:
            return EXIT_CODES[counted[-1]]
        return EXIT_UNKNOWN if strict and UNKNOWN in self.severities else 0
