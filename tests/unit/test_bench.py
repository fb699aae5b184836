"""docker-bench-security's verdicts beside ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from docs import markdown
from hullguard.bench import (
    ALONE,
    KNOWN,
    SAME,
    UNEXPLAINED,
    Difference,
    Row,
    compare,
    differences,
    rows,
    running,
    table,
)
from hullguard.catalogue import load_benchmark
from hullguard.paths import compliance_dir
from hullguard.scanners.docker_bench import Check, checks

LOG = checks((Path(__file__).parent / "scanners/fixtures/docker_bench_running.json").read_bytes())
NUMBERS = {entry.slug: entry.number for entry in load_benchmark("cis_docker_1_6_0").entries}


def one(
    slug: str,
    theirs: str,
    ours: str,
    *objects: tuple[str, str],
    known: Any = (),
    run: frozenset[str] = frozenset(),
) -> Row:
    """Compare one control."""
    given = {NUMBERS[slug]: Check(NUMBERS[slug], "", theirs)} if theirs != "none" else {}
    result = {
        "id": slug,
        "verdict": ours,
        "reason": "",
        "objects": [{"kind": kind, "name": name} for kind, name in objects],
    }
    return next(row for row in compare(given, [result], known, run) if row.slug == slug)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("WARN", "fail"), ("WARN", "waived"), ("PASS", "pass"), ("PASS", "not_applicable"), ("NOTE", "manual"),
     ("INFO", "not_applicable"), ("none", "not_applicable")],
)  # fmt: skip
def test_the_same_in_other_words(theirs: str, ours: str) -> None:
    assert one("userns_remap", theirs, ours).state == SAME


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [("WARN", "pass"), ("PASS", "fail"), ("PASS", "unknown"), ("PASS", "manual"), ("INFO", "pass"),
     ("WARN", "not_applicable"), ("NOTE", "pass"), ("WARN", "unknown"), ("PASS", "waived")],
)  # fmt: skip
def test_what_nobody_explains(theirs: str, ours: str) -> None:
    row = one("userns_remap", theirs, ours, known=differences())
    assert (row.state, row.why) == (UNEXPLAINED, "")


def test_a_known_difference_explains_its_words_only() -> None:
    known = [Difference(("userns_*",), ("PASS",), ("fail",), "the reason", {})]
    row = one("userns_remap", "PASS", "fail", known=known)
    assert (row.state, row.why) == (KNOWN, "the reason")
    assert one("userns_remap", "WARN", "pass", known=known).state == UNEXPLAINED
    assert one("live_restore", "PASS", "fail", known=known).state == UNEXPLAINED


def test_stopped_containers_explain_a_pass() -> None:
    def state(*objects: tuple[str, str], run: frozenset[str] = frozenset()) -> str:
        return one("host_pid", "PASS", "fail", *objects, known=differences(), run=run).state

    old, web = ("container", "old"), ("container", "web")
    assert state(old) == KNOWN
    assert state(old, web, run=frozenset({"web"})) == UNEXPLAINED
    assert state() == UNEXPLAINED
    assert state(("image", "app")) == UNEXPLAINED


def test_a_control_that_is_not_judged_stands_alone() -> None:
    assert {row.state for row in compare(LOG, [], differences())} == {ALONE}


def test_each_control_has_a_row_with_both_numbers() -> None:
    found = rows(LOG)
    assert [row.number for row in found][:3] == ["1.1.1", "1.1.2", "1.1.3"]
    assert len(found) == 117
    newer = {entry.slug: entry.number for entry in load_benchmark("cis_docker_1_8_0").entries}
    assert all(row.newer == newer.get(row.slug, "") for row in found)


def test_running_containers_come_from_evidence() -> None:
    def container(name: str, running: object) -> dict[str, Any]:
        return {"Name": name, "State": {"Running": running}}

    given = [container("/web", True), container("/old", False), {"Name": "/x", "State": None}, None]
    assert running({"engines": [{"containers": given}, {"containers": None}]}) == {"web"}
    assert running({"engines": None}) == frozenset()


def test_every_known_difference_is_about_something() -> None:
    for difference in differences():
        assert any(difference.names(slug) for slug in NUMBERS), difference.controls
        plain = [name for name in difference.controls if "*" not in name]
        assert set(plain) <= set(NUMBERS)


def test_no_difference_is_hidden_by_one_before_it() -> None:
    known = differences()
    for index, later in enumerate(known):
        for theirs in later.theirs:
            for ours in later.ours:
                fits = [
                    slug
                    for slug in NUMBERS
                    if later.names(slug)
                    and not any(
                        not earlier.stopped
                        and theirs in earlier.theirs
                        and ours in earlier.ours
                        and earlier.names(slug)
                        for earlier in known[:index]
                    )
                ]
                assert fits, f"{later.controls}: {theirs}/{ours} is explained before"


def test_the_document_has_the_table() -> None:
    page = (compliance_dir() / "docs" / "docker-bench-differences.md").read_text(encoding="utf-8")
    header = ("number", "control", "docker-bench-security", "Hullguard", "why")
    assert markdown.table(header, table()) in page, "make the table in docker-bench-differences.md anew"
