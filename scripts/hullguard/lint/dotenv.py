"""The `.env` beside a compose file: values for its variables, never kept."""

from __future__ import annotations

import re
from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path

from hullguard.errors import InputError
from hullguard.lint import source
from hullguard.lint.interpolate import Interpolation
from hullguard.lint.tree import Place

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][\w.-]*)[ \t]*(?:([=:])[ \t]*(.*))?", re.ASCII | re.DOTALL)
_DOUBLE = re.compile(r'"((?:\\.|[^"\\])*)"\s*(?:#.*)?', re.DOTALL)
_SINGLE = re.compile(r"'([^']*)'\s*(?:#.*)?", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}


def load(path: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a file; values may name `environment` and earlier ones.

    Raises InputError naming file and line, never a value.
    """
    lines = source.read(path, ".env file").splitlines()
    found: dict[str, str] = {}
    number = 0
    while number < len(lines):
        first, text = number, lines[number]
        number += 1
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        place = Place(str(path), first + 1)
        line = _LINE.fullmatch(text)
        if not line:
            raise InputError(f"{place}: is no line of a .env file; write NAME=value.")
        name, sign, value = line[1], line[2], line[3]
        if not sign:
            continue  # a bare name only passes on what the environment has
        if value[:1] in ("'", '"') and value[0] not in value[1:]:
            end = next((n for n in range(number, len(lines)) if value[0] in lines[n]), len(lines))
            value = "\n".join([value, *lines[number : end + 1]])
            number = end + 1
        found[name] = _value(value, place, ChainMap(dict(environment), found))
    return found


def _value(text: str, place: Place, environment: Mapping[str, str]) -> str:
    if single := _SINGLE.fullmatch(text):
        return single[1]
    if text[:1] == '"':
        double = _DOUBLE.fullmatch(text)
        if not double:
            raise InputError(f"{place}: the quote is not closed.")
        text = re.sub(r"\\(.)", lambda part: _ESCAPED.get(part[1], part[1]), double[1], flags=re.DOTALL)
    elif text[:1] == "'":
        raise InputError(f"{place}: the quote is not closed.")
    else:
        text = re.split(r"\s#", text, maxsplit=1)[0].strip()
    try:
        return Interpolation(environment).text(text, place)
    except InputError:
        raise InputError(
            f"{place}: the value names a variable that can't be resolved; a `$` that is meant is `$$`."
        ) from None
