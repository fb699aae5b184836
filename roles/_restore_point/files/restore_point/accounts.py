"""Accounts and groups: lines of files in which everybody has some."""

# ruff: noqa: PTH108, PTH105, PTH118, PTH123

from __future__ import annotations

import fcntl
import os
import uuid

from restore_point.base import Json
from restore_point.files import attributes, dress

ETC = "/etc"
FILES = ("passwd", "shadow", "group", "gshadow", "subuid", "subgid")


def lines_of(file: str) -> list[str] | None:
    """Return a file's lines, None where there is no such file."""
    try:
        with open(os.path.join(ETC, file), encoding="utf-8", errors="surrogateescape") as handle:
            return handle.read().splitlines()
    except FileNotFoundError:
        return None


def account_lines(accounts: list[str], groups: list[str], subids: list[str]) -> Json:
    """Return {file: {name: [lines]}} of accounts, of groups, and of accounts of which only the ranges count;
    None for a file that is not there.
    """
    found: Json = {}
    for file in FILES:
        more = {"group": groups, "gshadow": groups, "subuid": subids, "subgid": subids}
        names = accounts + more.get(file, [])
        lines = lines_of(file)
        found[file] = lines if lines is None else {
            name: [line for line in lines if line.startswith(f"{name}:")] for name in sorted(set(names))
        }  # fmt: skip
    return found


def replaced(lines: list[str], name: str, wanted: list[str]) -> list[str]:
    """Return lines with those of one name replaced, where they were; new ones come last."""
    at = next((number for number, line in enumerate(lines) if line.startswith(f"{name}:")), len(lines))
    rest = [line for line in lines if not line.startswith(f"{name}:")]
    return rest[:at] + wanted + rest[at:]


def put_accounts(then: Json, now: Json) -> None:
    """Bring the lines back, and leave everybody else's alone."""
    if then == now:
        return
    # What lckpwdf(3) takes, and useradd with it.
    with open(os.path.join(ETC, ".pwd.lock"), "w", encoding="utf-8") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)
        for file, wanted in then.items():
            lines = lines_of(file)
            if wanted == now.get(file) or lines is None:
                continue
            for name in sorted({**(wanted or {}), **(now.get(file) or {})}):
                lines = replaced(lines, name, (wanted or {}).get(name, []))
            put_lines(os.path.join(ETC, file), lines, keep=wanted is not None)


def put_lines(path: str, lines: list[str], *, keep: bool) -> None:
    """Write lines in a file's place; one that was not there goes when nobody has a line in it."""
    if not lines and not keep:
        os.unlink(path)
        return
    temporary = f"{path}.hullguard-{uuid.uuid4().hex}"
    new = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(new, "w", encoding="utf-8", errors="surrogateescape") as handle:
        handle.write("".join(f"{line}\n" for line in lines))
        handle.flush()
        os.fsync(handle.fileno())
    dress(temporary, attributes(path))
    os.replace(temporary, path)
