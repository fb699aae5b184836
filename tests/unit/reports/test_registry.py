"""reports/__init__.py: formats by name, imported only when used."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from copy import deepcopy
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import hullguard.reports
from hullguard.errors import InputError
from hullguard.reports import DEFAULTS, FORMATS, Options, load, write_diff, write_report

# What holds the state at one time has no form for a difference.
STATES = ("sarif", "cyclonedx", "oscal")


def written(name: str, report: dict[str, Any], options: Options = DEFAULTS) -> str:
    stream = io.StringIO(newline="")
    write_report(name, report, stream, options)
    return stream.getvalue()


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_reports(name: str, careless: dict[str, Any]) -> None:
    assert "docker-01.example.org" in written(name, careless)
    assert written(name, careless).endswith("\n")


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_diffs_or_says_why_not(name: str, diff: dict[str, Any]) -> None:
    stream = io.StringIO(newline="")
    if name in STATES:
        with pytest.raises(InputError, match=f"^{name} can't show a difference"):
            write_diff(name, diff, stream)
        assert stream.getvalue() == ""
    else:
        write_diff(name, diff, stream)
        assert "docker-01.example.org" in stream.getvalue()
        assert stream.getvalue().endswith("\n")


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_lost_in_any_format(name: str, mixed: dict[str, Any]) -> None:
    """Fails, unknowns, manual controls, waivers, findings, and scanners that gave nothing."""
    text = re.sub(r"\\(?=[^\w\s])|\u200b", "", unescape(written(name, mixed, Options(width=400))))
    for result in mixed["hosts"][0]["results"]:
        if result["verdict"] in ("fail", "unknown", "manual", "waived"):
            assert result["title" if name == "table" else "id"] in text, result["verdict"]
    for finding in mixed["findings"]:
        assert finding["id"] in text
        for value in (finding["waiver"] or {}).values():
            assert value in text
    for words in ("Vendor image", "platform", "2027-01-31", "2026-09-20", "See its project."):
        assert words in text
    for words in ("grype is not here", "its version is unknown: it said nothing", "did not end within 300 s"):
        assert words in text


@pytest.mark.parametrize("name", FORMATS)
def test_equal_reports_give_equal_bytes(name: str, mixed: dict[str, Any]) -> None:
    (host,) = mixed["hosts"]
    turned = {
        **dict(reversed(mixed.items())),
        "hosts": [{**host, "results": host["results"][::-1]}],
        "findings": mixed["findings"][::-1],
        "scans": mixed["scans"][::-1],
    }
    assert written(name, turned) == written(name, mixed) == written(name, deepcopy(mixed))


@pytest.mark.parametrize("name", FORMATS)
def test_whatever_is_absent_is_no_error(
    name: str, careless: dict[str, Any], only_scanned: dict[str, Any]
) -> None:
    old = {key: value for key, value in careless.items() if key != "findings"}
    (host,) = careless["hosts"]
    bare = {"id": "X1", "severity": "low", "object": {}, "tool": "x"}
    lone = {**careless, "hosts": [{"name": host["name"], "results": host["results"]}], "findings": [bare]}
    silent = {**only_scanned, "findings": [], "scans": [{"tool": "x", "status": "odd"}]}
    for report in (old, lone, silent, only_scanned):
        assert written(name, report)


def test_options_reach_the_format(careless: dict[str, Any], hardened: dict[str, Any]) -> None:
    page = io.StringIO()
    write_report("html", hardened, page, Options(before=careless))
    assert "What changed" in page.getvalue()
    table = io.StringIO()
    write_report("table", careless, table, Options(only_failing=True, width=100))
    assert "1.1.1 " not in table.getvalue()


def test_an_unknown_format_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        load("docx")


def test_json_imports_neither_rich_nor_jinja2() -> None:
    code = (
        "import sys; from hullguard.reports import load; load('json');"
        "sys.exit(', '.join({'rich', 'jinja2'} & set(sys.modules)) or 0)"
    )
    scripts = Path(hullguard.reports.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=scripts, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_formats_leave_the_report_as_it_was(fleet: dict[str, Any], mixed: dict[str, Any]) -> None:
    report = {**fleet, "findings": mixed["findings"], "scans": mixed["scans"]}
    kept = repr(report)
    for name in FORMATS:
        write_report(name, report, io.StringIO(), Options(before=mixed))
    assert repr(report) == kept
