"""Output formats: one module per format, registered by name and imported only when used.

Every format module offers ``write(report, stream, options)`` and ``write_diff(diff, stream, options)``.
rich and jinja2 are slow to import, so nothing here imports a format before it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol, TextIO, cast

Report = Mapping[str, Any]
Diff = Mapping[str, Any]

FORMATS: Mapping[str, str] = {
    "table": "hullguard.reports.table",
    "json": "hullguard.reports.json",
    "html": "hullguard.reports.html",
    "markdown": "hullguard.reports.markdown",
    "sarif": "hullguard.reports.sarif",
    "junit": "hullguard.reports.junit",
    "csv": "hullguard.reports.csv",
    "cyclonedx": "hullguard.reports.cyclonedx",
    "oscal": "hullguard.reports.oscal",
}


@dataclass(frozen=True)
class Options:
    """What the reader asked for; a format ignores what it has no use for."""

    before: Report | None = None
    only_failing: bool = False
    width: int | None = None


DEFAULTS = Options()


class Format(Protocol):
    """What a format module has to offer."""

    def write(self, report: Report, stream: TextIO, options: Options) -> None:
        """Write one report."""

    def write_diff(self, diff: Diff, stream: TextIO, options: Options) -> None:
        """Write what changed between two reports. Raises InputError where the format has no form for it."""


def load(name: str) -> Format:
    """Import the format called ``name``; KeyError when there is none."""
    return cast(Format, import_module(FORMATS[name]))


def write_report(name: str, report: Report, stream: TextIO, options: Options = DEFAULTS) -> None:
    """Write ``report`` to ``stream`` in the format called ``name``."""
    load(name).write(report, stream, options)


def write_diff(name: str, diff: Diff, stream: TextIO, options: Options = DEFAULTS) -> None:
    """Write ``diff`` to ``stream`` in the format called ``name``.

    Raises InputError when that format has no form for a difference.
    """
    load(name).write_diff(diff, stream, options)
