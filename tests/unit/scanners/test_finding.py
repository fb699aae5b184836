from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hullguard.scanners.finding import (
    MISCONFIGURATION,
    Finding,
    Location,
    Package,
    fingerprinted,
    from_json,
    severity,
    to_json,
)
from hullguard.verdict import Object

ONE = Finding(
    "R1", "a rule", "high", MISCONFIGURATION, Object("file", "a"), "tool", "1", location=Location("a", 3)
)


@pytest.mark.parametrize(
    ("word", "ours"),
    [("CRITICAL", "critical"), ("error", "high"), (" Warn ", "medium"), ("style", "low"), (None, "medium"), ("odd", "medium")],
)  # fmt: skip
def test_words_for_severities(word: str | None, ours: str) -> None:
    assert severity(word) == ours


def test_a_fingerprint_stays_when_lines_and_titles_move() -> None:
    (first,), (moved,) = (
        fingerprinted([ONE]),
        fingerprinted([replace(ONE, location=Location("a", 9), title="t")]),
    )
    assert first.fingerprint == moved.fingerprint


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, id="R2"),
        replace(ONE, tool="other"),
        replace(ONE, object=Object("file", "b")),
        replace(ONE, location=Location("b", 3)),
        replace(ONE, package=Package("p", "1")),
    ],
)
def test_another_thing_has_another_fingerprint(other: Finding) -> None:
    assert fingerprinted([ONE])[0].fingerprint != fingerprinted([other])[0].fingerprint


def test_equal_ones_are_told_apart_and_twins_are_one() -> None:
    found = fingerprinted([ONE, replace(ONE, location=Location("a", 7)), ONE])
    assert len(found) == 2
    assert len({f.fingerprint for f in found}) == 2


def test_worst_first_whatever_the_order() -> None:
    low = replace(ONE, severity="low", id="A")
    assert fingerprinted([low, ONE]) == fingerprinted([ONE, low])
    assert [f.severity for f in fingerprinted([low, ONE])] == ["high", "low"]


def test_there_and_back() -> None:
    whole = replace(ONE, package=Package("p", "1", "2"), references=("https://a.example",), waiver={"a": "b"})
    assert from_json(json.loads(json.dumps(to_json(whole)))) == whole
