from __future__ import annotations

import math
from typing import Any

import pytest

from hullguard.spec.compose_values import boolean, number, size, texts


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1b", 1), ("2kb", 2048), ("3 MiB", 3 << 20), ("1.5g", 3 << 29), ("1T", 1 << 40), (7, 7), (7.9, None), (1e6, None), ("-1", None), ("1x", None), ("", None),
     (True, None), (None, None), (math.inf, None), (math.nan, None), ("9" * 60, None)],
)  # fmt: skip
def test_size(value: Any, expected: int | None) -> None:
    assert size(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", 1), ("-1.5", -1.5), (2, 2), ("x", None), (True, None), (1e300, None), ("1e5", None)],
)
def test_number(value: Any, expected: float | None) -> None:
    assert number(value) == expected


def test_boolean_and_texts() -> None:
    assert [boolean(value) for value in (True, "NO", "1", 0, None)] == [True, False, None, None, None]
    assert [texts(value) for value in (["a"], ["a", 1], "a", {"a": 1}, [])] == [["a"], None, None, None, []]
