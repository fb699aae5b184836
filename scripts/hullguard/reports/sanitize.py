"""The one place where untrusted text is made safe to show.

Container, image and host names come from the audited machine. They may hold terminal escapes, newlines that
forge a line of output, or bidirectional overrides that make one name look like another. Whatever Python does
not call printable is shown as its escape (``\\x1b``, ``\\u202e``), so that the reader sees that it is there.

Markup is the other half: the table wraps text in ``rich.text.Text``, which parses none, and the page is
autoescaped.
"""

from __future__ import annotations

import re

ANCHOR_LENGTH = 64

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def clean(value: object, limit: int | None = None, *, keep_newlines: bool = False) -> str:
    """Return ``value`` as printable text; with ``limit``, cut and say how much is missing."""
    text = "" if value is None else str(value)
    missing = 0 if limit is None else max(0, len(text) - limit)
    if missing:
        text = text[:limit]
    if not text.isprintable():
        text = "".join(_show(char, keep_newlines) for char in text)
    return f"{text}… (+{missing} characters)" if missing else text


def anchor(*parts: object) -> str:
    """Return an id for an HTML element: letters, digits, ``_`` and ``-`` only, beginning with a letter."""
    safe = "-".join(re.sub(r"[^a-z0-9_]+", "-", str(part).lower()).strip("-") for part in parts)
    return f"r-{safe}"[:ANCHOR_LENGTH]


def _show(char: str, keep_newlines: bool) -> str:
    if char.isprintable() or (keep_newlines and char == "\n"):
        return char
    if char in _NAMED:
        return _NAMED[char]
    if char.isspace() and ord(char) > 0x9F and char not in "\u2028\u2029":
        return " "
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
