"""Read Dockerfiles: instructions with their lines.

A parser of our own: dockerfile-parse takes the lines of a heredoc for instructions, and the package that has
BuildKit's parser in it is a compiled one without builds for ARM.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hullguard.errors import InputError
from hullguard.lint import source
from hullguard.lint.source import shown
from hullguard.lint.tree import Place

NAMES = (
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
    "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
)  # fmt: skip
WITH_FLAGS = ("FROM", "RUN", "COPY", "ADD", "HEALTHCHECK")
WITH_HEREDOC = ("RUN", "COPY", "ADD")
_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.*\S)\s*")
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(\S*))?(?:\s+|$)")
_HEREDOC = re.compile(r"\d*<<(-?)(['\"]?)([A-Za-z_][\w.-]*)\2", re.ASCII)
_WORD = re.compile(r"(?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.|[^\s\"'\\])+|[\"'\\]")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. `value` is without flags, continued lines joined; `body` is what heredocs hold.

    Lines count from 1. `trigger` is the instruction behind an ONBUILD.
    """

    name: str
    value: str
    line: int
    end_line: int
    flags: tuple[tuple[str, str], ...] = ()
    body: str = ""
    trigger: Instruction | None = None


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A Dockerfile as the person named it."""

    path: str
    instructions: tuple[Instruction, ...]


def load(path: Path) -> Dockerfile:
    """Return a Dockerfile. Raises InputError naming file and line for what the builder would refuse."""
    return Dockerfile(str(path), tuple(parse(source.read(path, "Dockerfile"), str(path))))


def parse(text: str, path: str) -> list[Instruction]:
    """Return the instructions in a text. Raises InputError."""
    lines = text.splitlines()
    found = list(_instructions(lines, _escape(lines, path), path))
    first = next((item for item in found if item.name != "ARG"), None)
    if first is None or first.name != "FROM":
        at = Place(path, first.line if first else 0)
        raise InputError(f"{at}: there is no FROM before the first instruction; this is no Dockerfile.")
    return found


def _escape(lines: list[str], path: str) -> str:
    """Return the character that continues a line: directives stand before anything else."""
    for number, line in enumerate(lines, 1):
        directive = _DIRECTIVE.fullmatch(line.strip())
        if not directive:
            break
        if directive[1].lower() == "escape":
            if directive[2] not in ("\\", "`"):
                raise InputError(f"{Place(path, number)}: escape takes \\ or `, not {shown(directive[2])!r}.")
            return directive[2]
    return "\\"


def _instructions(lines: list[str], escape: str, path: str) -> Iterator[Instruction]:
    quoted = re.escape(escape)
    continued = re.compile(rf"(?:^|(?<!{quoted})){quoted}[ \t]*$")
    at = 0
    while at < len(lines):
        first, parts, more = at, list[str](), True
        while more and at < len(lines):
            line = lines[at]
            at += 1
            # Comments and empty lines within an instruction are skipped, as the builder does.
            if line.lstrip().startswith("#") or (parts and not line.strip()):
                continue
            if not parts:
                first = at - 1
            more = continued.search(line) is not None
            parts.append(continued.sub("", line) if more else line)
        text = "".join(parts).strip()
        if text:
            body, at = _bodies(text, lines, at, Place(path, first + 1))
            yield _instruction(text, body, first + 1, at, path)


def _bodies(text: str, lines: list[str], at: int, place: Place) -> tuple[str, int]:
    """Return what the heredocs of an instruction hold, and the line after them."""
    words = text.removeprefix("ONBUILD").removeprefix("onbuild").split(None, 1)
    if not words or words[0].upper() not in WITH_HEREDOC or "<<" not in text:
        return "", at
    held = []
    for word in _WORD.findall(words[1] if len(words) > 1 else ""):
        if not (heredoc := _HEREDOC.fullmatch(word)):
            continue
        start = at
        while at < len(lines) and (lines[at].lstrip("\t") if heredoc[1] else lines[at]) != heredoc[3]:
            at += 1
        if at >= len(lines):
            raise InputError(f"{place}: the heredoc {shown(heredoc[3])} is not ended.")
        held += lines[start:at]
        at += 1
    return "\n".join(held), at


def _instruction(text: str, body: str, line: int, end_line: int, path: str) -> Instruction:
    place = Place(path, line)
    name, _, value = text.partition(" ") if " " in text.split("\t")[0] else text.partition("\t")
    name, value = name.upper(), value.strip()
    if name not in NAMES:
        near = difflib.get_close_matches(name[:40], NAMES, n=2)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise InputError(f"{place}: {shown(text.split()[0])[:60]!r} is no instruction.{hint}")
    if not value and not body:
        raise InputError(f"{place}: {name} says nothing.")
    flags = []
    while name in WITH_FLAGS and (found := _FLAG.match(value)):
        flags.append((found[1], found[2] or ""))
        value = value[found.end() :]
    trigger = None
    if name == "ONBUILD":
        first = (value.split(None, 1) or [""])[0].upper()
        if first in ("ONBUILD", "FROM", "MAINTAINER"):
            raise InputError(f"{place}: ONBUILD takes no {first}.")
        trigger = _instruction(value, body, line, end_line, path)
    _check(name, value, place)
    return Instruction(name, value, line, end_line, tuple(flags), body, trigger)


def _check(name: str, value: str, place: Place) -> None:
    """Check the arguments of instructions whose form decides something. Raises InputError."""
    if name == "FROM" and not re.fullmatch(r"\S+(?:\s+[Aa][Ss]\s+\S+)?", value):
        raise InputError(f"{place}: FROM takes IMAGE or IMAGE AS NAME.")
    if name == "HEALTHCHECK" and (value.split() or [""])[0].upper() not in ("NONE", "CMD"):
        raise InputError(f"{place}: HEALTHCHECK takes CMD or NONE.")
    if name == "ENV":
        signs = ["=" in word for word in _WORD.findall(value)]
        if not (all(signs) if signs[:1] == [True] else len(signs) > 1):
            raise InputError(f"{place}: ENV takes NAME=value, as often as wanted.")
