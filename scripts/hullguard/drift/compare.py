"""Two evidence files of one host in, what drifted out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hullguard.catalogue import Control
from hullguard.drift.controls import decided_by, target_paths
from hullguard.drift.facts import CONFIGURATION, Fact, Key, facts, rows
from hullguard.effective import complete, member

Evidence = Mapping[str, Any]
# Kinds of facts by the member of the evidence, or of each engine, that they are in.
PARTS = {
    "file": "files", "sysctl": "sysctl", "mount": "mounts", "group": "groups", "login": "login_environment",
    "listener": "listeners", "packet_filter": "packet_filter", "audit_rule": "audit", "audit": "audit",
}  # fmt: skip
ENGINE_PARTS: Mapping[str, Callable[[Evidence], bool]] = {
    "engine": lambda engine: isinstance(engine.get("info"), Mapping),
    "flag": lambda engine: isinstance(engine.get("process"), Mapping),
    "unit": lambda engine: isinstance(engine.get("units"), Mapping),
    "daemon_json": lambda engine: (
        member(engine, "daemon_json", "exists") is False or member(engine, "daemon_json", "valid") is True
    ),
    "container": lambda engine: complete(engine, "containers"),
    "image": lambda engine: complete(engine, "images"),
    "network": lambda engine: complete(engine, "networks"),
}


def drift(
    before: Evidence, after: Evidence, changes: Sequence[Mapping[str, Any]], controls: Mapping[str, Control]
) -> list[dict[str, Any]]:
    """Return the facts that differ, sorted; each with since when it is so (None: only that it was otherwise
    when the earlier evidence was collected) and the changed verdicts that it may have decided.

    `changes` are those of the host in the difference of its reports.
    """
    old, new = facts(before), facts(after)
    paths = {slug: target_paths(control, before, after) for slug, control in controls.items()}
    gone = unseen(after, old) - set(new)
    found = []
    for key in sorted({*old, *new} - gone - unseen(before, new)):
        past, present = old.get(key), new.get(key)
        if past is not None and present is not None and past.value == present.value:
            continue
        found.append(row(key, past, present, linked(key, changes, controls, paths)))
    return [entry for entry in found if not implied(entry, found)]


def row(key: Key, past: Fact | None, present: Fact | None, controls: list[dict[str, str]]) -> dict[str, Any]:
    """Return one drifted fact, JSON-ready."""
    kind, name, fact = key
    now = present or past
    assert now is not None  # noqa: S101 (a key comes from one of the two)
    return {
        "kind": now.kind,
        "subject": {"kind": kind, "name": name},
        "fact": fact,
        "before": past.value if past else None,
        "after": present.value if present else None,
        "since": present.since if present else None,
        "since_by": present.by if present and present.since else None,
        "controls": controls,
    }


def linked(
    key: Key,
    changes: Iterable[Mapping[str, Any]],
    controls: Mapping[str, Control],
    paths: Mapping[str, set[str]],
) -> list[dict[str, str]]:
    """Return the changed verdicts that a fact may have decided."""
    return [
        {"id": change["id"], "kind": change["kind"]}
        for change in changes
        if change["id"] in controls and decided_by(controls[change["id"]], key, change, paths[change["id"]])
    ]


def unseen(evidence: Evidence, known: Mapping[Key, Fact]) -> set[Key]:
    """Return the facts that can't have been in some evidence: their part of it was not seen, so that nothing
    is known of them.
    """
    hidden = {kind for kind, part in PARTS.items() if evidence.get(part) is None}
    engines = rows(evidence.get("engines"))
    for kind, there in ENGINE_PARTS.items():
        if not engines or not all(there(engine) for engine in engines):
            hidden.add(kind)
    places = {
        words
        for place, words in (("disk", "on disk"), ("kernel", "in the kernel"))
        if member(evidence, "audit", place, "read") is not True
    }
    return {key for key in known if key[0] in hidden or (key[0] == "audit_rule" and key[2] in places)}


def implied(entry: Mapping[str, Any], every: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether another entry says the same: what is new or gone says so once, by its identity."""
    subject = entry["subject"]
    if entry["fact"] == "identity" or subject["kind"] not in ("container", "file"):
        return False
    first = "identity" if subject["kind"] == "container" else "exists"
    if entry["fact"] == first:
        return False
    head = next((e for e in every if e["subject"] == subject and e["fact"] == first), None)
    if head is None:
        return False
    gone = subject["kind"] == "file" or head["before"] is None or head["after"] is None
    return gone or entry["fact"] in ("started", "running")


def configured(entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what counts as drift of a host: changes of its configuration, and of its workload where they
    break a control.
    """
    return [
        entry
        for entry in entries
        if entry["kind"] == CONFIGURATION or any(change["kind"] == "broken" for change in entry["controls"])
    ]
