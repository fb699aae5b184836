"""The watch itself: one thread follows the stream and does nothing else, others look at what it tells."""

from __future__ import annotations

import queue
import select
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from hullguard.catalogue import Control
from hullguard.collect import Unseen
from hullguard.watch import alerts, events
from hullguard.watch.alerts import Alert
from hullguard.watch.engine import Engine
from hullguard.watch.files import INTERVAL_SECONDS, Watched
from hullguard.watch.judge import Measure
from hullguard.watch.sinks import Alerts
from hullguard.watch.work import CHECK, Task, Work

WORKERS = 4
# What waits to be looked at; beyond it nothing is stored, and everything is looked at anew.
MOST_WAITING = 10_000
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 2.0
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
        for thread in (*workers, follower, files):
            thread.start()
        if self._existing:
            self._sweep(stopped=False)
        self.ready()
        select.select([self._ended], [], [], seconds)
        self._stopped.set()
        if self._stream is not None:
            self._stream.close()
        follower.join(self.engine.timeout)
        files.join(self.engine.timeout)
        for _ in workers:
            with suppress(queue.Full):
                self._tasks.put(None, timeout=self.engine.timeout)
        for thread in workers:
            thread.join(self.engine.timeout)

    def _config(self) -> str:
        return self._config_file or self.work.config_file or DEFAULT_CONFIG

    def _follow(self, stream: events.Stream | None) -> None:
        """Follow the stream; when it ends, connect again and look at what began meanwhile."""
        pause, lost = FIRST_PAUSE, False
        while not self._stopped.is_set():
            try:
                if stream is None:
                    stream = events.Stream(self.engine.path, self.engine.timeout, self._since)
                    self._stream = stream
                    if self._stopped.is_set():
                        stream.close()
                    self._back()
                    pause, lost = FIRST_PAUSE, False
                for event in stream:
                    self._take(event)
                reason = "its stream of events ended"
            except Exception as error:  # this thread must not end: nothing would be seen any more
                reason = str(error) or type(error).__name__
            stream = None
            if self._stopped.is_set():
                return
            if not lost:
                lost = True
                self.note(f"the engine is lost: {reason}; trying again")
                self.say(Alert(alerts.ENGINE_LOST, alerts.INFO, reason))
            self._stopped.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _back(self) -> None:
        self.work.forget_surroundings()
        self.note("the engine is back")
        self.say(
            Alert(
                alerts.ENGINE_BACK, alerts.INFO, "the engine answers again; looking at what started meanwhile"
            )
        )
        self._put(Task(CHECK))

    def _take(self, event: events.Event) -> None:
        self._since = max(self._since, event.nanoseconds)
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
            if task.what == CHECK and task.event is None:
                self._sweep(stopped=True)
            else:
                self.work.do(task)
            if self._overflown.is_set() and self._tasks.qsize() < MOST_WAITING // 2:
                self._overflown.clear()
                reason = f"more than {MOST_WAITING} events were waiting; what started is looked at anew"
                self.say(Alert(alerts.UNSEEN, alerts.UNKNOWN, reason))
                self._sweep(stopped=True)

    def _sweep(self, *, stopped: bool) -> None:
        """Have every container looked at that is not known yet."""
        try:
            for number in self.engine.running(stopped=stopped):
                self._put(Task(CHECK, events.Event(CHECK, number)))
        except Exception as error:
            reason = (
                str(error) if isinstance(error, Unseen) else f"{type(error).__name__} in the engine's answer"
            )
            self.say(Alert(alerts.UNSEEN, alerts.UNKNOWN, f"the containers could not be listed: {reason}"))

    def _files(self, watched: Watched) -> None:
        if watched.error:
            detail = f"{watched.path} can't be read: {watched.error}"
            self.say(Alert(alerts.UNSEEN, alerts.UNKNOWN, detail))
        while not self._stopped.wait(INTERVAL_SECONDS):
            self.say(watched.changed(self._config()))
