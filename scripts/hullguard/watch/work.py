"""What one event leads to: questions to the engine, a judgement, an alert. Runs in several threads."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hullguard.catalogue import Control
from hullguard.collect import NotFound, Unseen
from hullguard.watch import alerts, events, execs
from hullguard.watch.alerts import Alert, Named
from hullguard.watch.engine import Engine, Surroundings
from hullguard.watch.judge import Measure, alert, borne_by_host, judge, specify
from hullguard.watch.sinks import Alerts

CHECK = "check"
ID = re.compile(r"[0-9a-f]{64}")
# Starts and commands that are remembered, so that none is told twice.
MOST_REMEMBERED = 50_000
# Labels of a container stand in its events, too; one of this name hides which exec the engine speaks of.
HIDING_LABEL = "execID"


@dataclass(frozen=True, slots=True)
class Task:
    """Something to look at: an event's kind and the event, or `check` and the container to look at anew."""

    what: str
    event: events.Event | None = None


class Seen:
    """Remembers the last of many things."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most, self._lock = most, threading.Lock()
        self._known: OrderedDict[Hashable, None] = OrderedDict()

    def add(self, key: Hashable) -> bool:
        """Return whether it is new, and remember it."""
        with self._lock:
            if key in self._known:
                return False
            self._known[key] = None
            if len(self._known) > self._most:
                self._known.popitem(last=False)
            return True

    @contextmanager
    def once(self, key: Hashable) -> Iterator[bool]:
        """Yield whether it is new, and remember it; a look at it that fails leaves it to the next one."""
        new = self.add(key)
        try:
            yield new
        except BaseException:
            if new:
                with self._lock:
                    self._known.pop(key, None)
            raise

    def __contains__(self, key: Hashable) -> bool:
        """Return whether it is remembered."""
        with self._lock:
            return key in self._known


class Work:
    """Looks at what events tell of. `since` (seconds since the epoch) is from when on starts count."""

    def __init__(
        self,
        engine: Engine,
        measure: Measure,
        wanted: Mapping[str, Control],
        say: Alerts,
        note: Callable[[str], None],
        since: float,
    ) -> None:
        self.engine, self.measure, self.say, self.note, self.since = engine, measure, say, note, since
        self._execs = wanted
        self._seen, self._before = Seen(), set[str]()
        self._lock = threading.Lock()
        self._surroundings: Surroundings | None = None
        self.config_file: str | None = None

    def begin(self) -> None:
        """Learn what is there already. Raises Unseen when the engine does not answer."""
        self._before = set(self.engine.running()) if self.since else set()
        for slug, reason in borne_by_host(self.surroundings()).items():
            self.note(f"{slug} is left out: {reason}, which every container of this host shares")

    def surroundings(self) -> Surroundings:
        """Return the engine's facts, asked for once until they are forgotten."""
        with self._lock:
            if self._surroundings is not None:
                return self._surroundings
            found = self.engine.surroundings()
            path = (found.engine.get("daemon_json") or {}).get("path")
            self.config_file = path if isinstance(path, str) else self.config_file
            if found.engine["reachable"]:
                self._surroundings = found
            return found

    def forget_surroundings(self) -> None:
        """Have the engine's facts asked for anew: it has restarted, or read its configuration again."""
        with self._lock:
            self._surroundings = None

    def do(self, task: Task) -> None:
        """Look at one thing. Whatever goes wrong is said as `unseen`."""
        event = task.event or events.Event(task.what)
        try:
            if task.what in (events.START, CHECK):
                self._started(event, check=task.what == CHECK)
            elif task.what in (events.EXEC_CREATE, events.EXEC_START):
                self._exec(event)
            else:
                self.say(
                    Alert(alerts.UNSEEN, alerts.UNKNOWN, "the engine told something that could not be read")
                )
        except Unseen as unseen:
            self._unseen(event, str(unseen))
        except Exception as error:
            self._unseen(event, f"an answer of the engine has an unexpected form: {type(error).__name__}")

    def _unseen(self, event: events.Event, reason: str) -> None:
        thing = Named(event.id, event.name or event.id[:12], event.image)
        self.say(Alert(alerts.UNSEEN, alerts.UNKNOWN, reason, thing))

    def _started(self, event: events.Event, *, check: bool) -> None:
        try:
            raw = self.engine.container(event.id)
        except NotFound:
            if not (check and (event.id in self._before or event.id in self._seen)):
                self._unseen(event, "started, and was gone before it could be looked at")
            return
        started = str(raw["State"]["StartedAt"])
        if not check or moment(started) > self.since:
            with self._seen.once((event.id, started)) as new:
                if new:
                    self._judge(raw)
            self._seen.add(event.id)
        if check:
            for number in raw.get("ExecIDs") or []:
                self._command(str(number), raw, event)

    def _judge(self, raw: Mapping[str, Any]) -> None:
        kept, around = self.engine.trimmed(raw), self.surroundings()
        volumes = self.engine.volumes(raw)
        spec = specify(kept, self.engine.joined(raw), volumes, around, self.measure.params)
        self.say(alert(spec, kept, judge(spec, around, self.measure)))

    def _exec(self, event: events.Event) -> None:
        if not self._execs:
            return
        try:
            raw = self.engine.container(event.id)
        except NotFound:
            if event.what == events.EXEC_CREATE:
                self._unseen(
                    event, "a command was started in it, and it was gone before that could be looked at"
                )
            return
        hidden = HIDING_LABEL in ((raw.get("Config") or {}).get("Labels") or {})
        numbers = [str(n) for n in raw.get("ExecIDs") or []] if hidden else [event.exec_id]
        numbers = [number for number in numbers if ID.fullmatch(number)]
        if not numbers and event.what == events.EXEC_CREATE:
            reason = f"a command was started in it; which one is hidden by its label {HIDING_LABEL}"
            self._unseen(
                event, reason if hidden else "a command was started in it; the engine did not tell which"
            )
        for number in numbers:
            self._command(number, raw, event)

    def _command(self, number: str, raw: Mapping[str, Any], event: events.Event) -> None:
        if not self._execs:
            return
        with self._seen.once((event.id, number)) as new:
            if not new:
                return
            try:
                command = self.engine.exec(number)
            except NotFound:
                self._unseen(event, "a command was started in it, and was gone before it could be looked at")
                return
            self.say(execs.alert(command, raw, self._execs, self.measure))


def moment(text: str) -> float:
    """Return the engine's time in seconds since the epoch. Raises ValueError."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(whole).replace(tzinfo=UTC).timestamp() + float(f"0.{fraction or 0}")
