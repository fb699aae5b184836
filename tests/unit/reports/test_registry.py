"""reports/__init__.py: formats by name, imported only when used."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import hullguard.reports
from hullguard.reports import FORMATS, Options, load, write_diff, write_report


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_writes_reports_and_diffs(
    name: str, careless: dict[str, Any], diff: dict[str, Any]
) -> None:
    for write, document in ((write_report, careless), (write_diff, diff)):
        stream = io.StringIO()
        write(name, document, stream)
        assert "docker-01.example.org" in stream.getvalue()
        assert stream.getvalue().endswith("\n")


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


def test_formats_leave_the_report_as_it_was(fleet: dict[str, Any], careless: dict[str, Any]) -> None:
    kept = repr(fleet)
    for name in FORMATS:
        write_report(name, fleet, io.StringIO(), Options(before=careless))
    assert repr(fleet) == kept
