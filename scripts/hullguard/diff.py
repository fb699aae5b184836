"""What changed between two reports: fixed, broken, changed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hullguard import __version__
from hullguard.catalogue import Control
from hullguard.drift.compare import drift
from hullguard.verdict import FAIL, NOT_APPLICABLE, PASS, WAIVED

SCHEMA = "hullguard/diff/1"
GOOD = (PASS, NOT_APPLICABLE, WAIVED)

Report = Mapping[str, Any]


def kind(before: str, after: str) -> str:
    """Return `fixed` (a fail is no more), `broken` (something is a fail now) or `changed` (any
    other move).
    """
    if before == FAIL and after in GOOD:
        return "fixed"
    return "broken" if after == FAIL and before != FAIL else "changed"


def diff(before: Report, after: Report, generated_at: str) -> dict[str, Any]:
    """Return the difference of two reports, JSON-ready, of schema hullguard/diff/1.

    Hosts are matched by name; a single host on each side is the same host whatever its name. An unchanged
    verdict is listed when other objects fail than before.
    """
    old, new = hosts(before), hosts(after)
    if len(old) == len(new) == 1:
        old = {next(iter(new)): next(iter(old.values()))}
    names = sorted({*old, *new})
    return {
        "schema": SCHEMA,
        "tool": {"name": "hullguard", "version": __version__},
        "generated_at": generated_at,
        "before": side(before),
        "after": side(after),
        "hosts": [one_host(name, old.get(name), new.get(name)) for name in names],
    }


def with_drift(
    document: Mapping[str, Any],
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    controls: Mapping[str, Control],
) -> dict[str, Any]:
    """Return a difference with what drifted on each host that both sides have evidence of."""
    if len(before) == len(after) == 1:
        before = {next(iter(after)): next(iter(before.values()))}
    rows = [
        {**host, "drift": drift(before[host["name"]], after[host["name"]], host["changes"], controls)}
        if host["name"] in before and host["name"] in after
        else host
        for host in document["hosts"]
    ]
    return {**document, "hosts": rows}


def hosts(report: Report) -> dict[str, Any]:
    """Return {host name: its part of the report}."""
    return {host["name"]: host for host in report["hosts"]}


def side(report: Report) -> dict[str, Any]:
    """Return what identifies one side of a difference: the newest time of collection, benchmark and
    profile.
    """
    times = [host["collected_at"] for host in report["hosts"]]
    return {
        "collected_at": max(times, default=None),
        "benchmark": report["benchmark"]["name"],
        "profile": report["profile"],
    }


def one_host(name: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the changes of one host; it may be in one of the two reports only."""
    if old is None or new is None:
        present = old or new or {}
        return {
            "name": name,
            "summary_before": old and present["summary"],
            "summary_after": new and present["summary"],
            "changes": [],
            "only_in": "before" if old else "after",
        }
    earlier = {row["id"]: row for row in old["results"]}
    changes = []
    for row in new["results"]:
        past = earlier.get(row["id"])
        if past is None or (past["verdict"], named(past)) == (row["verdict"], named(row)):
            continue
        if past["verdict"] == row["verdict"] != FAIL:
            continue
        changes.append(
            {
                **{key: row[key] for key in ("id", "number", "title", "family", "severity")},
                "kind": kind(past["verdict"], row["verdict"]),
                "before": past["verdict"],
                "after": row["verdict"],
                "reason_after": row["reason"],
                "objects": row["objects"],
            }
        )
    return {
        "name": name,
        "summary_before": old["summary"],
        "summary_after": new["summary"],
        "changes": changes,
        "only_in": None,
    }


def named(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the objects of a result by kind and name: details such as a pid may change without meaning."""
    return sorted((obj["kind"], obj["name"]) for obj in row["objects"])
