"""Read audit rules in both spellings and tell whether a path is watched."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hullguard.effective import Unseen, member
from hullguard.evaluate.context import HostContext
from hullguard.spec.paths import canonical, inside
from hullguard.verdict import Object, Verdict, failed, passed, unknown


@dataclass(frozen=True, slots=True)
class Watch:
    """A rule that records accesses to a path: `perm` is a subset of rwxa; a directory covers what lies below it."""

    path: str
    perm: frozenset[str]
    recursive: bool = True

    def covers(self, path: str) -> bool:
        """Return whether an access to `path` is recorded; `-F path=` on a directory does not reach into it."""
        return inside(path, self.path) if self.recursive else path == self.path


def parse(rule: Any) -> Watch | None:
    """Return the watch that a rule is, or None for every other rule.

    Understands `-w PATH [-p PERM]` and `-a always,exit -F path=|dir=PATH [-F perm=PERM]` (auditctl(8)); without
    permissions every access counts. A rule narrowed by another field (a user, a system call) is no watch of the path
    for everybody.
    """
    words = rule.split() if isinstance(rule, str) else []
    path, perm, recursive = None, "rwxa", True
    for flag, value in zip(words, words[1:], strict=False):
        if flag == "-w":
            path = value
        elif flag == "-p":
            perm = value
        elif flag in ("-a", "-A") and set(value.split(",")) != {"always", "exit"}:
            return None
        elif flag == "-F":
            name, sign, argument = value.partition("=")
            if name in ("path", "dir") and sign and not path:
                path, recursive = argument, name == "dir"
            elif name == "perm" and sign:
                perm = argument
            elif not value.startswith(("key=", "arch=")):
                return None
        elif flag == "-S" and value != "all":
            return None
    return Watch(canonical(path), frozenset(perm), recursive) if path and path.startswith("/") else None


def watched(path: str, perm: str, rules: Iterable[Any]) -> bool:
    """Return whether the rules together record every wanted kind of access to `path`."""
    covering = [watch for rule in rules if (watch := parse(rule)) and watch.covers(canonical(path))]
    return set(perm) <= set().union(*(watch.perm for watch in covering))


def judge(files: list[Mapping[str, Any]], perm: str, host: HostContext) -> Verdict:
    """Return the verdict for files that have to be watched: by the rules on disk and by those in the kernel."""
    audit = host.fact("audit", dict)
    disk, kernel = member(audit, "disk"), member(audit, "kernel")
    if not isinstance(disk, Mapping) or not isinstance(kernel, Mapping):
        raise Unseen("audit rules were not looked at")
    disk_rules = disk.get("rules") if disk.get("read") is True else None
    kernel_rules = kernel.get("rules") if kernel.get("read") is True else None
    missing, unseen = [], []
    for row in files:
        names = {str(row["path"]), str(row.get("real") or row["path"])}
        for where, rules in (("on disk", disk_rules), ("in the kernel", kernel_rules)):
            if not isinstance(rules, list):
                unseen.append(where)
            elif not any(watched(name, perm, rules) for name in names):
                missing.append(Object("file", str(row["path"]), f"no rule {where} records {perm}"))
    shown = ", ".join(posixpath.normpath(str(row["path"])) for row in files)
    if missing:
        return failed(f"{shown} is not watched.", *missing)
    if unseen:
        where = sorted(set(unseen))
        reason = disk.get("reason") if "on disk" in where else kernel.get("reason")
        if len(where) == 2:
            return unknown(f"No audit rules could be read ({reason}).")
        return unknown(f"The rules {where[0]} could not be read ({reason}); those seen watch {shown}.")
    if kernel.get("enabled") == 0:
        return failed("The rules are loaded, but auditing is switched off (auditctl -e 1).", Object("daemon", "audit", "enabled 0"))
    if kernel.get("enabled") is None:
        return unknown("The rules are loaded; whether auditing is switched on could not be read.")
    return passed(f"{shown} is watched, on disk and in the kernel.")
