"""The engine's configuration file, looked at twice a second: content, owner, mode, there or not, touched.

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
LOOKS = 3


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file as it was at one moment. Of its members' values only digests are kept; `error` says why it could
    not be read, `members` is None when it is no JSON object. `stamp` (device, inode, time of the last change
    in nanoseconds) differs when anybody wrote it since, whatever is in it now.
    """

    exists: bool
    owner: str = ""
    mode: str = ""
    digest: str = ""
    members: Mapping[str, str] | None = field(default=None)
    error: str = ""
    stamp: tuple[int, ...] = ()


def look(path: str) -> Snapshot:
    """Return the file as it is now."""
    found = _look(path)
    for _ in range(LOOKS - 1):
        # Somebody writes: what was read may belong to another stamp.
        before, found = found, _look(path)
        if before == found:
            break
    return found


def _look(path: str) -> Snapshot:
    try:
        info = os.stat(path)  # noqa: PTH116 - paths are the collector's texts
    except (FileNotFoundError, NotADirectoryError):
        return Snapshot(exists=False)
    except (OSError, ValueError) as error:
        return Snapshot(exists=True, error=getattr(error, "strerror", None) or str(error))
    owner = f"{collect.account(info.st_uid, 'user')}:{collect.account(info.st_gid, 'group')}"
    mode, stamp = f"{stat.S_IMODE(info.st_mode):04o}", (info.st_dev, info.st_ino, info.st_ctime_ns)
    try:
        text = collect.read(path)
    except FileNotFoundError:
        return Snapshot(exists=False)
    except OSError as error:
        return Snapshot(exists=True, owner=owner, mode=mode, error=error.strerror or str(error))
    return Snapshot(True, owner, mode, _digest(text), _members(text), stamp=stamp)


def compare(path: str, before: Snapshot, after: Snapshot) -> Alert | None:
    """Return the alert of what changed between two looks that saw the file; None when nothing did."""
    if before == after:
        return None
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
    told = "; ".join(changes) or "changed and changed back, or written anew as it was"
    return Alert(alerts.DAEMON_JSON_CHANGED, SEVERITY, f"{path}: {told}", keys=keys)


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
    """A configuration file between two looks. While it can't be read, that is said once, and nothing else."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._begin(look(path))

    def _begin(self, now: Snapshot) -> None:
        self.error, self._seen = now.error, None if now.error else now

    def changed(self, path: str) -> Alert | None:
        """Look again, at `path`, which the engine may have been told anew; return the alert, or None.

        `error` then says why it could not be read; "" when it could.
        """
        now = look(path)
        if path != self.path:
            detail = f"the engine reads {path} now, and {self.path} no more"
            self.path = path
            self._begin(now)
            detail += f"; it can't be read: {now.error}" if now.error else ""
            return Alert(alerts.DAEMON_JSON_CHANGED, SEVERITY, detail)
        error, self.error = self.error, now.error
        if now.error:
            detail = f"{path} can't be read any more: {now.error}"
            return None if error else Alert(alerts.UNSEEN, alerts.UNKNOWN, detail)
        before, self._seen = self._seen, now
        if before is None:
            detail = f"{path}: can be read now; what was in it before is not known"
            return Alert(alerts.DAEMON_JSON_CHANGED, SEVERITY, detail)
        if error and before == now:
            return Alert(
                alerts.DAEMON_JSON_CHANGED, alerts.INFO, f"{path}: can be read again, and is as it was"
            )
        return compare(path, before, now)
