"""The engine's stream of events: lines of JSON over its socket, for as long as it lasts."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from hullguard.collect import Unseen

# The engine compares exec_create and exec_start by their beginning: the command follows in the action.
FILTERS = {"type": ["container", "daemon"], "event": ["start", "exec_create", "exec_start", "reload"]}
START, EXEC_CREATE, EXEC_START, RELOAD, GARBAGE = "start", "exec_create", "exec_start", "reload", "garbage"
# Labels are part of an event; more than this no engine takes.
LONGEST_LINE = 4 << 20


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `what` is garbage for a line that could not be read."""

    what: str
    id: str = ""
    name: str = ""
    image: str = ""
    exec_id: str = ""
    nanoseconds: int = 0


def parse(line: bytes) -> Event | None:
    """Return the event in a line; None when it is of no interest."""
    try:
        document = json.loads(line)
        action, kind, actor = document["Action"], document["Type"], document["Actor"]
        told = actor.get("Attributes") or {}
        nanoseconds = int(document.get("timeNano") or 0)
        if kind == "daemon":
            return Event(RELOAD, nanoseconds=nanoseconds) if action == "reload" else None
        what = action.partition(":")[0]  # the command follows
        if kind != "container" or what not in (START, EXEC_CREATE, EXEC_START):
            return None
        name, image, number = (str(told.get(key) or "") for key in ("name", "image", "execID"))
        return Event(what, str(actor["ID"]), name, image, number, nanoseconds)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Event(GARBAGE)


class Lines:
    """Puts lines together from pieces of any size."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self.longest, self._rest, self._skip = longest, b"", False

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the lines that a piece completes. One that is too long comes out as an empty object."""
        *whole, rest = piece.split(b"\n")
        for part in whole:
            line, self._rest = self._rest + part, b""
            skipped, self._skip = self._skip or len(line) > self.longest, False
            if skipped:
                yield b"{}"
            elif line.strip():
                yield line
        self._rest += rest
        if len(self._rest) > self.longest:
            self._rest, self._skip = b"", True


class Stream:
    """One connection to /events. `close` may be called from another thread and ends the iteration."""

    def __init__(self, path: str, timeout: float, since: int = 0) -> None:
        """Open it. Raises OSError, HTTPException or Unseen when the engine does not answer in `timeout` s."""
        self._closed = threading.Event()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection = http.client.HTTPConnection("localhost")
        connection.sock = self._socket
        try:
            self._socket.settimeout(timeout)
            self._socket.connect(path)
            connection.request("GET", question(since))
            self._answer = connection.getresponse()
            if self._answer.status != 200:
                raise Unseen(f"the engine answers HTTP {self._answer.status} to GET /events")
            self._socket.settimeout(None)  # nothing may happen for days
        except BaseException:
            self._socket.close()
            raise

    def __iter__(self) -> Iterator[Event]:
        """Yield events until the stream ends. Raises OSError or HTTPException when it breaks off."""
        lines = Lines()
        with self._answer:
            while piece := self._piece():
                for line in lines.feed(piece):
                    event = parse(line)
                    if event is not None:
                        yield event

    def _piece(self) -> bytes:
        try:
            return b"" if self._closed.is_set() else self._answer.read1(1 << 16)
        except (OSError, ValueError, http.client.HTTPException):
            if self._closed.is_set():  # from another thread, in the middle
                return b""
            raise

    def close(self) -> None:
        """End the stream."""
        self._closed.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def question(since: int) -> str:
    """Return the path that asks for events, from a moment on (nanoseconds since the epoch) or from now on."""
    path = f"/events?filters={quote(json.dumps(FILTERS, separators=(',', ':')))}"
    return f"{path}&since={since // 10**9}.{since % 10**9:09d}" if since else path
