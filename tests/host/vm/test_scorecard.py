"""The whole machine, before and after, and after a reboot: the reports are kept in reports/vm."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

REPORTS = Path(__file__).parents[3] / "reports" / "vm"
DIFFERENCES = Path(__file__).parents[3] / "compliance" / "docs" / "docker-bench-differences.md"
FAMILIES = {"host", "daemon", "files"}


def report(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((REPORTS / name / "report.json").read_text(encoding="utf-8"))
    return document


def rows(name: str) -> dict[str, dict[str, Any]]:
    """Return {slug: result} of the only host."""
    (host,) = report(name)["hosts"]
    return {row["id"]: row for row in host["results"]}


def test_the_careless_machine_failed_in_every_family() -> None:
    before = rows("before")
    failed = {row["family"] for row in before.values() if row["verdict"] == "fail"}
    assert failed >= FAMILIES


@pytest.mark.parametrize("name", ["after", "rebooted"])
def test_nothing_of_host_daemon_and_files_is_left(name: str) -> None:
    left = {
        slug: (row["verdict"], row["reason"])
        for slug, row in rows(name).items()
        if row["family"] in FAMILIES and row["verdict"] not in ("pass", "not_applicable", "manual", "waived")
    }
    assert left == {}


def test_what_is_left_to_a_person_is_known() -> None:
    manual = {
        s for s, row in rows("rebooted").items() if row["family"] in FAMILIES and row["verdict"] == "manual"
    }
    waived = {s for s, row in rows("rebooted").items() if row["verdict"] == "waived"}
    assert manual <= {"host_hardened", "engine_supported", "remote_logging", "default_ulimits"}
    assert waived == {"rootless", "authorization_plugin"}


def test_verdicts_are_the_same_after_a_reboot() -> None:
    before = {slug: row["verdict"] for slug, row in rows("stone").items()}
    after = {slug: row["verdict"] for slug, row in rows("rebooted").items()}
    assert before == after


def test_each_mutation_was_noticed_twice() -> None:
    seen = json.loads((REPORTS / "mutations.json").read_text(encoding="utf-8"))
    assert len(seen) == 3
    assert all(row["meanwhile"] == ["fail", "failed"] for row in seen)


def test_the_narrow_rules_make_fewer_events() -> None:
    rates = {
        name: json.loads((REPORTS / f"rate-{name}.json").read_text(encoding="utf-8"))
        for name in ("full", "narrow")
    }
    assert all(rate["containers_started"] > 0 for rate in rates.values())
    # Otherwise there were more events than were counted.
    assert {name: rate["lost"] for name, rate in rates.items()} == {"full": 0, "narrow": 0}
    assert 0 < rates["narrow"]["events"] < rates["full"]["events"]


def warnings(moment: str) -> set[str]:
    """Return the numbers that docker-bench-security warned of in its sections on host, daemon and files."""
    said = json.loads((REPORTS / f"bench-{moment}.json").read_text(encoding="utf-8"))
    assert [section["id"] for section in said["tests"]] == ["1", "2", "3"]
    return {row["id"] for section in said["tests"] for row in section["results"] if row["result"] == "WARN"}


@pytest.mark.skipif(not (REPORTS / "bench-after.json").exists(), reason="DOCKER_BENCH_DIR is not set")
def test_docker_bench_warns_of_nothing_that_has_no_reason() -> None:
    page = DIFFERENCES.read_text(encoding="utf-8")
    _, _, section = page.partition("## What it warns of on a hardened machine")
    explained = set(re.findall(r"^\| ([0-9.]+) \|", section, re.MULTILINE))
    assert explained
    assert warnings("after") == explained
    assert len(warnings("before")) > 4 * len(explained)
