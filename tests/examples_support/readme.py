"""Run what an example's README says, in its own words.

A ```sh block is a step: it has to end well, and what it exports and where it goes hold for the steps after it.
"```sh fails" is a step that has to be refused. The lines of a ```text block have to be in what the step before it
printed, in their order; "…" stands for anything. Blocks of other languages are for the reader alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_BLOCK = re.compile(r"^```(\w+)?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Step:
    """One block: under which heading it stands, its commands, what it has to print, whether it is refused."""

    heading: str
    commands: str
    expected: tuple[str, ...] = ()
    fails: bool = False

    def missing(self, output: str) -> str | None:
        """Return the first expected line that is not in an output after those before it; None when all are."""
        position = 0
        for line in self.expected:
            pattern = ".*".join(re.escape(part) for part in line.strip().split("…"))
            found = re.compile(pattern).search(output, position)
            if found is None:
                return line
            position = found.end()
        return None


def steps(readme: Path) -> list[Step]:
    """Return a README's steps in their order."""
    return list(_steps(readme.read_text(encoding="utf-8")))


def _steps(text: str) -> Iterator[Step]:
    waiting: Step | None = None
    for found in _BLOCK.finditer(text):
        language, words, body = found[1] or "", found[2].split(), found[3]
        if language == "sh":
            if waiting:
                yield waiting
            heading = _HEADING.findall(text, 0, found.start())[-1:]
            waiting = Step(heading[0] if heading else "", body, fails="fails" in words)
        elif language == "text" and waiting:
            lines = tuple(line for line in body.splitlines() if line.strip())
            yield Step(waiting.heading, waiting.commands, lines, waiting.fails)
            waiting = None
    if waiting:
        yield waiting


def script(step: Step, folder: str, state: str) -> str:
    """Return the program for `bash` that runs a step in a folder; `state` is the file between the steps."""
    return (
        f"cd {folder}\nif [ -e {state} ]; then . {state}; fi\n"
        f'trap \'{{ declare -px; printf "cd %q\\n" "$PWD"; }} > {state}\' EXIT\n'
        # Both streams in one, so that they keep their order.
        f"exec 2>&1\nset -euo pipefail\n{step.commands}"
    )
