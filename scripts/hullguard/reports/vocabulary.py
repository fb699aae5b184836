"""What every format shares: verdicts and their meaning, families and their order, how results are sorted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from hullguard.reports.sanitize import clean

VERDICTS: Mapping[str, str] = {
    "fail": "The evidence shows that the control is not met.",
    "unknown": "It could not be seen, so nothing is claimed. Never counted as a pass.",
    "manual": "Evidence cannot decide it; a person has to check and sign.",
    "waived": "Not met, and accepted by a named owner until a date.",
    "pass": "The evidence shows that the control is met.",
    "not_applicable": "It concerns something this host does not have.",
}
LABELS: Mapping[str, str] = {verdict: verdict.replace("_", " ") for verdict in VERDICTS}
SEVERITIES = ("critical", "high", "medium", "low")
FAMILIES: Mapping[str, str] = {
    "host": "Host",
    "daemon": "Daemon",
    "files": "Files",
    "images": "Images",
    "containers": "Containers",
    "network": "Network",
    "swarm": "Swarm",
    "runtime": "Operations",
}
CHANGES: Mapping[str, str] = {
    "broken": "Was not failing before and fails now.",
    "fixed": "Failed before; now met, waived or not applicable.",
    "changed": "Another verdict, or other objects fail than before.",
}


def number_key(number: object) -> list[tuple[int, int, str]]:
    """Sort key that puts 2.9 before 2.10, and a control without a number last."""
    if not number:
        return [(2, 0, "")]
    parts = re.findall(r"\d+|\D+", str(number))
    # A digit run of any length is compared by length, then text: int() refuses hostile ones of 5000 digits.
    return [
        (0, len(part.lstrip("0")), part.lstrip("0")) if part.isdecimal() else (1, 0, part) for part in parts
    ]


def verdict_of(result: Mapping[str, Any]) -> str:
    """The result's verdict; whatever isn't one counts as unknown."""
    verdict = result.get("verdict")
    return verdict if isinstance(verdict, str) and verdict in VERDICTS else "unknown"


def severity_of(result: Mapping[str, Any]) -> str:
    """The result's severity; whatever isn't one is shown as low."""
    severity = result.get("severity")
    return severity if isinstance(severity, str) and severity in SEVERITIES else "low"


def tally(results: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Count results per verdict, every verdict present."""
    counts = dict.fromkeys(VERDICTS, 0)
    for result in results:
        counts[verdict_of(result)] += 1
    return counts


def by_family(results: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Group results by family in the house's order; families it doesn't know come last."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for result in results:
        groups.setdefault(str(result.get("family", "")), []).append(result)
    order = list(FAMILIES)
    return {
        family: groups[family]
        for family in sorted(groups, key=lambda f: (order.index(f) if f in FAMILIES else len(order), f))
    }


def family_title(family: str) -> str:
    """The heading of a family."""
    return FAMILIES.get(family) or clean(family, 60).capitalize() or "Other"


def is_audited(host: Mapping[str, Any]) -> bool:
    """False for a host that gave no evidence at all (unreachable, or collection failed)."""
    return bool(host.get("results")) and host.get("collected_at") is not None


def moment(value: object) -> str:
    """An ISO time as a reader wants it, in UTC; text that is no time is shown as it is."""
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        return clean(value, 40) or "unknown time"
    when = when.replace(tzinfo=UTC) if when.tzinfo is None else when
    try:
        return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except OverflowError:
        return clean(value, 40)


def counts_text(counts: Mapping[str, int]) -> str:
    """``5 fail · 12 pass``: the verdicts that occur."""
    return " · ".join(f"{counts[v]} {LABELS[v]}" for v in VERDICTS if counts.get(v))


def ordered(document: Mapping[str, Any]) -> dict[str, Any]:
    """Copy of a report or diff: hosts by name, results and changes by number, objects by kind and name,
    findings worst first, scans by target and tool.
    """
    keys = {"findings": finding_key, "scans": scan_key}
    return {
        **document,
        "hosts": [_ordered_host(h) for h in sorted(document["hosts"], key=lambda h: str(h["name"]))],
        **{name: sorted(document[name], key=key) for name, key in keys.items() if document.get(name)},
    }


def finding_key(finding: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort key of a finding: worst first, then by object, place, tool, rule and package."""
    location, package = finding.get("location") or {}, finding.get("package") or {}
    return (
        SEVERITIES.index(severity_of(finding)),
        *_object_key(finding.get("object") or {})[:2],
        *(str(location.get("path", "")), str(finding.get("tool")), str(finding.get("id"))),
        *(str(package.get("name", "")), str(package.get("installed", ""))),
        *(_whole(location.get("line")), str(finding.get("title")), str(finding.get("fingerprint"))),
    )


def scan_key(scan: Mapping[str, Any]) -> tuple[str, ...]:
    """Sort key of a scan: by target, then tool."""
    target = scan.get("target") or {}
    parts = (target.get("kind"), target.get("name"), scan.get("tool"), scan.get("version"))
    return tuple(str(part or "") for part in parts)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _ordered_host(host: Mapping[str, Any]) -> dict[str, Any]:
    copy = dict(host)
    for key in ("results", "changes"):
        if key in copy:
            items = sorted(copy[key], key=lambda r: (number_key(r.get("number")), str(r.get("id"))))
            copy[key] = [
                {**item, "objects": sorted(item.get("objects") or [], key=_object_key)} for item in items
            ]
    return copy


def _object_key(item: Mapping[str, Any]) -> tuple[str, str, str]:
    return str(item.get("kind")), str(item.get("name")), str(item.get("detail"))
