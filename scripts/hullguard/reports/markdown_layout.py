"""The Markdown format's tables: folded where they are long, cut where the comment would be too large."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hullguard.reports.markdown_text import code, prose

LONGEST = 60_000
FOLDED_FROM = 10
OBJECTS_SHOWN = 5
NAME_LENGTH, TEXT_LENGTH = 80, 200


@dataclass
class Part:
    """A table under a heading; `total` rows, of which those are shown for which there is room."""

    heading: str
    columns: tuple[str, ...]
    rows: list[str]
    meaning: str = ""
    shown: list[str] = field(default_factory=list)

    def text(self) -> str:
        """Return the part as Markdown, folded where it is long."""
        left = len(self.rows) - len(self.shown)
        table = [row(self.columns), row(["---"] * len(self.columns)), *self.shown]
        body = "\n".join(table) + "\n"
        if left:
            rows = f"{left} more row{'' if left == 1 else 's'}"
            body += f"\n_{rows} cut: the json, html or csv form has them all._\n"
        title = f"{self.heading} ({len(self.rows)})"
        meaning = f"{self.meaning}\n\n" if self.meaning else ""
        if len(self.rows) < FOLDED_FROM:
            return f"### {title}\n\n{meaning}{body}\n"
        return f"<details><summary><b>{title}</b></summary>\n\n{meaning}{body}\n</details>\n\n"


def document(head: str, parts: Iterable[Part]) -> str:
    """Deal out the room: one row to each part in turn until all have all, or a row does not fit."""
    kept = [part for part in parts if part.rows]
    left = LONGEST - len(head) - sum(len(part.text()) + 40 for part in kept)
    waiting = list(kept)
    while waiting:
        for part in list(waiting):
            following = part.rows[len(part.shown)]
            if (left := left - len(following) - 1) < 0:
                return head + "".join(part.text() for part in kept)
            part.shown.append(following)
            if len(part.shown) == len(part.rows):
                waiting.remove(part)
    return head + "".join(part.text() for part in kept)


def row(cells: Iterable[str]) -> str:
    """Return one row of a table; the cells are Markdown already."""
    return f"| {' | '.join(cells)} |"


def objects(result: Mapping[str, Any]) -> str:
    """Return a result's first objects, and how many more there are, as the end of a cell."""
    things = result.get("objects") or []
    more = len(things) - OBJECTS_SHOWN
    names = [
        f"{prose(thing.get('kind'), 20)} {code(thing.get('name'), NAME_LENGTH)}"
        for thing in things[:OBJECTS_SHOWN]
    ]
    return f"<br>{', '.join(names)}" + (f" and {more} more" if more > 0 else "") if names else ""


def words(value: object) -> str:
    """Return a sentence of untrusted text for a cell."""
    return prose(value, TEXT_LENGTH)
