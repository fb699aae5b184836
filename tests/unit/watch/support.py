"""An engine that tells events as it is told to: in chunks of any size, broken off, or again after a pause."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from unit.support.fake_engine import ID, FakeEngine, Handler, Raw, decent_answers

from hullguard.audit import Plan
from hullguard.catalogue import load_benchmark, load_profile
from hullguard.watch.judge import Measure, controls

__all__ = ["END", "ID", "EventEngine", "Raw", "chunk", "decent", "event", "line", "measure", "until"]
NANOSECONDS = 1_700_000_000_123_456_789
END = "end"
HEADER = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def event(action: str, number: str = ID, **attributes: str) -> dict[str, Any]:
    """Return an event of a container as engines tell it."""
    told = {"image": "web:1", "name": "web", **attributes}
    return {
        "Type": "container", "Action": action, "timeNano": NANOSECONDS, "Actor": {"ID": number, "Attributes": told},
    }  # fmt: skip


def line(document: dict[str, Any]) -> bytes:
    """Return an event as a line."""
    return json.dumps(document).encode() + b"\n"


def chunk(data: bytes) -> bytes:
    """Return one chunk of an answer."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def decent(**host: Any) -> dict[str, Any]:
    """Return a container that breaks nothing of severity high, as an engine tells it."""
    found: dict[str, Any] = decent_answers()[f"/containers/{ID}/json"]
    found["State"] |= {"StartedAt": "2099-01-01T00:00:00.123456789Z", "Pid": 0}
    modes = {
        "IpcMode": "private",
        "PidMode": "",
        "UTSMode": "",
        "UsernsMode": "",
        "Devices": [],
        "DeviceRequests": None,
    }
    found["HostConfig"] |= modes | {"DeviceCgroupRules": None} | host
    return found


def measure(least: str = "high", waivers: Sequence[Any] = (), **choices: Any) -> Measure:
    """Return what the command judges by; AppArmor left out, for the machine that tests run on may lack it."""
    profile = load_profile()
    plan = Plan.make(load_benchmark(), profile)
    wanted = tuple(c for c in controls(plan, least) if c.id != "apparmor_profile")
    return Measure(wanted, profile.params, waivers, "host1", lambda: choices.get("today", date(2026, 1, 1)))


def until(condition: Callable[[], Any], seconds: float = 10.0) -> Any:
    """Return the condition's value as soon as it is true; fail after some seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


class _Answers(dict[str, Any]):
    """Answers; whatever asks for events gets the next stream."""

    def __init__(self, engine: EventEngine, answers: dict[str, Any]) -> None:
        super().__init__(answers)
        self._engine = engine

    def get(self, key: str, default: Any = None) -> Any:
        return self._engine.tell if key.startswith("/events?") else super().get(key, default)


class EventEngine(FakeEngine):
    """A fake engine whose /events sends pieces in turn. None waits for `go_on`; END ends the connection, and the
    next one gets what follows.
    """

    def __init__(self, pieces: Sequence[bytes | str | None], status: int = 200, answers: Any = None) -> None:
        super().__init__({})
        whole = {**decent_answers(), f"/containers/{ID}/json": decent(), "/containers/json": []}
        self.answers = _Answers(self, whole | (answers or {}))
        self.pieces, self.status = list(pieces), status
        self._go = threading.Event()

    def tell(self, handler: Handler) -> Raw | None:
        """Send the pieces of one connection."""
        if self.status != 200:
            return Raw(self.status, b"{}")
        handler.wfile.write(HEADER)
        handler.wfile.flush()
        while self.pieces:
            piece = self.pieces.pop(0)
            if piece == END:
                break
            if piece is None:
                self._go.wait(30)
                self._go.clear()
            else:
                handler.wfile.write(piece)
                handler.wfile.flush()
        return None

    def go_on(self) -> None:
        """Go on after a None."""
        self._go.set()

    def __exit__(self, *arguments: Any) -> None:
        self._go.set()
        super().__exit__(*arguments)
