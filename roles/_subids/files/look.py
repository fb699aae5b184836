"""Tells which subordinate ids an account has, which it could have, and what stands in the way.

    python3 look.py USER START SIZE        START 0: the first free range

Reads and changes nothing; standard library only, Python 3.9 or newer.
"""

from __future__ import annotations

import grp
import json
import pwd
import sys
from pathlib import Path
from typing import Any

FILES = {"uid": "/etc/subuid", "gid": "/etc/subgid"}
# 2^32 - 1 means "no id".
LAST = 2**32 - 2


def ranges(path: str) -> tuple[list[tuple[str, int, int]], list[str]]:
    """Return (owner, start, size) of every line, and the lines that say something else."""
    found, odd = [], []
    try:
        lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return [], []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split(":")
        numbers = all(field.isascii() and field.isdigit() for field in fields[1:])
        if len(fields) == 3 and fields[0] and numbers:
            found.append((fields[0], int(fields[1]), int(fields[2])))
        else:
            odd.append(f"{path}:{number}: {line}")
    return found, odd


def settings() -> dict[str, int]:
    """Return where this host wants ranges to lie (login.defs)."""
    found = {"SUB_UID_MIN": 100000, "SUB_UID_MAX": 600100000}
    try:
        lines = Path("/etc/login.defs").read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        words = line.split()
        if len(words) > 1 and words[0] in found and words[1].isdigit():
            found[words[0]] = int(words[1])
    return found


def look(user: str, start: int, size: int) -> dict[str, Any]:
    """Return the facts about one account and its range."""
    account = next((entry for entry in pwd.getpwall() if entry.pw_name == user), None)
    if account is None:
        # Accounts of a directory are not always listed.
        try:
            account = pwd.getpwnam(user)
        except KeyError:
            account = None
    names = {user, str(account.pw_uid) if account else user}
    accounts = {
        "uid": [(f"{entry.pw_name} (uid {entry.pw_uid})", entry.pw_uid, 1) for entry in pwd.getpwall()],
        "gid": [(f"{entry.gr_name} (gid {entry.gr_gid})", entry.gr_gid, 1) for entry in grp.getgrall()],
    }
    own: dict[str, list[tuple[int, int]]] = {}
    others: list[tuple[str, int, int]] = []
    odd: list[str] = []
    for kind, path in FILES.items():
        listed, unread = ranges(path)
        odd += unread
        own[kind] = sorted((first, count) for owner, first, count in listed if owner in names)
        others += [
            (f"{owner}:{first}:{count} in {path}", first, count)
            for owner, first, count in listed
            if owner not in names and count
        ]
        others += accounts[kind]
    have = own["uid"] if own["uid"] == own["gid"] else []
    wanted = have
    if not have:
        wanted = [(start or free(others, size), size)]
    clashes = [
        what
        for what, first, count in others
        for begin, length in wanted
        if first < begin + length and begin < first + count
    ]
    return {
        "uid": account.pw_uid if account else None,
        "gid": account.pw_gid if account else None,
        "group": any(entry.gr_name == user for entry in grp.getgrall()),
        "home": account.pw_dir if account else None,
        "own": own, "odd": odd, "has": bool(have), "clashes": sorted(set(clashes)),
        "start": wanted[0][0], "size": sum(length for _, length in wanted),
        "last": max(begin + length - 1 for begin, length in wanted),
    }  # fmt: skip


def free(others: list[tuple[str, int, int]], size: int) -> int:
    """Return where the first free range of this size begins; beyond every id when there is none."""
    limits = settings()
    start = limits["SUB_UID_MIN"]
    for _, first, count in sorted(others, key=lambda other: other[1]):
        if first < start + size and start < first + count:
            start = first + count
    return start if start + size - 1 <= limits["SUB_UID_MAX"] else LAST + 1


if __name__ == "__main__":
    print(json.dumps(look(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))))
