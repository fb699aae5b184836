"""Write secrets into a folder in memory. Reads them as JSON from standard input; prints names only."""

# Descriptors say what a path can't.
# ruff: noqa: PTH104, PTH106, PTH108, PTH112, PTH114, PTH118, PTH119, PTH120, PTH123, PTH208

import contextlib
import grp
import json
import os
import pwd
import stat
import sys

LIST = ".hullguard.json"


class Refused(Exception):
    """Why nothing was written."""


def number(name, table):
    """Return an account's number."""
    return int(name) if name.isdecimal() else table(name)[2]


def in_memory(folder):
    """Return whether a tmpfs is mounted right there: anything else could end up on a disk."""
    found = False
    with open("/proc/self/mountinfo", encoding="utf-8") as handle:
        for line in handle:
            left, _, right = line.partition(" - ")
            if left.split()[4] == folder:
                found = right.split()[0] == "tmpfs"
    return found


def as_wanted(path, wanted):
    """Return whether a file has its content, owner, group and mode already."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as handle:
            info = os.fstat(handle.fileno())
            now = (handle.read(), info.st_uid, info.st_gid, info.st_mode & 0o7777)
    except OSError:
        return False
    return now == wanted


def beside(path):
    """Return where a file is made before it takes its place."""
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.new")


def write(files):
    """Put files there, all or none; whoever reads one sees the old content or the new one, whole."""
    made = []
    try:
        for path, (content, uid, gid, mode) in files.items():
            if os.path.isdir(path) and os.listdir(path):
                raise Refused(f"{path} is a folder with something in it")
            shred(beside(path))
            made.append(path)
            with open(os.open(beside(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
                handle.write(content)
                handle.flush()
                os.fchown(handle.fileno(), uid, gid)
                os.fchmod(handle.fileno(), mode)
    except (OSError, Refused):
        for path in made:
            shred(beside(path))
        raise
    for path in made:
        # The engine makes an empty folder of what it shall mount (--volume) and does not find.
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        os.rename(beside(path), path)


def shred(path):
    """Overwrite a file and remove it: a container that has it mounted keeps an empty one."""
    try:
        info = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISDIR(info.st_mode):
        with contextlib.suppress(OSError):
            os.rmdir(path)
        return
    if stat.S_ISREG(info.st_mode):
        with open(os.open(path, os.O_WRONLY | os.O_NOFOLLOW), "wb") as handle:
            handle.write(bytes(info.st_size))
            handle.flush()
            handle.truncate(0)
    os.unlink(path)


def earlier(folder):
    """Return the names that the role wrote, and those that the agent rendered for it."""
    try:
        with open(os.path.join(folder, LIST), encoding="utf-8") as handle:
            known = json.load(handle)
    except FileNotFoundError:
        known = {}
    return set(known.get("written", [])), set(known.get("rendered", []))


def everything(folder):
    """Return the names of all files below the folder."""
    found = (os.path.join(at, name) for at, _, names in os.walk(folder) for name in names)
    return {os.path.relpath(path, folder) for path in found} - {LIST}


def main():
    """Write what differs, remove what is listed no more."""
    asked = json.load(sys.stdin)
    folder, names, rendered = asked["dir"], {file["name"] for file in asked["files"]}, set(asked["rendered"])
    files = {
        os.path.join(folder, file["name"]): (
            file["content"].encode(),
            number(file["owner"], pwd.getpwnam),
            number(file["group"], grp.getgrnam),
            int(file["mode"], 8),
        )
        for file in asked["files"]
    }
    if not in_memory(folder):
        if not asked["check"]:
            raise Refused(f"{folder} is no tmpfs")
        return {"written": sorted(names), "removed": [], "stale": []}
    written, known = earlier(folder)
    changed = {path: wanted for path, wanted in files.items() if not as_wanted(path, wanted)}
    stale = {name for name in known - rendered - names if os.path.lexists(os.path.join(folder, name))}
    removed = written - names - rendered
    if asked["sweep"]:
        removed |= everything(folder) if asked["sweep"] == "everything" else stale
        stale = set()
    if not asked["check"]:
        write(changed)
        for name in [*removed, *([LIST] if asked["sweep"] == "everything" else [])]:
            shred(os.path.join(folder, name))
        if (written, known) != (names, rendered | stale) and asked["sweep"] != "everything":
            kept = {"written": sorted(names), "rendered": sorted(rendered | stale)}
            write({os.path.join(folder, LIST): (json.dumps(kept).encode(), 0, 0, 0o600)})
    return {
        "written": sorted(os.path.basename(path) for path in changed),
        "removed": sorted(removed),
        "stale": sorted(stale),
    }


try:
    print(json.dumps(main()))
except (Refused, OSError) as error:
    print(json.dumps({"failed": str(error), "written": [], "removed": [], "stale": []}))
