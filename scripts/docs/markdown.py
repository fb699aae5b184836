"""Write Markdown, and fill what stands between markers."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterable, Mapping

from hullguard.errors import InputError

NOTICE = "<!-- Made by scripts/docs from compliance/. Renew it with: ./nox -s docs -- --write -->"
MARKED = re.compile(r"(<!-- docs: (\w+) -->\n).*?(<!-- /docs -->)", re.DOTALL)


def filled(text: str, lists: Mapping[str, Callable[[], str]]) -> str:
    """Return a text with what stands between its markers made anew.

    Raises InputError for a marker that nobody knows, and for one that is not closed.
    """
    if text.count("<!-- docs: ") != len(MARKED.findall(text)):
        raise InputError("A marker <!-- docs: NAME --> is not closed by <!-- /docs -->, or not a line's own.")

    def renewed(found: re.Match[str]) -> str:
        if found[2] not in lists:
            known = ", ".join(sorted(lists))
            raise InputError(f"The marker <!-- docs: {found[2]} --> is not known here; there are {known}.")
        return f"{found[1]}{lists[found[2]]()}\n{found[3]}"

    return MARKED.sub(renewed, text)


def prose(text: str) -> str:
    """Wrap the paragraphs of a text and leave its indented commands alone."""
    parts = re.split(r"\n(?:[ \t]*\n)+", text.strip("\n"))
    return "\n\n".join(part if part.startswith("    ") else paragraph(part) for part in parts)


def paragraph(text: str, indent: str = "") -> str:
    """Wrap a paragraph, unless a line would then begin like a heading or an item of a list."""
    joined = " ".join(text.split())
    lines = textwrap.wrap(
        joined, 110, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    special = any(re.match(r"\s*([-+*#>=|]|\d+[.)])(\s|$)", line) for line in lines[1:])
    return joined if special else "\n".join(lines)


def bullets(items: Iterable[str]) -> str:
    """A list, an item each."""
    return "\n".join(paragraph(f"- {item}", "  ") for item in items)


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table; a bar in a cell is escaped, which holds inside of code too."""
    columns = tuple(header)
    lines = [columns, ("---",) * len(columns), *rows]
    escaped = ([cell.replace("|", r"\|") for cell in row] for row in lines)
    return "\n".join(f"| {' | '.join(row)} |" for row in escaped)
