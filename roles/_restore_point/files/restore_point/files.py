"""Files with owner, mode, extended attributes and content: what there is, and how it comes back."""

# Paths come from globs and go into JSON as texts.
# ruff: noqa: PTH113, PTH101, PTH102, PTH105, PTH106, PTH108, PTH112, PTH114, PTH115
# ruff: noqa: PTH118, PTH120, PTH123, PTH207, PTH208, PTH211

from __future__ import annotations

import base64
import contextlib
import fnmatch
import glob
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterable, Iterator

from restore_point.base import Json, Refused

KINDS = ((stat.S_ISLNK, "link"), (stat.S_ISDIR, "directory"), (stat.S_ISREG, "file"))


def attributes(path: str) -> Json:
    """Return kind, owner, mode and extended attributes (access control lists are such) of a path itself."""
    info = os.lstat(path)
    found: Json = {"kind": next((kind for test, kind in KINDS if test(info.st_mode)), "other")}
    found.update(uid=info.st_uid, gid=info.st_gid, mode=stat.S_IMODE(info.st_mode), extended={})
    with contextlib.suppress(OSError):
        for name in os.listxattr(path, follow_symlinks=False):
            # An overlay's own notes belong to the place where a file lies.
            if not name.startswith("trusted.overlay."):
                value = os.getxattr(path, name, follow_symlinks=False)
                found["extended"][name] = base64.b64encode(value).decode()
    return found


def digest(path: str) -> str:
    """Return the SHA-256 of a file's content."""
    found = hashlib.sha256()
    with open(path, "rb") as handle:
        for part in iter(lambda: handle.read(1 << 20), b""):
            found.update(part)
    return found.hexdigest()


def entry(path: str) -> Json:
    """Return what there is under a path: its attributes, and where a link leads or what a file holds."""
    found = attributes(path)
    if found["kind"] == "link":
        found["to"] = os.readlink(path)
    elif found["kind"] == "file":
        found["sha256"] = digest(path)
        found["mtime"] = os.lstat(path).st_mtime_ns
    return found


def below(path: str, leave: Iterable[str]) -> Iterator[str]:
    """Yield a path and, where it is a directory, all that is in it; never what another file system holds."""
    if any(fnmatch.fnmatch(path, one) for one in leave):
        return
    yield path
    if os.path.isdir(path) and not os.path.islink(path) and not os.path.ismount(path):
        for name in sorted(os.listdir(path)):
            yield from below(os.path.join(path, name), leave)


def matched(patterns: Iterable[str], leave: Iterable[str]) -> list[str]:
    """Return the paths that patterns name, and what links among them lead to: roles write through them."""
    found: set[str] = set()
    for pattern in patterns:
        for path in glob.glob(pattern):
            found.update(below(path, leave))
            if os.path.islink(path) and os.path.isfile(path):
                found.add(os.path.realpath(path))
    return sorted(found)


def parents(patterns: Iterable[str]) -> dict[str, Json]:
    """Return the directories on the way to patterns: one that is missing now shall be missing again."""
    found = {}
    for pattern in patterns:
        folder = os.path.dirname(pattern)
        while folder not in ("", "/"):
            found.update({path: attributes(path) for path in glob.glob(folder) if os.path.isdir(path)})
            folder = os.path.dirname(folder)
    return found


def dress(path: str, wanted: Json) -> None:
    """Give a path its owner, mode and extended attributes, as far as they differ."""
    now = attributes(path)
    if (now["uid"], now["gid"]) != (wanted["uid"], wanted["gid"]):
        os.chown(path, wanted["uid"], wanted["gid"], follow_symlinks=False)
    # A new owner takes set-user-ID bits away, and a list's removal may change the mode.
    for name in set(now["extended"]) - set(wanted["extended"]):
        os.removexattr(path, name, follow_symlinks=False)
    if wanted["kind"] != "link" and attributes(path)["mode"] != wanted["mode"]:
        os.chmod(path, wanted["mode"])
    for name, value in wanted["extended"].items():
        if attributes(path)["extended"].get(name) != value:
            os.setxattr(path, name, base64.b64decode(value), follow_symlinks=False)


def write(path: str, text: str) -> None:
    """Write a file of its owner's alone, onto the disk."""
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def copy(source: str, target: str) -> None:
    """Copy a file's content to a new file of its owner's alone, onto the disk."""
    new = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(source, "rb") as read, os.fdopen(new, "wb") as handle:
        shutil.copyfileobj(read, handle)
        handle.flush()
        os.fsync(handle.fileno())


def put(path: str, wanted: Json, content: str, folders: dict[str, Json]) -> None:
    """Bring one path back; `content` is the path of what a file held. The old or the new one is there at any
    time, whole.
    """
    make_folders(os.path.dirname(path), folders)
    there = entry(path) if os.path.lexists(path) else {"kind": ""}
    kinds = {there["kind"], wanted["kind"]} - {""}
    if len(kinds) > 1 and "directory" in kinds:
        raise Refused(
            f"{path} was a {wanted['kind']} and is a {there['kind']}: make room for it, then run this again."
        )
    if wanted["kind"] == "directory":
        if not there["kind"]:
            os.mkdir(path, 0o700)
        dress(path, wanted)
    elif all(there.get(key) == wanted.get(key) for key in ("kind", "sha256", "to")):
        dress(path, wanted)
    elif wanted["kind"] != "other":
        replace(path, wanted, content)


def replace(path: str, wanted: Json, content: str) -> None:
    """Put a file or a link in a path's place."""
    temporary = os.path.join(os.path.dirname(path), f".hullguard-{uuid.uuid4().hex}")
    try:
        if wanted["kind"] == "link":
            os.symlink(wanted["to"], temporary)
        else:
            copy(content, temporary)
            # Whoever tells by a file's time that it has changed is told that it has not.
            os.utime(temporary, ns=(wanted["mtime"], wanted["mtime"]))
        dress(temporary, wanted)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def make_folders(folder: str, known: dict[str, Json]) -> None:
    """Make missing directories, as they were where that is known."""
    if not os.path.isdir(folder):
        make_folders(os.path.dirname(folder), known)
        os.mkdir(folder, 0o755)
        if folder in known:
            dress(folder, known[folder])


def remove(paths: Iterable[str]) -> None:
    """Remove paths, the innermost first; a directory with something in it stays."""
    for path in sorted(paths, reverse=True):
        if os.path.isdir(path) and not os.path.islink(path):
            with contextlib.suppress(OSError):
                os.rmdir(path)
        elif os.path.lexists(path):
            os.unlink(path)
