"""Remember what a tool said of a target that has not changed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hullguard import __version__
from hullguard.scanners.base import Target, Tool
from hullguard.scanners.finding import Finding, from_json, to_json

# Raised whenever an answer would be translated differently.
FORMAT = "1"


def folder() -> Path:
    """Return where answers are kept: $XDG_CACHE_HOME/hullguard/scans."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "hullguard" / "scans"


def key(tool: Tool, database: str, target: Target) -> str:
    """Return the name of an answer; "" for a target without a digest, which can't be remembered."""
    if not target.digest:
        return ""
    parts = [FORMAT, __version__, tool.name, tool.version, database, target.kind, target.name, target.digest]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def read(name: str) -> tuple[list[Finding], bytes] | None:
    """Return a remembered answer (findings and raw output); None when there is none, or it can't be read."""
    if not name:
        return None
    path = folder() / f"{name}.json"
    try:
        rows = json.loads(path.read_bytes())
        return [from_json(row) for row in rows], path.with_suffix(".raw").read_bytes()
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(name: str, findings: Iterable[Finding], raw: bytes) -> None:
    """Remember an answer, for its owner only. A disk that is full or read-only is no reason to fail."""
    if not name:
        return
    text = json.dumps([to_json(finding) for finding in findings]).encode()
    try:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        # The findings come last: without them there is no answer.
        for suffix, data in ((".raw", raw), (".json", text)):
            handle, temporary = tempfile.mkstemp(dir=folder())
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(temporary).replace(folder() / f"{name}{suffix}")
    except OSError:
        return
