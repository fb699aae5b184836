"""Since when a vulnerability is known: a small file that scans keep, from which days to fix count."""

from __future__ import annotations

import fcntl
import json
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from hullguard import evidence
from hullguard.errors import HullguardError, InputError
from hullguard.scanners.finding import VULNERABILITY, Finding

SCHEMA = "hullguard/first-seen/1"
LARGEST_BYTES = 64 << 20
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Seen:
    """The day on which a scan first saw a vulnerability, and the day it first saw a version that fixes it."""

    first: date
    fixable: date | None = None


def read(path: Path) -> dict[str, Seen]:
    """Return {fingerprint: seen}; nothing where there is no file yet. Raises InputError."""
    if not path.exists():
        return {}
    document = evidence.parse(path, LARGEST_BYTES)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise InputError(f"{path}: no record of first sightings (its schema is not {SCHEMA!r}).")
    rows = document.get("findings")
    if not isinstance(rows, Mapping):
        raise InputError(f"{path}: findings is missing.")
    found = {}
    for name, row in rows.items():
        try:
            if not _FINGERPRINT.fullmatch(name):
                raise ValueError
            later = row["fixable"]
            found[name] = Seen(date.fromisoformat(row["first"]), date.fromisoformat(later) if later else None)
        except (KeyError, TypeError, ValueError):
            raise InputError(f"{path}: findings[{name[:70]!r}] is no record of a first sighting.") from None
    return found


def remember(path: Path, findings: Iterable[Finding], today: date) -> dict[str, Seen]:
    """Return {fingerprint: seen} for all vulnerabilities ever seen, those of `findings` included, and keep it
    in the file (mode 0600, replaced whole). What is gone stays recorded: when it is back, its days go on.

    Raises InputError, or HullguardError when it can't be written.
    """
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist.")
    try:
        with _alone(path.parent):
            before = read(path)
            found = dict(before)
            for finding in findings:
                if finding.kind != VULNERABILITY or not finding.fingerprint:
                    continue
                known = found.get(finding.fingerprint, Seen(today))
                fixed = today if known.fixable is None and fixable(finding) else known.fixable
                found[finding.fingerprint] = Seen(known.first, fixed)
            if found != before or not path.exists():
                _write(path, found)
    except OSError as error:
        raise HullguardError(f"{path}: can't be written: {error.strerror or error}.") from None
    return found


def fixable(finding: Finding) -> bool:
    """Return whether a version fixes it; what tells of no package is taken for fixable."""
    return finding.package is None or bool(finding.package.fixed)


def _write(path: Path, found: Mapping[str, Seen]) -> None:
    rows = {
        name: {"first": seen.first.isoformat(), "fixable": seen.fixable.isoformat() if seen.fixable else None}
        for name, seen in sorted(found.items())
    }
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump({"schema": SCHEMA, "findings": rows}, stream, indent=1)
            stream.write("\n")
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep two scans that end at once from losing each other's days."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
