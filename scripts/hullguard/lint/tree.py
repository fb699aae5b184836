"""A YAML document as mappings and lists that know their lines, built with bounds.

Read event by event, never by recursion of the parser: what a file may cost is decided here. Scalars are those
of YAML 1.2, as compose reads them: `no` and `22:22` are texts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as Loader
except ImportError:  # a PyYAML built without libyaml: slower, same result
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

from hullguard.errors import InputError
from hullguard.lint.source import shown

# A long text counts as a node for each hundred characters: an anchor can hold one, too.
MOST_NODES, DEEPEST, CHARACTERS_PER_NODE = 100_000, 64, 100
LONGEST_NUMBER = 40
RESET, OVERRIDE = "!reset", "!override"
_INTEGER = re.compile(r"([-+]?)(?:0b([01]+)|0o?([0-7]+)|0x([0-9a-fA-F]+)|([1-9][0-9]*|0))", re.ASCII)
_BASES = (2, 8, 16, 10)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True), **dict.fromkeys(("false", "False", "FALSE"), False),
    ".inf": math.inf, "-.inf": -math.inf, ".nan": math.nan,
}  # fmt: skip
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1; 0 is the whole file. `path` as the person named it."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{shown(self.path)}:{self.line}" if self.line else shown(self.path)


class Table(dict[str, Any]):
    """A mapping; `at` says where each key stands."""

    def __init__(self, *rows: Any) -> None:
        super().__init__(*rows)
        self.at: dict[str, Place] = {}

    def put(self, key: str, value: Any, place: Place) -> None:
        """Set a member and where it stands."""
        self[key], self.at[key] = value, place


class Row(list[Any]):
    """A list; `at` says where each item stands."""

    def __init__(self) -> None:
        super().__init__()
        self.at: list[Place] = []

    def put(self, value: Any, place: Place) -> None:
        """Append an item and where it stands."""
        self.append(value)
        self.at.append(place)


@dataclass(frozen=True, slots=True)
class Tagged:
    """A value with compose's own tag: `!reset` takes away what was said before, `!override` replaces it."""

    tag: str
    value: Any


def parse(text: str, path: Path) -> list[tuple[Any, Place]]:
    """Return the documents in a text, each with where it starts. Raises InputError with file and line."""
    try:
        return list(_Builder(text, str(path)).documents())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = Place(str(path), mark.line + 1 if mark else 0)
        raise InputError(f"{place}: is no valid YAML: {shown(error.problem)}.") from None
    except yaml.YAMLError as error:
        raise InputError(f"{shown(path)}: is no valid YAML: {shown(error)}.") from None


def scalar(text: str) -> Any:
    """Return what an unquoted text means."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > LONGEST_NUMBER:
        return text
    if found := _INTEGER.fullmatch(text):
        digits, base = next(
            (part, base) for part, base in zip(found.groups()[1:], _BASES, strict=True) if part
        )
        return -int(digits, base) if found[1] == "-" else int(digits, base)
    return float(text) if _FLOAT.fullmatch(text) else text


class _Builder:
    def __init__(self, text: str, path: str) -> None:
        self.events: Iterator[Any] = iter(yaml.parse(text, Loader=Loader))
        self.path, self.nodes = path, 0
        # {anchor: (value, how many nodes it is)}; None while it is being built.
        self.anchors: dict[str, tuple[Any, int] | None] = {}

    def documents(self) -> Iterator[tuple[Any, Place]]:
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                self.anchors = {}
                first = next(self.events)
                yield self.node(first, 0), self.place(first)

    def place(self, event: Any) -> Place:
        return Place(self.path, event.start_mark.line + 1)

    def spend(self, nodes: int, event: Any) -> None:
        self.nodes += nodes
        if self.nodes > MOST_NODES:
            raise InputError(
                f"{self.place(event)}: the file has more than {MOST_NODES} nodes with its anchors expanded."
            )

    def node(self, event: Any, depth: int) -> Any:
        if depth > DEEPEST:
            raise InputError(f"{self.place(event)}: is nested more than {DEEPEST} levels deep.")
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event)
        before, anchor = self.nodes, event.anchor
        if anchor:
            self.anchors[anchor] = None
        self.spend(1 + len(getattr(event, "value", "")) // CHARACTERS_PER_NODE, event)
        if isinstance(event, yaml.MappingStartEvent):
            value: Any = self.table(depth)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self.row(depth)
        else:
            value = self.scalar(event)
        value = self.tagged(value, event)
        if anchor:
            self.anchors[anchor] = (value, self.nodes - before)
        return value

    def alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            raise InputError(f"{self.place(event)}: there is no anchor &{shown(event.anchor)} before this.")
        known = self.anchors[event.anchor]
        if known is None:
            raise InputError(f"{self.place(event)}: the anchor &{shown(event.anchor)} holds itself.")
        self.spend(known[1], event)
        return known[0]

    def scalar(self, event: Any) -> Any:
        plain = event.implicit[0] and not event.style
        if event.tag in (None, RESET, OVERRIDE):
            return scalar(event.value) if plain or (event.tag and not event.style) else event.value
        return event.value if event.tag in ("!", _TAG + "str") else scalar(event.value)

    def tagged(self, value: Any, event: Any) -> Any:
        if event.tag in (RESET, OVERRIDE):
            return Tagged(event.tag, value)
        if event.tag and event.tag != "!" and not event.tag.startswith(_TAG):
            raise InputError(
                f"{self.place(event)}: compose knows the tags {RESET} and {OVERRIDE}, not {shown(event.tag)}."
            )
        return value

    def row(self, depth: int) -> Row:
        row = Row()
        for event in self.events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            row.put(self.node(event, depth + 1), self.place(event))
        return row

    def table(self, depth: int) -> Table:
        table, merged = Table(), list[Table]()
        for event in self.events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key, place = self.node(event, depth + 1), self.place(event)
            value = self.node(next(self.events), depth + 1)
            if key == "<<" and isinstance(event, yaml.ScalarEvent) and not event.style:
                merged += self.mergeable(value, place)
                continue
            if not isinstance(key, str):
                name = "" if isinstance(key, Table | Row | Tagged) else f" {shown(key)}"
                raise InputError(f"{place}: the key{name} is no text; write it in quotes.")
            if key in table:
                raise InputError(f"{place}: the key {shown(key)!r} is already in line {table.at[key].line}.")
            table.put(key, value, place)
        for other in merged:
            for key, value in other.items():
                if key not in table:
                    table.put(key, value, other.at[key])
        return table

    def mergeable(self, value: Any, place: Place) -> list[Table]:
        tables = value if isinstance(value, Row) else [value]
        if not all(isinstance(table, Table) for table in tables):
            raise InputError(f"{place}: `<<` takes a mapping or a list of them.")
        return list(tables)
