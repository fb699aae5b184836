"""What drifted, in words: shared by the formats that show a difference to a person."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hullguard.reports.vocabulary import moment

VALUE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Drifted:
    """One fact: what, how it changed, since when, and the controls whose verdict it changed."""

    what: str
    change: str
    since: str
    controls: str
    breaks: bool


def drifted(host: Mapping[str, Any], before: object) -> list[Drifted]:
    """Return a host's drift, what breaks controls first; `before` is when the earlier evidence is of."""
    rows = [_one(entry, before) for entry in host.get("drift") or []]
    return sorted(rows, key=lambda row: (not row.breaks, not row.controls))


def _one(entry: Mapping[str, Any], before: object) -> Drifted:
    subject, fact = entry["subject"], entry["fact"]
    what = " ".join(part for part in (subject["kind"].replace("_", " "), subject["name"], fact) if part)
    since = (
        f"{moment(entry['since'])} (by {entry['since_by']})" if entry["since"] else f"after {moment(before)}"
    )
    controls = ", ".join(f"{change['kind']} {change['id']}" for change in entry["controls"])
    breaks = any(change["kind"] == "broken" for change in entry["controls"])
    return Drifted(what, _change(entry["before"], entry["after"]), since, controls, breaks)


def _change(before: Any, after: Any) -> str:
    if before is None:
        return f"new: {_shown(after)}"
    if after is None:
        return f"gone: {_shown(before)}"
    return f"{_shown(before)} -> {_shown(after)}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= VALUE_LENGTH else f"{text[:VALUE_LENGTH]}…"
