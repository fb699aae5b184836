"""Remember what a tool said of a target that has not changed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Mapping
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


def program_key(name: str, path: Path) -> str:
    """Return the name of what is remembered of a program; another file in its place has another one."""
    try:
        real = path.resolve(strict=True)
        facts = real.stat()
    except OSError:
        return ""
    parts = [
        name,
        str(path),
        str(real),
        *map(str, (facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)),
    ]
    return "tool-" + hashlib.sha256("\0".join(parts).encode()).hexdigest()


def read_version(name: str) -> str:
    """Return the remembered version of a tool, or ""."""
    try:
        return (folder() / f"{name}.txt").read_text(encoding="utf-8") if name else ""
    except (OSError, ValueError):
        return ""


def write_version(name: str, version: str) -> None:
    """Remember the version of a tool."""
    if name:
        _write({f"{name}.txt": version.encode()})


def write(name: str, findings: Iterable[Finding], raw: bytes) -> None:
    """Remember an answer, for its owner only. A disk that is full or read-only is no reason to fail."""
    if not name:
        return
    text = json.dumps([to_json(finding) for finding in findings]).encode()
    # The findings come last: without them there is no answer.
    _write({f"{name}.raw": raw, f"{name}.json": text})


def _write(files: Mapping[str, bytes]) -> None:
    try:
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, data in files.items():
            handle, temporary = tempfile.mkstemp(dir=folder())
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
            Path(temporary).replace(folder() / name)
    except OSError:
        return
