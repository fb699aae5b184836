from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hullguard.diff import diff, kind
from hullguard.paths import compliance_dir
from hullguard.verdict import VERDICTS


def row(slug: str, verdict: str, *names: str) -> dict[str, Any]:
    return {
        "id": slug, "number": "1.1", "title": slug.title(), "family": "host", "severity": "high", "verdict": verdict, "reason": "Because.",
        "objects": [{"kind": "container", "name": name, "detail": "x"} for name in names],
    }  # fmt: skip


def side(*hosts: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "benchmark": {"name": "cis_docker_1_8_0", "title": "t"}, "profile": "cis_level2",
        "hosts": [
            {"name": name, "collected_at": "2026-01-01T00:00:00Z", "results": rows,
             "summary": {verdict: sum(r["verdict"] == verdict for r in rows) for verdict in VERDICTS}}
            for name, rows in hosts
        ],
    }  # fmt: skip


def changes(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[tuple[str, str]]:
    made = diff(side(("h", before)), side(("h", after)), "2026-01-02T00:00:00Z")
    return [(change["id"], change["kind"]) for change in made["hosts"][0]["changes"]]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("fail", "pass", "fixed"), ("fail", "not_applicable", "fixed"), ("fail", "waived", "fixed"), ("pass", "fail", "broken"), ("unknown", "fail", "broken"),
        ("waived", "fail", "broken"), ("fail", "unknown", "changed"), ("fail", "manual", "changed"), ("pass", "unknown", "changed"), ("unknown", "pass", "changed"),
    ],
)  # fmt: skip
def test_kinds(before: str, after: str, expected: str) -> None:
    assert kind(before, after) == expected


def test_unchanged_verdicts_are_left_out() -> None:
    assert changes([row("a", "pass"), row("b", "fail", "x")], [row("a", "pass"), row("b", "fail", "x")]) == []


def test_other_objects_of_a_fail_are_a_change() -> None:
    assert changes([row("a", "fail", "x")], [row("a", "fail", "y")]) == [("a", "changed")]
    assert changes([row("a", "manual", "x")], [row("a", "manual", "y")]) == []


def test_a_control_that_was_not_judged_before_is_no_change() -> None:
    assert changes([], [row("a", "fail")]) == []


def test_a_renamed_single_host_is_the_same_host() -> None:
    made = diff(side(("a", [row("x", "fail")])), side(("b", [row("x", "pass")])), "2026-01-02T00:00:00Z")
    assert [(host["name"], host["only_in"], len(host["changes"])) for host in made["hosts"]] == [
        ("b", None, 1)
    ]


def test_hosts_that_are_on_one_side_only() -> None:
    made = diff(side(("a", []), ("b", [])), side(("b", []), ("c", [])), "2026-01-02T00:00:00Z")
    assert {host["name"]: host["only_in"] for host in made["hosts"]} == {
        "a": "before",
        "b": None,
        "c": "after",
    }


def test_a_difference_keeps_its_schema() -> None:
    made = diff(
        side(("a", [row("x", "fail", "c")]), ("b", [])),
        side(("a", [row("x", "pass")]), ("c", [])),
        "2026-01-02T00:00:00Z",
    )
    schema = json.loads((compliance_dir() / "schema" / "diff.schema.json").read_text(encoding="utf-8"))
    assert not [error.message for error in Draft202012Validator(schema).iter_errors(made)]
    empty = diff(side(), side(), "2026-01-02T00:00:00Z")
    assert empty["hosts"] == []
