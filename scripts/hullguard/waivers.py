"""Accepted risks: what is waived, for which objects and hosts, by whom, until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hullguard import yamlfile
from hullguard.catalogue import control_paths
from hullguard.errors import InputError, unknown_name
from hullguard.verdict import FAIL, WAIVED, Verdict

if TYPE_CHECKING:
    from hullguard.scanners.finding import Finding

LONGEST = timedelta(days=365)
# What a waiver may speak of, and exactly one of it.
SUBJECTS = ("control", "fingerprint", "tool")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One accepted risk: a control's (its verdicts, and findings that say the same), one finding's by its
    fingerprint, or that of a tool's rule.

    `object` and `host` are shell patterns over names; `expires` is the last day it holds.
    """

    control: str
    reason: str
    owner: str
    approver: str
    expires: date
    object: str = "*"
    host: str = "*"
    fingerprint: str = ""
    tool: str = ""
    rule: str = ""

    def covers(self, slug: str, host: str, name: str) -> bool:
        """Return whether this waiver speaks of an object of a control on a host."""
        return bool(slug) and self.control == slug and self._fits(host, name)

    def covers_finding(self, finding: Finding, host: str = "") -> bool:
        """Return whether this waiver speaks of a finding.

        `host` is the machine it was found on; "" for what belongs to none, which only `*` fits.
        """
        if self.fingerprint:
            meant = self.fingerprint == finding.fingerprint
        elif self.tool:
            meant = (self.tool, self.rule) == (finding.tool, finding.id)
        else:
            meant = bool(self.control) and self.control == finding.control
        return meant and self._fits(host, finding.object.name)

    def _fits(self, host: str, name: str) -> bool:
        return fnmatchcase(host, self.host) and fnmatchcase(name, self.object)

    def shown(self) -> dict[str, str]:
        """Return the waiver as it stands in a report."""
        return {
            "reason": self.reason,
            "owner": self.owner,
            "approver": self.approver,
            "expires": self.expires.isoformat(),
        }

    def __str__(self) -> str:
        """Return what it waives, in words."""
        subject = self.control or (
            f"finding {self.fingerprint[:12]}" if self.fingerprint else f"{self.tool} {self.rule}"
        )
        return f"{subject} for {self.object!r}" + (f" on {self.host!r}" if self.host != "*" else "")


def load(path: Path, today: date) -> list[Waiver]:
    """Return the waivers in a file.

    Raises InputError for a typo, an unknown control or tool, or a term of over 365 days.
    """
    document = yamlfile.load(path)
    # YAML turns an unquoted 2027-01-31 into a date; the schema and the report speak of text.
    rows = (
        [_dated(row) for row in document["waivers"]]
        if isinstance(document, dict) and isinstance(document.get("waivers"), list)
        else None
    )
    for index, row in enumerate(rows or []):
        _one_subject(row, f"{path}: waivers[{index}]")
    yamlfile.check({**document, "waivers": rows} if rows is not None else document, "waivers", str(path))
    return [_read(row, f"{path}: waivers[{index}]", today) for index, row in enumerate(rows or [])]


def _dated(row: Any) -> Any:
    if isinstance(row, Mapping) and isinstance(row.get("expires"), date):
        return {**row, "expires": row["expires"].isoformat()}
    return row


def _one_subject(row: Any, where: str) -> None:
    if not isinstance(row, Mapping):
        return  # the schema says so
    given = [name for name in SUBJECTS if name in row]
    if len(given) != 1:
        raise InputError(
            f"{where}: {' and '.join(given) or 'nothing'} is given: a waiver is of one thing, "
            "a control, a fingerprint, or a tool with one of its rules."
        )
    if ("tool" in row) != ("rule" in row):
        raise InputError(f"{where}: tool and rule belong together: the rule's id is in the report.")


def _read(row: Mapping[str, Any], where: str, today: date) -> Waiver:
    from hullguard.scanners import NAMES

    if "control" in row and row["control"] not in (known := control_paths()):
        raise InputError(f"{where}: {unknown_name('control', row['control'], known)}")
    tools = (*NAMES, "hullguard", "hullguard-prove")
    if "tool" in row and row["tool"] not in tools:
        raise InputError(f"{where}: {unknown_name('scanner', row['tool'], tools)}")
    try:
        expires = date.fromisoformat(row["expires"])
    except ValueError:
        raise InputError(f"{where}.expires: {row['expires']!r} is no date: write YYYY-MM-DD.") from None
    if expires > today + LONGEST:
        raise InputError(
            f"{where}.expires: {expires} is more than {LONGEST.days} days ahead: "
            "no risk is accepted for longer."
        )
    return Waiver(**{"control": "", **row, "expires": expires})


