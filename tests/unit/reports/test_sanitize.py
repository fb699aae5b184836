"""reports/sanitize.py"""

from __future__ import annotations

import re
import sys

import pytest

from hullguard.reports.sanitize import ANCHOR_LENGTH, anchor, clean


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, naïve, 日本", "plain, naïve, 日本"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\x9b", r"\x9b"),
        ("a\nb\rc\td", r"a\nb\rc\td"),
        ("\u202egpj", r"\u202egpj"),
        ("\u2028\u200b\ufeff", r"\u2028\u200b\ufeff"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800", r"\ud800"),
        ("no\u00a0break", "no break"),
        (None, ""),
        (7, "7"),
    ],
)
def test_clean(text: object, shown: str) -> None:
    assert clean(text) == shown


def test_clean_leaves_nothing_unprintable() -> None:
    assert clean("".join(map(chr, range(sys.maxunicode + 1)))).isprintable()


def test_clean_cuts_and_says_so() -> None:
    assert clean("abcdef", 4) == "abcd… (+2 characters)"
    assert clean("abcd", 4) == "abcd"


def test_clean_keeps_newlines_when_asked() -> None:
    assert clean("a\n\tb", keep_newlines=True) == "a\n\\tb"


def test_anchor_is_a_plain_identifier(hostile_text: str) -> None:
    assert re.fullmatch(r"r-[a-z0-9_-]*", anchor(1, hostile_text))
    assert len(anchor(1, hostile_text)) <= ANCHOR_LENGTH
