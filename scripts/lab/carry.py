"""Hullguard's command for a host that has Python and nothing of what the command needs besides.

One archive: this checkout's package and catalogue, and those of its libraries that are Python alone. What
takes more (rich's tables, schemas) is for who reads the result, on the machine that it is brought to.
"""

from __future__ import annotations

import importlib.util
import io
import tarfile
from pathlib import Path

from hullguard.paths import compliance_dir
from lab import LabError

HOME = "/opt/hullguard-lab"
COMMAND = f"{HOME}/hullguard"
LIBRARIES = ("click", "yaml")
STARTER = f'#!/bin/sh\nPYTHONPATH={HOME}/lib exec python3 -B -m hullguard "$@"\n'


def archive() -> bytes:
    """Return a tar archive, compressed by gzip, to be unpacked in the host's root folder.

    Raises LabError where a library is not installed here.
    """
    stream = io.BytesIO()
    home = HOME.lstrip("/")
    with tarfile.open(fileobj=stream, mode="w:gz", compresslevel=6) as tar:
        for name in ("hullguard", *LIBRARIES):
            tar.add(_folder(name), f"{home}/lib/{name}", filter=_plain)
        tar.add(compliance_dir(), f"{home}/compliance", filter=_plain)
        entry = tarfile.TarInfo(f"{home}/hullguard")
        entry.size, entry.mode = len(STARTER), 0o755
        tar.addfile(entry, io.BytesIO(STARTER.encode()))
    return stream.getvalue()


def _folder(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise LabError(f"{name} is not installed here, so it can't be brought to a host: ./nox sets it up")
    return Path(found.origin).parent


def _plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """Leave out what belongs to this interpreter; everything becomes root's."""
    if entry.name.endswith((".so", ".pyc", "/__pycache__", "/docs")):
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() else 0o644
    return entry
