"""Untrusted text in Markdown: no markup, no HTML, no link, no mention comes out of it.

Every character that Markdown or HTML gives a meaning becomes a character reference, so that neither a table
nor a list is broken. Services look for ``@name``, ``#123`` and addresses after that, in the text that a
reader sees; there an invisible space keeps them apart. Inside ``<code>`` they don't look.
"""

from __future__ import annotations

import re

from hullguard.reports.sanitize import clean

_MEANING = re.compile(r"""[&<>"'`*_\[\]|~@#!$%^\\{}]|:(?=/)|(?<=www)\.""", re.IGNORECASE)
_REFERENCE = re.compile(
    r"""(?<=[@#!~%$&^])(?=[\w"])|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=GH-)(?=\d)""", re.IGNORECASE
)


def prose(value: object, limit: int | None = None) -> str:
    """Return text for a cell or a line of Markdown."""
    return _encoded(_REFERENCE.sub("\u200b", clean(value, limit)))


def code(value: object, limit: int | None = None) -> str:
    """Return a name in the type of code."""
    return f"<code>{_encoded(clean(value, limit)) or '-'}</code>"


def block(value: object, limit: int | None = None) -> str:
    """Return lines of text as a block of code, fenced by more backticks than it holds."""
    text = clean(value, limit, keep_newlines=True)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}"


def _encoded(text: str) -> str:
    return _MEANING.sub(lambda match: f"&#{ord(match.group())};", text)
