"""The table format's building blocks. Whatever is untrusted goes through ``text`` or ``sanitize.clean``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TextIO

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from hullguard.reports.sanitize import clean
from hullguard.reports.vocabulary import LABELS

OBJECTS_SHOWN = 10
NAME_LENGTH = 120
TEXT_LENGTH = 400
STYLES = {
    "fail": "bold red",
    "unknown": "magenta",
    "manual": "yellow",
    "waived": "blue",
    "pass": "green",
    "not_applicable": "dim",
    "critical": "bold red",
    "high": "red",
    "medium": "yellow",
    "low": "dim",
    "broken": "bold red",
    "fixed": "bold green",
    "changed": "bold yellow",
}
ONLY_IN = {"before": "earlier", "after": "later"}
SHORT = {**LABELS, "not_applicable": "n/a"}


def console_for(stream: TextIO, width: int | None = None) -> Console:
    """A console that neither parses markup nor recolours what it is given."""
    return Console(file=stream, width=width, markup=False, highlight=False, emoji=False)


def objects_grid(objects: list[Mapping[str, Any]]) -> Table:
    """Name the objects of a result, and say how many more there are."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column()
    grid.add_column(overflow="fold")
    for item in objects[:OBJECTS_SHOWN]:
        line = Text(f"{clean(item.get('kind'), 20)} ", "dim", overflow="fold")
        line.append(clean(item.get("name"), NAME_LENGTH), "bold not dim")
        if item.get("detail"):
            line.append(f": {clean(item['detail'], TEXT_LENGTH)}", "not dim")
        grid.add_row("-", line)
    if (more := len(objects) - OBJECTS_SHOWN) > 0:
        grid.add_row("", Text(f"+{more} more: use --format json", "italic"))
    return grid


def rows_grid(rows: Iterable[tuple[RenderableType, ...]], verdict_width: int = 7) -> Table:
    """Lay out rows of number, verdict, severity and text, aligned over all families."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for width in (6, verdict_width, 8):
        grid.add_column(no_wrap=True, min_width=width)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return grid


def emit(output: str, stream: TextIO) -> None:
    """Write without the blanks that a table leaves at line ends, in characters that the stream can take."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    for line in output.splitlines():
        stream.write(line.rstrip(" ").encode(encoding, "backslashreplace").decode(encoding) + "\n")


def words(mapping: Mapping[str, Any], *keys: str) -> str:
    """Join some of a mapping's values, made safe."""
    return " ".join(clean(mapping.get(key), NAME_LENGTH) for key in keys)


def text(value: object, style: str = "", limit: int = TEXT_LENGTH) -> Text:
    """Wrap an untrusted value: cleaned, cut, and never parsed as markup."""
    return Text(clean(value, limit), style, overflow="fold")


def print_line(console: Console, *parts: object) -> None:
    """Print the parts that are there as one line."""
    console.print(Text(" · ".join(clean(part, NAME_LENGTH) for part in parts if part), overflow="fold"))