def apply(
    verdict: Verdict,
    slug: str,
    host: str,
    waivers: Iterable[Waiver],
    today: date,
    used: set[Waiver] | None = None,
) -> tuple[Verdict, dict[str, str] | None]:
    """Return the verdict with valid waivers applied, and the waiver that ends first when all of a fail is
    waived. The waivers that covered something are added to `used`.

    A fail is waived only when every offending object is; otherwise it stays, with the unwaived objects named.
    """
    valid = [waiver for waiver in waivers if waiver.expires >= today]
    if verdict.verdict != FAIL or not valid:
        return verdict, None
    names = [(obj, [w for w in valid if w.covers(slug, host, obj.name)]) for obj in verdict.objects]
    if used is not None:
        used.update(w for _obj, covering in names for w in covering)
    if not names:
        covering = [w for w in valid if w.covers(slug, host, "")]
        if used is not None:
            used.update(covering)
        return (Verdict(WAIVED, verdict.reason), covering[0].shown()) if covering else (verdict, None)
    left = tuple(obj for obj, covering in names if not covering)
    if left:
        waived = len(verdict.objects) - len(left)
        reason = verdict.reason + (f" {waived} more waived." if waived else "")
        return Verdict(FAIL, reason, left), None
    first_to_end = min((w for _obj, covering in names for w in covering), key=lambda waiver: waiver.expires)
    return Verdict(WAIVED, verdict.reason, verdict.objects), first_to_end.shown()


def apply_findings(
    findings: Iterable[Finding], waivers: Iterable[Waiver], today: date, host: str = ""
) -> list[Finding]:
    """Return all findings, those that a valid waiver covers with the one that holds longest."""
    valid = [waiver for waiver in waivers if waiver.expires >= today]
    found = []
    for finding in findings:
        covering = [waiver for waiver in valid if waiver.covers_finding(finding, host)]
        longest = max(covering, key=lambda waiver: waiver.expires, default=None)
        found.append(replace(finding, waiver=longest.shown() if longest else None))
    return found


def expired(waivers: Iterable[Waiver], today: date) -> list[Waiver]:
    """Return the waivers whose last day is over."""
    return [waiver for waiver in waivers if waiver.expires < today]


def standing(waivers: Iterable[Waiver], today: date) -> list[str]:
    """Return what can be said of waivers before anything is judged: those that are over or too broad."""
    given = list(waivers)
    over = expired(given, today)
    lines = [
        f"the waiver of {w} expired on {w.expires}: its findings are back (owner {w.owner})" for w in over
    ]
    lines += [
        f"the waiver of {w} is too broad: it names neither objects nor hosts, so it hides new ones too "
        f"(owner {w.owner})"
        for w in given
        if w not in over and not w.fingerprint and _everything(w.object) and _everything(w.host)
    ]
    return lines


def unused(waivers: Iterable[Waiver], used: Iterable[Waiver], today: date) -> list[str]:
    """Return a line for each valid waiver that covered nothing in this run."""
    covered = set(used)
    return [
        f"the waiver of {w} covered nothing in this run"
        + (": no finding has that fingerprint" if w.fingerprint else "")
        + f". Remove it, or mend its patterns (owner {w.owner})"
        for w in waivers
        if w.expires >= today and w not in covered
    ]


def reported(
    waivers: Iterable[Waiver], findings: Iterable[Finding], today: date, host: str = ""
) -> list[str]:
    """Return what has to be said of waivers beside a report of findings: expired, too broad, unused.

    A control's waiver is unused only where an audit says so: a scan does not see every control.
    """
    given, seen = list(waivers), list(findings)
    used = {w for w in given if any(w.covers_finding(finding, host) for finding in seen)}
    return standing(given, today) + unused([w for w in given if not w.control], used, today)


def _everything(pattern: str) -> bool:
    return "*" in pattern and not pattern.strip("*?")
