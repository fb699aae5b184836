"""A run's document keeps its schema, and becomes findings of a report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from unit.prove.support import run_on

from hullguard.errors import InputError
from hullguard.prove import document
from hullguard.prove.base import Outcome
from hullguard.prove.battery import PROBES
from hullguard.scanners.finding import fingerprinted, to_json
from hullguard.yamlfile import check


def saved(folder: Path, content: Any) -> Path:
    path = folder / "prove.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def test_it_keeps_its_schema_and_is_read_back(tmp_path: Path) -> None:
    made = run_on()
    assert document.load(saved(tmp_path, made)) == made
    assert made["summary"] == {"succeeded": 0, "unknown": 0, "blocked": len(PROBES)}
    assert {row["place"] for row in made["probes"]} == made["places"].keys()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": "hullguard/report/1"}, "not of `hullguard prove`"), ({"probes": []}, "probes"), ({"more": 1}, "more"),
        ({"summary": {"succeeded": 0}}, "summary"),
    ],
)  # fmt: skip
def test_anything_else_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        document.load(saved(tmp_path, {**run_on(), **change}))


def test_each_success_is_a_finding() -> None:
    made = run_on(choose=lambda name: "succeeded" if name in ("host_root_write", "fork_bomb") else "blocked")
    found = fingerprinted(document.findings(made))
    assert [(one.id, one.severity, one.control, one.tool) for one in found] == [
        ("host_root_write", "high", "userns_remap", "hullguard-prove"),
        ("fork_bomb", "medium", "pids_limit", "hullguard-prove"),
    ]
    report = document.report(made, [to_json(one) for one in found])
    check(report, "report", "it")
    assert report["scans"][0]["findings"] == 2


def test_a_run_that_saw_nothing_is_no_clean_one() -> None:
    made = run_on(choose=lambda _name: "unknown")
    (row,) = document.report(made, [])["scans"]
    assert (row["status"], row["unseen"]) == ("unknown", len(PROBES))


def test_a_host_may_have_another_name_in_reports() -> None:
    found = {probe.id: Outcome("blocked", "EPERM") for probe in PROBES}
    assert document.make(PROBES, found, "26.1.5", "now", 1.0, "web-1")["host"]["name"] == "web-1"
    assert document.make(PROBES, found, "26.1.5", "now", 1.0)["host"]["name"] != "web-1"
