"""reports/table.py"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from hullguard.reports import Options
from hullguard.reports.table import render, render_diff, write, write_diff
from hullguard.reports.table_parts import OBJECTS_SHOWN
from hullguard.reports.vocabulary import LABELS, tally


def text_of(document: dict[str, Any], width: int = 80, **options: Any) -> str:
    stream = io.StringIO()
    writer = write_diff if document["schema"].startswith("hullguard/diff") else write
    writer(document, stream, Options(width=width, **options))
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_no_line_is_wider_than_the_terminal(width: int, fleet: dict[str, Any], diff: dict[str, Any]) -> None:
    for document in (fleet, diff):
        assert max(cell_len(line) for line in text_of(document, width).splitlines()) <= width


def test_a_pipe_gets_plain_text(fleet: dict[str, Any]) -> None:
    text = text_of(fleet)
    assert "\x1b" not in text
    assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_a_terminal_gets_colour(careless: dict[str, Any], diff: dict[str, Any]) -> None:
    for draw, document in ((render, careless), (render_diff, diff)):
        stream = io.StringIO()
        draw(document, Console(file=stream, force_terminal=True, color_system="standard", width=100))
        assert "\x1b[1;31m" in stream.getvalue()


@pytest.mark.parametrize("width", [80, 200])
def test_hostile_text_cannot_draw(
    hostile_text: str,
    width: int,
    hostile: Callable[[str], dict[str, Any]],
    hostile_diff: Callable[[str], dict[str, Any]],
) -> None:
    for document in (hostile(hostile_text), hostile_diff(hostile_text)):
        output = text_of(document, width)
        assert output.replace("\n", "").isprintable()
        assert max(cell_len(line) for line in output.splitlines()) <= width
        assert not re.search(r"^PASS everything", output, re.MULTILINE)
        assert len(output) < 100_000


def test_markup_and_emoji_codes_are_shown_as_written(hostile: Callable[[str], dict[str, Any]]) -> None:
    output = text_of(hostile("[red]markup[/red] :skull:"), 200)
    assert "[red]markup[/red]" in output
    assert ":skull:" in output


def test_totals_agree_with_the_results(fleet: dict[str, Any]) -> None:
    ending = text_of(fleet).split("results on")[1]
    for verdict, count in tally(r for host in fleet["hosts"] for r in host["results"]).items():
        assert re.search(rf"^ *{count} +{LABELS[verdict]} +[A-Z]", ending, re.MULTILINE)


def test_a_fleet_begins_with_its_counts_and_names_who_is_missing(fleet: dict[str, Any]) -> None:
    text = text_of(fleet)
    assert "docker-03.example.org NOT AUDITED" in text.split("──")[0]
    assert "No route to host" in text.replace("\n ", "")
    assert "1 not audited" in text


def test_failing_objects_are_named_and_long_lists_cut(careless: dict[str, Any]) -> None:
    text = text_of(careless, 200)
    long = next(r for r in careless["hosts"][0]["results"] if r["id"] == "memory_limit")
    assert f"+{len(long['objects']) - OBJECTS_SHOWN} more: use --format json" in text
    for result in careless["hosts"][0]["results"]:
        for item in result["objects"][:OBJECTS_SHOWN] if result["verdict"] == "fail" else []:
            assert f"{item['kind']} {item['name']}: {item['detail']}" in text


def test_only_failing(careless: dict[str, Any]) -> None:
    text = text_of(careless, 200, only_failing=True)
    numbers = re.findall(r"^  (\d+(?:\.\d+)+) +(\w+)", text, re.MULTILINE)
    assert len(numbers) == tally(careless["hosts"][0]["results"])["fail"]
    assert {verdict for _, verdict in numbers} == {"fail"}
    assert "Swarm" not in text
    assert re.search(r"^ *47 +pass", text, re.MULTILINE)


def test_only_failing_says_when_nothing_fails(careless: dict[str, Any]) -> None:
    (host,) = careless["hosts"]
    passing = {
        **careless,
        "hosts": [{**host, "results": [r for r in host["results"] if r["verdict"] == "pass"]}],
    }
    assert "Nothing fails." in text_of(passing, only_failing=True)


def test_a_stream_that_knows_ascii_only_is_served(careless: dict[str, Any]) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write(careless, stream, Options(width=80))
    stream.flush()
    assert b"docker-01.example.org" in raw.getvalue()


def test_no_hosts(empty: dict[str, Any]) -> None:
    assert "0 results on 0 hosts" in text_of(empty)


def test_findings_are_shown_worst_first_by_object(mixed: dict[str, Any]) -> None:
    text = text_of(mixed, 200)
    part = text.split("Findings  ")[1]
    assert part.startswith("1 critical · 2 high · 1 medium · 1 low · 1 waived · 1 ignored")
    assert part.index("image registry") < part.index("CVE-2026-1001") < part.index("CVE-2026-1004")
    assert part.index("CVE-2026-1004") < part.index("file app/Dockerfile") < part.index("DL3002")
    assert "breach: 12 days over, by 2026-09-20" in part
    assert "accepted until 2027-01-31 by D. Marsh, owner billing" in part


def test_scanners_that_gave_nothing_are_named(mixed: dict[str, Any]) -> None:
    text = text_of(mixed, 200)
    assert "3 of 7 gave no answer: nothing is claimed for them" in text
    assert re.search(r"^  not run +grype on .*To get it: See its project\.", text, re.MULTILINE)
    assert re.search(
        r"^  unknown +trivy 0\.76\.0 on image scratch:2: unknown: did not end", text, re.MULTILINE
    )


def test_only_failing_leaves_out_accepted_findings_and_scanners_that_ran(mixed: dict[str, Any]) -> None:
    text = text_of(mixed, 200, only_failing=True)
    assert "CVE-2026-1003" not in text
    assert "CVE-2026-1001" in text
    assert "1 waived" in text
    assert "ran, found nothing" not in text
    assert "did not run: grype" in text


def test_a_report_of_scanners_only_speaks_of_no_benchmark(only_scanned: dict[str, Any]) -> None:
    text = text_of(only_scanned, 200)
    assert "CIS Docker Benchmark" not in text
    assert "0 results" not in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_findings_fit_the_terminal(width: int, mixed: dict[str, Any]) -> None:
    assert max(cell_len(line) for line in text_of(mixed, width).splitlines()) <= width


def test_findings_snapshot(only_scanned: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert text_of(only_scanned) == snapshot


@pytest.mark.parametrize("width", [80, 200])
def test_snapshot(width: int, small: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert text_of(small, width) == snapshot


def test_diff_snapshot(diff: dict[str, Any], snapshot: SnapshotAssertion) -> None:
    assert text_of(diff) == snapshot
