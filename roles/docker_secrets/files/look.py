"""Print what a folder for secrets meets on this host, as JSON. Reads only; the questions are one argument."""

# It works on texts and answers with them.
# ruff: noqa: PTH110, PTH112, PTH114, PTH116, PTH118, PTH123, PTH208

import contextlib
import grp
import json
import os
import pwd
import re
import shutil
import stat
import subprocess
import sys

UNITS = "/etc/systemd/system"
KEY = "/var/lib/hullguard/docker_secrets.key"


def lines(path):
    """Return a file's lines, none where it is not there."""
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return handle.read().splitlines()
    except OSError:
        return []


def mounted(folder):
    """Return type, options and use of what is mounted on the folder, or None."""
    found = None
    for line in lines("/proc/self/mountinfo"):
        left, _, right = line.partition(" - ")
        fields, tail = left.split(), right.split()
        if fields[4] == folder:
            found = {"fstype": tail[0], "options": sorted(set(fields[5].split(",") + tail[2].split(",")))}
    if found:
        state = os.statvfs(folder)
        found["used"] = (state.f_blocks - state.f_bfree) * state.f_frsize
    return found


def knows_noswap():
    """Return whether this kernel mounts a tmpfs that is never swapped, tried where nobody else sees it."""
    command = ["unshare", "--mount", "mount", "-t", "tmpfs", "-o", "noswap,size=4k", "tmpfs", "/mnt"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def own_units():
    """Return {folder: unit} of the mounts that the role has made."""
    found = {}
    for name in os.listdir(UNITS):
        text = lines(os.path.join(UNITS, name)) if name.endswith(".mount") else []
        if text and "role docker_secrets" in text[0]:
            found[next(line[6:] for line in text if line.startswith("Where="))] = name
    return found


def exposed(path, kind):
    """Return why others could read or replace a file, or nothing."""
    try:
        info = os.stat(path)
    except OSError as error:
        return error.strerror
    if not stat.S_ISREG(info.st_mode):
        return "is no file"
    if info.st_uid != 0 or info.st_mode & (0o022 if kind == "public" else 0o077):
        return f"belongs to uid {info.st_uid} with mode {stat.S_IMODE(info.st_mode):04o}"
    return ""


def agent(path):
    """Return the agent's program, and what is wrong with it."""
    path = path or shutil.which("vault") or shutil.which("bao") or ""
    wrong = ""
    if path:
        wrong = exposed(path, "public") or ("" if os.access(path, os.X_OK) else "can't be executed")
    return {"path": path, "wrong": wrong}


def unknown(names, table):
    """Return the accounts that this host does not have."""
    missing = []
    for name in names:
        try:
            table(name)
        except KeyError:
            missing.append(name)
    return [name for name in missing if not re.fullmatch(r"\d+", name)]


def main():
    """Answer."""
    asked = json.loads(sys.argv[1])
    folder, held = asked["dir"], None
    with contextlib.suppress(OSError):
        held = len(os.listdir(folder))
    escape = ["systemd-escape", "--path", "--suffix=mount", folder]
    print(json.dumps({
        "unit": subprocess.run(escape, capture_output=True, text=True, check=True).stdout.strip(),
        "mounted": mounted(folder),
        "held": held,
        "is_link": os.path.islink(folder) or (os.path.exists(folder) and not os.path.isdir(folder)),
        "own": own_units(),
        "noswap": knows_noswap(),
        "swap": len(lines("/proc/swaps")) > 1,
        "no_user": unknown(asked["users"], pwd.getpwnam),
        "no_group": unknown(asked["groups"], grp.getgrnam),
        "agent": agent(asked["agent"]),
        "key": os.path.exists(KEY),
        "agent_unit": os.path.exists(f"{UNITS}/hullguard-vault-agent.service"),
        "wrong": {path: exposed(path, "secret") for path in asked["secret"]}
        | {path: exposed(path, "public") for path in asked["public"]},
    }))  # fmt: skip


main()
