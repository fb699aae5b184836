"""A control's fix, as far as it is about the file at hand."""

from __future__ import annotations

import textwrap

from hullguard.catalogue import Control

MARK, WHERE = "# compose", {"container": "In the compose file:", "file": "In the Dockerfile:"}


def fix(control: Control, kind: str) -> str:
    """Return how to mend it: the lines for a compose file where the control has such, else all it says.

    `kind` is the object's: container (a service) or file (a Dockerfile).
    """
    text = control.fix_text.strip()
    lines = text.splitlines()
    marks = [number for number, line in enumerate(lines) if line.strip().startswith("#")]
    own = next((number for number in marks if lines[number].strip() == MARK), None)
    if kind != "container" or own is None or len(marks) > 1:
        return text
    end = next(
        (n for n in range(own + 1, len(lines)) if lines[n] and not lines[n].startswith("    ")), len(lines)
    )
    block = textwrap.dedent("\n".join(lines[own + 1 : end])).strip("\n")
    rest = "\n".join(lines[end:]).strip()
    return f"{WHERE[kind]}\n\n{textwrap.indent(block, '    ')}" + (f"\n\n{rest}" if rest else "")
