"""What was measured of the seccomp profiles, host by host; refused when it is of other profiles."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docs import seccomp
from hullguard.errors import InputError
from hullguard.syscalls.judge import GUARDED, UNKNOWN
from hullguard.syscalls.measure import DEFAULT, KERNEL
from hullguard.syscalls.rows import NATIVE, Row, rows

PROFILES = (DEFAULT, *seccomp.CHAINS)
ENOSYS, EPERM = "ENOSYS", "EPERM"
RENEW = "measure anew: ./nox -s syscalls -- --write"
# What each of PROFILES makes of a call.
Pattern = tuple[str, ...]


class Host:
    """What was measured on one host."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.about, self.columns = found, list(found["columns"])

    def said(self, row: Row, column: str) -> str:
        """Return what a column says of a call."""
        return str(self.about["rows"][row.id][self.columns.index(column)])

    def alone(self, row: Row) -> str:
        """Return what the kernel does without a profile: `reached` when it looked at the arguments."""
        said = self.said(row, KERNEL)
        return {ENOSYS: "no such call", EPERM: EPERM, GUARDED: GUARDED, UNKNOWN: UNKNOWN}.get(said, "reached")

    def pattern(self, row: Row, suffix: str = "") -> Pattern:
        """Return what each profile makes of a call."""
        return tuple(self.said(row, name + suffix) for name in PROFILES)


def load(path: Path, root: Path) -> dict[str, Any]:
    """Return the results. Raises InputError when a profile or the calls have changed since."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    wanted = {row.id for row in rows()}
    for name, host in found["hosts"].items():
        refuse_stale(path, root, host)
        if changed := wanted ^ set(host["rows"]):
            raise InputError(
                f"{path}: {name} was asked for other calls ({', '.join(sorted(changed))}): {RENEW}"
            )
    return found


def refuse_stale(path: Path, root: Path, found: Mapping[str, Any]) -> None:
    """Raise InputError when results are not those of the profiles that there are now."""
    for name in seccomp.CHAINS:
        if found["profiles"].get(name) != seccomp.digest(root, name):
            raise InputError(f"{path}: the seccomp profile {name} has changed since: {RENEW}")


def native() -> list[Row]:
    """Return the calls by the processor's own entry."""
    return [row for row in rows() if row.abi == NATIVE]
