"""The engine's configuration file, looked at twice a second: content, owner, mode, there or not.

A look costs a few microseconds and sees what a notification would not: a file behind a link, one on a file
system without notifications, a folder that was replaced.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field

from hullguard import collect
from hullguard.watch import alerts
from hullguard.watch.alerts import Alert

INTERVAL_SECONDS = 0.5
SEVERITY = "high"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file as it was at one moment. Of its members' values only digests are kept; `error` says why it could
    not be read, `members` is None when it is no JSON object.
    """

    exists: bool
    owner: str = ""
    mode: str = ""
    digest: str = ""
    members: Mapping[str, str] | None = field(default=None)
    error: str = ""


def look(path: str) -> Snapshot:
    """Return the file as it is now."""
    try:
        info = os.stat(path)  # noqa: PTH116 - paths are the collector's texts
    except (FileNotFoundError, NotADirectoryError):
        return Snapshot(exists=False)
    except (OSError, ValueError) as error:
        return Snapshot(exists=True, error=getattr(error, "strerror", None) or str(error))
    owner = f"{collect.account(info.st_uid, 'user')}:{collect.account(info.st_gid, 'group')}"
    mode = f"{stat.S_IMODE(info.st_mode):04o}"
    try:
        text = collect.read(path)
    except FileNotFoundError:
        return Snapshot(exists=False)
    except OSError as error:
        return Snapshot(exists=True, owner=owner, mode=mode, error=error.strerror or str(error))
    return Snapshot(True, owner, mode, _digest(text), _members(text))


def compare(path: str, before: Snapshot, after: Snapshot) -> Alert | None:
    """Return the alert of what changed between two looks; None when nothing did."""
    if before == after:
        return None
    if after.exists and after.error and not before.error:
        return Alert(alerts.UNSEEN, alerts.UNKNOWN, f"{path} can't be read any more: {after.error}")
    changes, keys = [], _changed(before, after)
    if before.exists != after.exists:
        changes.append("created" if after.exists else "removed")
    elif before.digest != after.digest:
        changes.append(
            "content changed" if after.members is not None else "content changed, no JSON object now"
        )
    for what, old, new in (("owner", before.owner, after.owner), ("mode", before.mode, after.mode)):
        if old and new and old != new:
            changes.append(f"{what} {old} became {new}")
    if keys:
        changes.append(f"keys: {', '.join(keys)}")
    return Alert(
        alerts.DAEMON_JSON_CHANGED, SEVERITY, f"{path}: {'; '.join(changes) or 'readable again'}", keys=keys
    )


def _changed(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Return the names of members that one side has and the other has not, or with another value."""
    old, new = before.members or {}, after.members or {}
    return tuple(sorted(key for key in {*old, *new} if old.get(key) != new.get(key)))


def _members(text: str) -> dict[str, str] | None:
    try:
        document = json.loads(text.strip() or "{}")
        if not isinstance(document, dict):
            return None
        return {str(key): _digest(json.dumps(value, sort_keys=True)) for key, value in document.items()}
    except (ValueError, RecursionError):
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Watched:
    """A configuration file between two looks."""

    def __init__(self, path: str) -> None:
        self.path, self._last = path, look(path)

    @property
    def error(self) -> str:
        """Why it could not be read at the last look; "" when it could."""
        return self._last.error

    def changed(self, path: str) -> Alert | None:
        """Look again, at `path`, which the engine may have been told anew; return the alert, or None."""
        if path != self.path:
            old, self.path, self._last = self.path, path, look(path)
            return Alert(
                alerts.DAEMON_JSON_CHANGED, SEVERITY, f"the engine reads {path} now, and {old} no more"
            )
        before, self._last = self._last, look(path)
        return compare(path, before, self._last)
