"""Accepted risks: what is waived, for which objects and hosts, by whom, until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hullguard import yamlfile
from hullguard.catalogue import control_paths
from hullguard.errors import InputError, unknown_name
from hullguard.verdict import FAIL, WAIVED, Verdict

LONGEST = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted risk.

    `object` and `host` are shell patterns over names; `expires` is the last day it holds.
    """

    control: str
    reason: str
    owner: str
    approver: str
    expires: date
    object: str = "*"
    host: str = "*"

    def covers(self, slug: str, host: str, name: str) -> bool:
        """Return whether this waiver speaks of an object of a control on a host."""
        return self.control == slug and fnmatchcase(host, self.host) and fnmatchcase(name, self.object)

    def shown(self) -> dict[str, str]:
        """Return the waiver as it stands in a report."""
        return {
            "reason": self.reason,
            "owner": self.owner,
            "approver": self.approver,
            "expires": self.expires.isoformat(),
        }


def load(path: Path, today: date) -> list[Waiver]:
    """Return the waivers in a file.

    Raises InputError for a typo, an unknown control, or a term of over 365 days.
    """
    document = yamlfile.load(path)
    # YAML turns an unquoted 2027-01-31 into a date; the schema and the report speak of text.
    rows = (
        [_dated(row) for row in document["waivers"]]
        if isinstance(document, dict) and isinstance(document.get("waivers"), list)
        else None
    )
    yamlfile.check({**document, "waivers": rows} if rows is not None else document, "waivers", str(path))
    known = control_paths()
    found = []
    for index, row in enumerate(rows or []):
        where = f"{path}: waivers[{index}]"
        if row["control"] not in known:
            raise InputError(f"{where}: {unknown_name('control', row['control'], known)}")
        try:
            expires = date.fromisoformat(row["expires"])
        except ValueError:
            raise InputError(f"{where}.expires: {row['expires']!r} is no date: write YYYY-MM-DD.") from None
        if expires > today + LONGEST:
            raise InputError(
                f"{where}.expires: {expires} is more than {LONGEST.days} days ahead: "
                "no risk is accepted for longer."
            )
        found.append(Waiver(**{**row, "expires": expires}))
    return found


def _dated(row: Any) -> Any:
    if isinstance(row, Mapping) and isinstance(row.get("expires"), date):
        return {**row, "expires": row["expires"].isoformat()}
    return row


def apply(
    verdict: Verdict, slug: str, host: str, waivers: Iterable[Waiver], today: date
) -> tuple[Verdict, dict[str, str] | None]:
    """Return the verdict with valid waivers applied, and the waiver that holds longest when all of a fail is
    waived.

    A fail is waived only when every offending object is; otherwise it stays, with the unwaived objects named.
    """
    valid = [waiver for waiver in waivers if waiver.expires >= today]
    if verdict.verdict != FAIL or not valid:
        return verdict, None
    names = [(obj, [w for w in valid if w.covers(slug, host, obj.name)]) for obj in verdict.objects]
    if not names:
        covering = [w for w in valid if w.covers(slug, host, "")]
        return (Verdict(WAIVED, verdict.reason), covering[0].shown()) if covering else (verdict, None)
    left = tuple(obj for obj, covering in names if not covering)
    if left:
        waived = len(verdict.objects) - len(left)
        reason = verdict.reason + (f" {waived} more waived." if waived else "")
        return Verdict(FAIL, reason, left), None
    first_to_end = min((w for _obj, covering in names for w in covering), key=lambda waiver: waiver.expires)
    return Verdict(WAIVED, verdict.reason, verdict.objects), first_to_end.shown()


def expired(waivers: Iterable[Waiver], today: date) -> list[Waiver]:
    """Return the waivers whose last day is over."""
    return [waiver for waiver in waivers if waiver.expires < today]
