"""Read audit rules in both spellings and tell whether a path is watched."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from hullguard.effective import Unseen, member
from hullguard.evaluate.context import HostContext
from hullguard.spec.paths import canonical, inside
from hullguard.verdict import Object, Verdict, failed, passed, unknown

EVERY = frozenset("rwxa")
ARCHITECTURES = {"b64": "b64", "x86_64": "b64", "aarch64": "b64", "b32": "b32", "i386": "b32", "i686": "b32"}


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule about a path, or about everything (no path).

    `records` is false for a rule that keeps accesses out of the log. `perm` is a subset of rwxa; a rule
    for one architecture says nothing of system calls of the other. A rule on a directory covers what lies
    below it, except with `-F path=`.
    """

    path: str | None
    perm: frozenset[str] = EVERY
    recursive: bool = True
    arch: str | None = None
    records: bool = True
    first: bool = False

    def covers(self, path: str, arch: str, mounts: Iterable[str]) -> bool:
        """Return whether the rule speaks of accesses to `path`: a watch does not reach into a
        mounted file system.
        """
        if self.arch not in (None, arch):
            return False
        if self.path is None or self.path == path:
            return True
        if not self.recursive or not inside(path, self.path):
            return False
        below = (mount for mount in mounts if mount != self.path and inside(mount, self.path))
        return not any(inside(path, mount) for mount in below)


@lru_cache(maxsize=4096)
def parse(rule: str) -> Rule | None:
    """Return what a rule says of a path, or None for every other rule.

    Understands `-w PATH [-p PERM]` and `-a always,exit|never,exit|never,task -F path=|dir=PATH [-F
    perm=PERM]` (auditctl(8)); without permissions every access counts. A rule narrowed by another field (a
    user, a system call) is no watch of the path for everybody.
    """
    words = rule.split()
    path, perm, recursive, arch, action = None, "rwxa", True, None, {"always", "exit"}
    for flag, value in pairwise(words):
        if flag == "-w":
            path = value
        elif flag == "-p":
            perm = value
        elif flag in ("-a", "-A"):
            action = set(value.split(","))
        elif flag == "-F":
            name, sign, argument = value.partition("=")
            if name in ("path", "dir") and sign and not path:
                path, recursive = argument, name == "dir"
            elif name == "perm" and sign:
                perm = argument
            elif name == "arch" and argument in ARCHITECTURES:
                arch = ARCHITECTURES[argument]
            elif name != "key" or not sign:
                return None
        elif (flag == "-S" and value != "all") or flag == "-C":
            return None
    if path is not None and not path.startswith("/"):
        return None
    first, known = "-A" in words, canonical(path) if path else None
    if action in ({"never", "exit"}, {"never", "task"}):
        return Rule(known, EVERY, recursive, arch, records=False, first=first)
    if action != {"always", "exit"} or known is None:
        return None
    return Rule(known, frozenset(perm), recursive, arch, first=first)


def ordered(rules: Iterable[Any]) -> list[Rule]:
    """Return the rules that matter, in the order in which the kernel asks them."""
    found: list[Rule] = []
    for rule in rules:
        if isinstance(rule, str) and (known := parse(rule)):
            found.insert(0 if known.first else len(found), known)
    return found


def watched(
    path: str, perm: str, rules: Iterable[Any], mounts: Sequence[str] = (), architecture: str = "b64"
) -> bool:
    """Return whether the rules together record every wanted kind of access to `path`.

    System calls of the host's own architecture decide: a rule for `b32` alone misses them on a 64-bit host.
    """
    path, known = canonical(path), ordered(rules)
    if any(not rule.records and rule.path is None for rule in known):
        return False  # such as Fedora's default `-a task,never`
    seen: set[str] = set()
    for rule in known:
        if rule.covers(path, architecture, mounts):
            if not rule.records:
                break
            seen |= rule.perm
    return set(perm) <= seen


def names(row: Mapping[str, Any]) -> list[str]:
    """Return the paths under which a file may be watched: of a link to it, the watch would only see
    the link.
    """
    path, real = row["path"], row["real"]
    if not isinstance(path, str) or not isinstance(real, str):
        raise Unseen("where a file really lies was not seen")
    return [path, real] if posixpath.basename(path) == posixpath.basename(real) else [real]


def judge(files: list[Mapping[str, Any]], perm: str, host: HostContext) -> Verdict:
    """Return the verdict for files that have to be watched: by the rules on disk and by those in
    the kernel.
    """
    audit = host.fact("audit", dict)
    mounts = [canonical(str(mount["target"])) for mount in host.fact("mounts", list)]
    disk, kernel = member(audit, "disk"), member(audit, "kernel")
    if not isinstance(disk, Mapping) or not isinstance(kernel, Mapping):
        raise Unseen("audit rules were not looked at")
    machine = member(host.evidence, "host", "machine")
    if not isinstance(machine, str):
        raise Unseen("the host's architecture was not seen")
    architecture = "b32" if re.fullmatch(r"i\d86|arm(v\d\w*)?", machine) else "b64"
    disk_rules = disk.get("rules") if disk.get("read") is True else None
    kernel_rules = kernel.get("rules") if kernel.get("read") is True else None
    missing, unseen = [], []
    for row in files:
        for where, rules in (("on disk", disk_rules), ("in the kernel", kernel_rules)):
            if not isinstance(rules, list):
                unseen.append(where)
            elif not any(watched(name, perm, rules, mounts, architecture) for name in names(row)):
                missing.append(Object("file", str(row["path"]), f"no rule {where} records {perm}"))
    shown = ", ".join(posixpath.normpath(str(row["path"])) for row in files)
    if missing:
        return failed(f"{shown} is not watched.", *missing)
    if unseen:
        places = sorted(set(unseen))
        reason = disk.get("reason") if "on disk" in places else kernel.get("reason")
        if len(places) == 2:
            return unknown(f"No audit rules could be read ({reason}).")
        return unknown(f"The rules {places[0]} could not be read ({reason}); those seen watch {shown}.")
    if kernel.get("enabled") == 0:
        return failed(
            "The rules are loaded, but auditing is switched off (auditctl -e 1).",
            Object("daemon", "audit", "enabled 0"),
        )
    if kernel.get("enabled") not in (1, 2):
        return unknown("The rules are loaded; whether auditing is switched on could not be read.")
    return passed(f"{shown} is watched, on disk and in the kernel.")
