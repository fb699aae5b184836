"""What changed, as the Markdown of a pull request's comment: broken first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hullguard.reports.drifted import drifted
from hullguard.reports.markdown_layout import NAME_LENGTH, TEXT_LENGTH, Part, objects, row, words
from hullguard.reports.markdown_text import code, prose
from hullguard.reports.vocabulary import CHANGES, LABELS, SEVERITIES, moment, severity_of, verdict_of


def head(diff: Mapping[str, Any]) -> str:
    """Return the counts."""
    kinds = [change.get("kind") for host in diff["hosts"] for change in host["changes"]]
    counts = {kind: kinds.count(kind) for kind in CHANGES}
    told = " · ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "no verdict changed"
    times = [prose(moment(diff[side].get("collected_at"))) for side in ("before", "after")]
    return f"## Hullguard: what changed\n\n- **Controls:** {told}\n\nFrom {times[0]} to {times[1]}\n\n"


def parts(diff: Mapping[str, Any]) -> list[Part]:
    """Return the tables, worst first."""
    lone = [
        row([code(host["name"], NAME_LENGTH), "earlier" if host["only_in"] == "before" else "later"])
        for host in diff["hosts"]
        if host.get("only_in")
    ]
    tables = [
        Part(
            kind.capitalize(),
            ("Severity", "Control", "Host", "Before", "After", "What"),
            [row(_change(change, host["name"])) for host in diff["hosts"] for change in _of(host, kind)],
            meaning,
        )
        for kind, meaning in CHANGES.items()
    ]
    lone_part = Part("Hosts in one report only", ("Host", "Report"), lone, "Nothing to compare.")
    facts = [
        row([code(host["name"], NAME_LENGTH), *(prose(part, TEXT_LENGTH) for part in parts)])
        for host in diff["hosts"]
        for one in drifted(host, diff["before"].get("collected_at"))
        for parts in [(one.what, one.change, one.since, one.controls)]
    ]
    columns = ("Host", "What", "Change", "Since", "Controls")
    drift = Part("Drift", columns, facts, "Facts that differ, and the verdicts that they may have changed.")
    return [tables[0], lone_part, *tables[1:], drift]


def _of(host: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    changes = [change for change in host["changes"] if change.get("kind") == kind]
    return sorted(changes, key=lambda change: SEVERITIES.index(severity_of(change)))


def _change(change: Mapping[str, Any], host: object) -> list[str]:
    verdicts = [LABELS[verdict_of({"verdict": change.get(side)})] for side in ("before", "after")]
    control = f"{prose(change.get('number'), 20)} {code(change.get('id'), NAME_LENGTH)}".strip()
    after = verdicts[1]
    things = objects(change) if after == "fail" else ""
    what = f"{words(change.get('title'))}<br>{words(change.get('reason_after'))}{things}"
    return [severity_of(change), control, code(host, NAME_LENGTH), *verdicts, what]
