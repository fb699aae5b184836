"""Variables in a compose file, `$NAME`, `${NAME:-default}` and their like, as compose resolves them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hullguard.errors import InputError
from hullguard.lint.source import shown
from hullguard.lint.tree import Place, Row, Table, Tagged

MOST_CHARACTERS, DEEPEST = 4 << 20, 20
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
BRACES = re.compile(r"\$\$|\$\{|\}")
OPERATOR = re.compile(r":?[-?+]")


class Interpolation:
    """Resolves texts by an environment; `unset` collects the names that stand for nothing.

    The output of all texts together is bounded: a value may be long and be named often.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.unset: set[str] = set()
        self.characters = 0

    def tree(self, value: Any, place: Place) -> Any:
        """Return a document with its texts resolved; keys stay as they are. Raises InputError."""
        if isinstance(value, str):
            return self.text(value, place) if "$" in value else value
        if isinstance(value, Tagged):
            return Tagged(value.tag, self.tree(value.value, place))
        if isinstance(value, Table):
            table = Table()
            for key, item in value.items():
                table.put(key, self.tree(item, value.at[key]), value.at[key])
            return table
        if isinstance(value, Row):
            row = Row()
            for item, at in zip(value, value.at, strict=True):
                row.put(self.tree(item, at), at)
            return row
        return value

    def text(self, text: str, place: Place, depth: int = 0) -> str:
        """Return a text with its variables resolved. Raises InputError."""
        if depth > DEEPEST:
            raise InputError(f"{place}: variables are nested more than {DEEPEST} deep.")
        parts, at = [], 0
        while (dollar := text.find("$", at)) >= 0:
            parts.append(text[at:dollar])
            value, at = self.variable(text, dollar, place, depth)
            parts.append(value)
            self.characters += len(value)
            if self.characters > MOST_CHARACTERS:
                raise InputError(f"{place}: with its variables resolved the file has more than 4 MB.")
        return "".join([*parts, text[at:]])

    def variable(self, text: str, dollar: int, place: Place, depth: int) -> tuple[str, int]:
        """Return what stands for the `$` at an index, and where the text goes on."""
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            return "$", dollar + 2
        if following == "{":
            return self.braced(text, dollar, place, depth)
        name = NAME.match(text, dollar + 1)
        # `$(` and `$1` are no variables: compose leaves them.
        return (self.value(name[0]), name.end()) if name else ("$", dollar + 1)

    def value(self, name: str) -> str:
        """Return a variable's value; one that is not set is empty, as in compose."""
        if name not in self.environment:
            self.unset.add(name)
        return self.environment.get(name, "")

    def braced(self, text: str, dollar: int, place: Place, depth: int) -> tuple[str, int]:
        """Resolve `${…}`."""
        end = _closing(text, dollar + 2)
        name = NAME.match(text, dollar + 2, max(end, 0))
        if end < 0 or not name:
            raise InputError(
                f"{place}: {shown(text[dollar : dollar + 40])!r} is no variable; a `$` that is meant is `$$`."
            )
        if name.end() == end:
            return self.value(name[0]), end + 1
        operator = OPERATOR.match(text, name.end(), end)
        if not operator:
            raise InputError(
                f"{place}: {shown(text[dollar : end + 1])!r} is no variable that compose knows: "
                "${NAME}, ${NAME:-default}, ${NAME:?message}, ${NAME:+value}."
            )
        return self.operated(name[0], operator[0], text[operator.end() : end], place, depth), end + 1

    def operated(self, name: str, operator: str, word: str, place: Place, depth: int) -> str:
        """Resolve a variable with an operator: default, required, replacement."""
        given = self.environment.get(name)
        there = bool(given) if operator.startswith(":") else given is not None
        if operator.endswith("+"):
            return self.text(word, place, depth + 1) if there else ""
        if there:
            return given or ""
        if operator.endswith("-"):
            return self.text(word, place, depth + 1)
        message = f" ({shown(word)})" if word else ""
        raise InputError(
            f"{place}: the variable {name} has to be set{message}, in the environment or in .env."
        )


def _closing(text: str, start: int) -> int:
    """Return the index of the brace that closes the one before `start`, or -1."""
    depth = 1
    for found in BRACES.finditer(text, start):
        depth += {"${": 1, "}": -1}.get(found[0], 0)
        if not depth:
            return found.start()
    return -1
