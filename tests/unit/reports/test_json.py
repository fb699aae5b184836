"""reports/json.py"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from syrupy.assertion import SnapshotAssertion

from hullguard.reports.json import render


def test_round_trip(fleet: dict[str, Any], diff: dict[str, Any], empty: dict[str, Any]) -> None:
    for document in (fleet, diff, empty):
        text = render(document)
        assert json.loads(text) == document
        assert render(json.loads(text)) == text
        assert text.endswith("}\n")


def test_order_of_the_input_does_not_matter(fleet: dict[str, Any]) -> None:
    mixed = {
        **dict(reversed(fleet.items())),
        "hosts": [{**h, "results": h["results"][::-1]} for h in fleet["hosts"][::-1]],
    }
    assert render(mixed) == render(fleet)


def test_hostile_text_is_ascii_and_survives(
    hostile_text: str, hostile: Callable[[str], dict[str, Any]]
) -> None:
    output = render(hostile(hostile_text))
    assert output.isascii()
    assert output.replace("\n", "").isprintable()
    assert json.loads(output)["hosts"][0]["name"] == hostile_text


def test_findings_and_scans_are_there_in_order(mixed: dict[str, Any]) -> None:
    turned = {**mixed, "findings": mixed["findings"][::-1], "scans": mixed["scans"][::-1]}
    assert render(turned) == render(mixed)
    assert len(json.loads(render(mixed))["findings"]) == len(mixed["findings"])


def test_snapshot(small: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert render(small) == snapshot
