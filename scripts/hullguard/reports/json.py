"""The JSON format: the document itself in a stable order, in ASCII so that no terminal escape gets out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from hullguard.reports.vocabulary import ordered

if TYPE_CHECKING:
    from hullguard.reports import Diff, Options, Report


def render(document: Mapping[str, Any]) -> str:
    """A report or a diff as text: keys sorted, hosts by name, results by number, one newline at the end."""
    return json.dumps(ordered(document), indent=2, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"


def write(report: Report, stream: TextIO, options: Options) -> None:
    """Write one report."""
    stream.write(render(report))


def write_diff(diff: Diff, stream: TextIO, options: Options) -> None:
    """Write what changed between two reports."""
    stream.write(render(diff))
