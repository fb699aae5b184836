from __future__ import annotations

import pytest

from hullguard.errors import InputError
from hullguard.lint.interpolate import Interpolation
from hullguard.lint.tree import Place

ENVIRONMENT = {"A": "one", "EMPTY": "", "B_2": "two"}
PLACE = Place("compose.yml", 7)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$A", "one"), ("${A}", "one"), ("x$A-y", "xone-y"), ("$B_2!", "two!"), ("$$A", "$A"), ("$${A}", "${A}"), ("$", "$"),
        ("$(pwd) $1", "$(pwd) $1"), ("${NONE:-x}", "x"), ("${NONE-x}", "x"), ("${EMPTY:-x}", "x"), ("${EMPTY-x}", ""),
        ("${A:-x}", "one"), ("${A:+x}", "x"), ("${EMPTY:+x}", ""), ("${EMPTY+x}", "x"), ("${NONE+x}", ""),
        ("${A:?no}", "one"), ("${EMPTY?no}", ""), ("${NONE:-${A}}", "one"), ("${NONE:-${X:-${B_2}}/b}", "two/b"),
        ("${NONE:-}", ""), ("$A$A", "oneone"), ("${NONE:-$$x}", "$x"), ("${NONE}", ""), ("$NONE", ""),
    ],
)  # fmt: skip
def test_forms(text: str, value: str) -> None:
    assert Interpolation(ENVIRONMENT).text(text, PLACE) == value


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("${NONE:?tell it}", "the variable NONE has to be set (tell it)"),
        ("${NONE?}", "the variable NONE has to be set, in"),
        ("${EMPTY:?x}", "the variable EMPTY has to be set"),
        ("${", "is no variable"), ("${}", "is no variable"), ("${1}", "is no variable"), ("${A", "is no variable"),
        ("${A!x}", "no variable that compose knows"), ("${A:x}", "no variable that compose knows"),
        ("${N:-" * 30 + "}" * 30, "nested more than 20"),
    ],
)  # fmt: skip
def test_what_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        Interpolation(ENVIRONMENT).text(text, PLACE)
    assert str(caught.value).startswith("compose.yml:7: ")
    assert words in str(caught.value)


def test_names_that_stand_for_nothing_are_told() -> None:
    one = Interpolation(ENVIRONMENT)
    one.text("$A ${NONE} ${GIVEN:-x} ${OTHER:+x} $MORE", PLACE)
    assert one.unset == {"NONE", "MORE"}


def test_output_is_bounded() -> None:
    with pytest.raises(InputError, match="more than 4 MB"):
        Interpolation({"A": "x" * 1_000_000}).text("$A" * 100_000, PLACE)


def test_a_million_variables_are_quick() -> None:
    assert Interpolation({"A": ""}).text("${A}" * 250_000, PLACE) == ""
