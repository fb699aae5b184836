"""What changed between two reports, in the shape of the diff format, for pages that are given both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hullguard.reports.vocabulary import is_audited, severity_of, tally, verdict_of

Document = Mapping[str, Any]


def kind_of(before: str, after: str) -> str | None:
    """``fixed``, ``broken`` or ``changed``; None when both verdicts are the same."""
    if before == after:
        return None
    if after == "fail":
        return "broken"
    return "fixed" if before == "fail" and after in ("pass", "not_applicable") else "changed"


def between(before: Document, after: Document) -> dict[str, dict[str, Any]]:
    """Per host name: both counts, the changes, and ``only_in`` for a host that only one report has results of."""
    earlier = {str(host["name"]): host for host in before["hosts"]}
    later = {str(host["name"]): host for host in after["hosts"]}
    return {name: _host(name, earlier.get(name), later.get(name)) for name in sorted({*earlier, *later})}


def _host(name: str, before: Document | None, after: Document | None) -> dict[str, Any]:
    old = before["results"] if before and is_audited(before) else []
    new = after["results"] if after and is_audited(after) else []
    verdicts = {result["id"]: verdict_of(result) for result in old}
    changes = [
        change
        for result in {result["id"]: result for result in new}.values()
        if result["id"] in verdicts and (change := _change(verdicts[result["id"]], result))
    ]
    return {
        "name": name,
        "summary_before": tally(old),
        "summary_after": tally(new),
        "changes": changes,
        "only_in": None if bool(old) == bool(new) else "before" if old else "after",
    }


def _change(before: str, result: Document) -> dict[str, Any] | None:
    after = verdict_of(result)
    kind = kind_of(before, after)
    if kind is None:
        return None
    return {
        **{key: result.get(key) for key in ("id", "number", "title", "family")},
        "severity": severity_of(result),
        "kind": kind,
        "before": before,
        "after": after,
        "reason_after": result.get("reason"),
        "objects": result.get("objects") or [],
    }
