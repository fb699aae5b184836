"""What stands between markers is replaced and nothing else; wrapping changes no meaning."""

from __future__ import annotations

import pytest

from docs.markdown import bullets, filled, paragraph, prose, table
from hullguard.errors import InputError

LISTS = {"verdicts": lambda: "new\nlines", "none": lambda: ""}


def test_only_what_stands_between_markers_is_replaced() -> None:
    text = "before\n<!-- docs: verdicts -->\nold\n<!-- /docs -->\nafter\n<!-- docs: none -->\nx\n<!-- /docs -->\n"
    renewed = filled(text, LISTS)
    assert renewed == (
        "before\n<!-- docs: verdicts -->\nnew\nlines\n<!-- /docs -->\nafter\n<!-- docs: none -->\n\n<!-- /docs -->\n"
    )
    assert filled(renewed, LISTS) == renewed


def test_a_marker_that_nobody_knows_is_refused() -> None:
    with pytest.raises(InputError, match="docs: verdict --> is not known here; there are none, verdicts"):
        filled("<!-- docs: verdict -->\n<!-- /docs -->", LISTS)


@pytest.mark.parametrize("text", ["<!-- docs: none -->\nx\n", "<!-- docs: none --> x\n<!-- /docs -->\n"])
def test_a_marker_that_is_not_closed_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="not closed"):
        filled(text, LISTS)


def test_wrapping_makes_no_lists_or_headings() -> None:
    text = "word " * 22 + "- no item of a list"
    assert paragraph(text) == text
    assert (
        prose("one\ntwo\n\n    # a command   as it is\n\nthree")
        == "one two\n\n    # a command   as it is\n\nthree"
    )


def test_items_are_wrapped_below_themselves() -> None:
    first, second = bullets(["word " * 30, "short"]).splitlines()[:2]
    assert first.startswith("- word")
    assert second.startswith("  word")


def test_a_bar_in_a_cell_stays_in_its_cell() -> None:
    assert table(("a",), [("x|y",)]).splitlines()[2] == r"| x\|y |"
