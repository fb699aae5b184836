"""The vulnerability policy: by when what a scanner found has to be fixed, and what images may be built on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hullguard import __version__, evidence, yamlfile
from hullguard.errors import InputError
from hullguard.first_seen import Seen, fixable, remember
from hullguard.paths import compliance_dir
from hullguard.scanners.finding import MISCONFIGURATION, VULNERABILITY, Finding
from hullguard.verdict import Object

__all__ = ["Policy", "Seen", "base_images", "judge", "load", "remember"]

BREACH, DUE, FINE, IGNORED = "breach", "due", "fine", "ignored"
CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)
# CISA's catalogue has about 1.5 MB.
LARGEST_LIST_BYTES = 64 << 20
# Docker's first year. Images that are built reproducibly carry an older date, which says nothing.
FIRST_YEAR = 2013


@dataclass(frozen=True, slots=True)
class Policy:
    """`days` to fix by severity (None: no last day); `exploited` are CVE numbers in capitals, fixed within
    `exploited_days`; `allowed` are shell patterns over base images (none: any), `max_age_days` their age.
    """

    days: Mapping[str, int | None]
    exploited_days: int
    exploited: frozenset[str] = frozenset()
    ignore_unfixed: bool = True
    allowed: tuple[str, ...] = ()
    max_age_days: int | None = None


def load(path: Path | None = None, exploited: Path | None = None) -> Policy:
    """Return the policy in a file (None: ours), with a list of exploited vulnerabilities in place of its own.

    Raises InputError.
    """
    path = path or compliance_dir() / "policies" / "vulnerability.yml"
    raw = yamlfile.validated(path, "vulnerability_policy")
    listed = exploited or (path.parent / raw["exploited"]["list"] if raw["exploited"]["list"] else None)
    return Policy(
        days=raw["days"],
        exploited_days=raw["exploited"]["days"],
        exploited=load_exploited(listed) if listed else frozenset(),
        ignore_unfixed=raw["unfixed"] == "ignore",
        allowed=tuple(raw["base_images"]["allowed"]),
        max_age_days=raw["base_images"]["max_age_days"],
    )


def load_exploited(path: Path) -> frozenset[str]:
    """Return the CVE numbers in CISA's catalogue (JSON), in a JSON list, or in a text with one a line (`#`
    begins a comment). Raises InputError, also for a list with nothing in it.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_LIST_BYTES)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}.") from None
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        found = _from_json(evidence.parse(path, LARGEST_LIST_BYTES), path)
    else:
        found = _from_text(raw.decode("utf-8", "replace"), path)
    if not found:
        raise InputError(f"{path}: names no CVE: a list of exploited vulnerabilities is never empty.")
    return frozenset(found)


def _from_json(document: Any, path: Path) -> set[str]:
    rows: Any = document.get("vulnerabilities") if isinstance(document, dict) else document
    try:
        numbers = [row if isinstance(row, str) else row["cveID"] for row in rows]
        return {_number(number, f"{path}: [{index}]") for index, number in enumerate(numbers)}
    except (KeyError, TypeError):
        raise InputError(
            f"{path}: neither CISA's catalogue (vulnerabilities[].cveID) nor a list of CVE numbers."
        ) from None


def _from_text(text: str, path: Path) -> set[str]:
    lines = ((number, line.partition("#")[0].strip()) for number, line in enumerate(text.splitlines(), 1))
    return {_number(line, f"{path}:{number}") for number, line in lines if line}


def _number(found: Any, where: str) -> str:
    if not isinstance(found, str) or not CVE.fullmatch(found.strip()):
        raise InputError(f"{where}: {str(found)[:60]!r} is no CVE number.")
    return found.strip().upper()


def judge(
    findings: Iterable[Finding], policy: Policy, today: date, first_seen: Mapping[str, Seen]
) -> list[Finding]:
    """Return all findings, the vulnerabilities with `due`: breach, due, fine (no last day) or ignored.

    `first_seen` is what `remember` gave; for what is not in it the days begin today, and the reason says so.
    """
    return [
        replace(finding, due=_due(finding, policy, today, first_seen.get(finding.fingerprint)))
        if finding.kind == VULNERABILITY
        else finding
        for finding in findings
    ]


def _due(finding: Finding, policy: Policy, today: date, seen: Seen | None) -> dict[str, Any]:
    exploited = finding.id.upper() in policy.exploited
    fixed = fixable(finding)
    if finding.waiver:
        return _said(IGNORED, f"accepted until {finding.waiver['expires']}")
    if not fixed and policy.ignore_unfixed and not exploited:
        return _said(IGNORED, "no version fixes it yet")
    days = policy.exploited_days if exploited else policy.days[finding.severity]
    what = "known to be exploited" if exploited else finding.severity
    if days is None:
        return _said(FINE, f"{what}: the policy sets no last day")
    # Nobody can install what is not there yet: unless unfixed ones are judged, days begin with the fix.
    since = _since(seen, from_fix=fixed and policy.ignore_unfixed and not exploited)
    begun = min(since or today, today)
    by = begun + timedelta(days=days)
    reason = f"{what}: {days} days from {begun.isoformat()}"
    reason += "" if since else ", the day of this scan: nothing tells since when it is known"
    return _said(BREACH if by < today else DUE, reason, by, (by - today).days)


def _since(seen: Seen | None, *, from_fix: bool) -> date | None:
    if seen is None:
        return None
    return (seen.fixable or seen.first) if from_fix else seen.first


def _said(state: str, reason: str, by: date | None = None, days: int | None = None) -> dict[str, Any]:
    return {"state": state, "by": by.isoformat() if by else None, "days": days, "reason": reason}


def base_images(created_at: str, names: Sequence[str], policy: Policy, today: date) -> list[Finding]:
    """Return what the policy finds wrong with the base of an image: a name that is not allowed, an age.

    `created_at` is when the base was built (ISO 8601), "" when that is not known; `names` are its names.
    What is not known is a finding too, of low severity, where the policy asks for it.
    """
    name = names[0] if names else ""
    found = []
    if policy.allowed and not names:
        found.append(_wrong("base_image_unknown", "Nothing tells what the image is built on", "low", name))
    elif policy.allowed and not any(fnmatchcase(n, pattern) for n in names for pattern in policy.allowed):
        title = f"Built on an image that the policy does not allow; it allows {', '.join(policy.allowed)}"
        found.append(_wrong("base_image_not_allowed", title, "high", name))
    if policy.max_age_days is not None:
        built = _day(created_at)
        if built is None or built.year < FIRST_YEAR or built > today:
            found.append(
                _wrong("base_image_age_unknown", "Nothing tells how old the base image is", "low", name)
            )
        elif (age := (today - built).days) > policy.max_age_days:
            title = f"The base image is {age} days old; the policy allows {policy.max_age_days}"
            found.append(_wrong("base_image_age", title, "medium", name))
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _wrong(rule: str, title: str, severity: str, name: str) -> Finding:
    return Finding(
        id=rule,
        title=title,
        severity=severity,
        kind=MISCONFIGURATION,
        object=Object("image", name),
        tool="hullguard",
        tool_version=__version__,
        fix="Build it anew, on a current image that the policy allows.",
        control="trusted_base_images" if rule == "base_image_not_allowed" else None,
    )
