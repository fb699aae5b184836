"""Names of system calls in running text: those with arguments once, with what was told apart."""

from __future__ import annotations

from collections.abc import Iterable

from hullguard.syscalls.rows import NATIVE, Row


def joined(found: Iterable[Row]) -> str:
    """Return `read`, `socket` (AF_CAN, AF_X25), ...: in the order given, each call once."""
    calls: dict[str, list[str]] = {}
    for row in found:
        name, _, words = row.id.partition("(") if row.abi == NATIVE else (row.id, "", "")
        calls.setdefault(name, []).extend([words.removesuffix(")")] if words else [])
    return ", ".join(
        f"`{name}` ({_sorted(words)})" if words else f"`{name}`" for name, words in calls.items()
    )


def _sorted(words: Iterable[str]) -> str:
    """Arguments with commas; a family with several types once."""
    heads: dict[str, list[str]] = {}
    for one in words:
        head, _, tail = one.partition(", ")
        heads.setdefault(head, []).extend([tail] if tail else [])
    return ", ".join(f"{head} with {' and '.join(tails)}" if tails else head for head, tails in heads.items())
