"""The watch itself: one thread follows the stream and does nothing else, others look at what it tells."""

from __future__ import annotations

import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from hullguard.catalogue import Control
from hullguard.watch import alerts, events
from hullguard.watch.alerts import Alert
from hullguard.watch.attend import FIRST_PAUSE, LONGEST_PAUSE, Attendant
from hullguard.watch.engine import Engine
from hullguard.watch.files import INTERVAL_SECONDS, Watched
from hullguard.watch.judge import Measure
from hullguard.watch.presence import Presence
from hullguard.watch.sinks import Alerts
from hullguard.watch.work import CHECK, Task, Work

WORKERS = 4
# What waits to be looked at; beyond it nothing is stored, and everything is looked at anew.
MOST_WAITING = 10_000
DEFAULT_CONFIG = "/etc/docker/daemon.json"


class Watch:
    """Follows one engine until `stop`."""

    def __init__(
        self,
        engine: Engine,
        measure: Measure,
        execs: Mapping[str, Control],
        say: Alerts,
        *,
        existing: bool = False,
        config_file: str | None = None,
        note: Callable[[str], None] = lambda _text: None,
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.engine, self.say, self.note, self.ready = engine, say, note, ready
        self._config_file = config_file
        self._stopped, self._overflown = threading.Event(), threading.Event()
        self._tasks: queue.Queue[Task | None] = queue.Queue(MOST_WAITING)
        self._stream: events.Stream | None = None
        self._since = 0
        self.presence = Presence(say, note, self._returned)
        self._attendant = Attendant(
            engine, self.presence, self._found, self._unseen, self._guarded, existing=existing
        )
        self.work = Work(engine, measure, execs, say, note, 0.0 if existing else time.time())
        self._existing = existing
        self._ended, self._ending = socket.socketpair()
        self._ending.setblocking(False)

    def stop(self) -> None:
        """End the watch; may be called from a signal handler, where no lock may be taken, or any thread."""
        with suppress(OSError):
            self._ending.send(b".")

    def run(self, seconds: float | None = None) -> None:
        """Watch until `stop`, or for some seconds; then what has been told already is still looked at.

        Raises Unseen, OSError or HTTPException when the engine does not answer at the beginning.
        """
        stream = events.Stream(self.engine.path, self.engine.timeout)
        self._stream = stream
        try:
            self.work.begin()
        except BaseException:
            stream.close()
            raise
        workers = [threading.Thread(target=self._look, daemon=True) for _ in range(WORKERS)]
        follower = threading.Thread(target=self._follow, args=(stream,), daemon=True)
        files = threading.Thread(target=self._files, args=(Watched(self._config()),), daemon=True)
        attendant = threading.Thread(target=self._attendant.run, daemon=True)
        for thread in (*workers, follower, files):
            thread.start()
        if self._existing:
            self._attendant.sweep()
        attendant.start()
        self.ready()
        select.select([self._ended], [], [], seconds)
        self._stopped.set()
        self._attendant.stop()
        if self._stream is not None:
            self._stream.close()
        for thread in (follower, files, attendant):
            thread.join(self.engine.timeout)
        self._attendant.ended(attendant)
        self._finish(workers)

    def _finish(self, workers: list[threading.Thread]) -> None:
        """Have looked at what waits, and say how much could not be."""
        deadline = time.monotonic() + self.engine.timeout
        for _ in workers:
            with suppress(queue.Full):
                self._tasks.put(None, timeout=max(0.0, deadline - time.monotonic()))
        for thread in workers:
            thread.join(max(0.0, deadline - time.monotonic()))
        left = busy = sum(thread.is_alive() for thread in workers)
        with suppress(queue.Empty):
            while True:
                left += self._tasks.get_nowait() is not None
        for _ in range(busy):
            self._tasks.put(None)
        if left or self._overflown.is_set():
            self._unseen(f"{left or 'some'} of the events were not looked at before the end")

    def _config(self) -> str:
        return self._config_file or self.work.config_file or DEFAULT_CONFIG

    def _unseen(self, reason: str) -> None:
        self.say(Alert(alerts.UNSEEN, alerts.UNKNOWN, reason))

    def _guarded(self, what: Callable[[], None]) -> None:
        """Do something in a thread that must not end, whatever goes wrong: nothing would be seen any more."""
        try:
            what()
        except Exception as error:
            with suppress(Exception):
                self._unseen(f"a look ended with an error of its own: {type(error).__name__}")
            with suppress(Exception):
                self.note(f"an error that is none of the engine's: {type(error).__name__}: {error}")

    def _follow(self, stream: events.Stream | None) -> None:
        """Follow the stream; when it ends, connect again and look at what began meanwhile."""
        pause = FIRST_PAUSE
        while not self._stopped.is_set():
            try:
                if stream is None:
                    stream = events.Stream(self.engine.path, self.engine.timeout, self._since)
                    self._stream = stream
                    if self._stopped.is_set():
                        stream.close()
                    self._guarded(partial(self.presence.answers, stream=True))
                    pause = FIRST_PAUSE
                for event in stream:
                    self._take(event)
                reason = "its stream of events ended"
            except Exception as error:
                reason = str(error) or type(error).__name__
            stream = None
            if self._stopped.is_set():
                return
            self._guarded(partial(self.presence.ended, reason))
            self._stopped.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _returned(self) -> None:
        self.work.forget_surroundings()
        self._attendant.owe()

    def _found(self, number: str) -> None:
        self._put(Task(CHECK, events.Event(CHECK, number)))

    def _take(self, event: events.Event) -> None:
        self._since, self._attendant.heard = max(self._since, event.nanoseconds), time.monotonic()
        if event.what == events.RELOAD:
            self.work.forget_surroundings()
        else:
            self._put(Task(event.what, event))

    def _put(self, task: Task) -> None:
        try:
            self._tasks.put_nowait(task)
        except queue.Full:
            self._overflown.set()

    def _look(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._guarded(partial(self.work.do, task))
            if self._overflown.is_set() and self._tasks.qsize() < MOST_WAITING // 2:
                self._overflown.clear()
                self._attendant.owe()
                reason = f"more than {MOST_WAITING} events were waiting; what started is looked at anew"
                self._guarded(partial(self._unseen, reason))

    def _files(self, watched: Watched) -> None:
        if watched.error:
            self._guarded(partial(self._unseen, f"{watched.path} can't be read: {watched.error}"))
        while not self._stopped.wait(INTERVAL_SECONDS):
            self._guarded(lambda: self.say(watched.changed(self._config())))
