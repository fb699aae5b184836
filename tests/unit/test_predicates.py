from __future__ import annotations

from typing import Any

import pytest

from hullguard.predicates import Unjudgeable, describe, holds

PARAMS = {"allowed": ["a", "b"], "limit": 7, "none": []}


@pytest.mark.parametrize(
    ("predicate", "value", "expected"),
    [
        (True, True, True),
        (True, False, False),
        (False, False, True),
        (False, True, False),
        ("non_empty", [1], True),
        ("non_empty", "", False),
        ("non_empty", None, False),
        ("empty", [], True),
        ("empty", {}, True),
        ("empty", None, True),
        ("empty", "x", False),
        ("non_root", "app", True),
        ("non_root", "1000:0", True),
        ("non_root", "", False),
        ("non_root", "root", False),
        ("non_root", "root:app", False),
        ("non_root", "0", False),
        ("non_root", "00:5", False),
        ("non_root", "+0", False),
        ("non_root", "-0", False),
        ("non_root", " 0 ", False),
        ("non_root", ":1000", False),
        ({"equals": 0}, 0, True),
        ({"equals": 0}, False, False),
        ({"equals": 1}, True, False),
        ({"equals": "info"}, "info", True),
        ({"not_equals": "host"}, "bridge", True),
        ({"not_equals": "host"}, "host", False),
        ({"one_of": ["a"]}, "a", True),
        ({"one_of": [0]}, False, False),
        ({"none_of": ["", "unconfined"]}, "docker-default", True),
        ({"none_of": ["", "unconfined"]}, "", False),
        ({"at_least": 1}, 1, True),
        ({"at_least": 1}, 0, False),
        ({"at_most": "$limit"}, 7, True),
        ({"at_most": "$limit"}, 7.5, False),
        ({"empty_or_one_of": "$allowed"}, None, True),
        ({"empty_or_one_of": "$allowed"}, "", True),
        ({"empty_or_one_of": "$allowed"}, "b", True),
        ({"empty_or_one_of": "$none"}, "b", False),
        ({"none_starts_with": "dm."}, ["overlay2.size=1"], True),
        ({"none_starts_with": "dm."}, ["a", "dm.basesize=1"], False),
        ({"none_starts_with": "dm."}, None, True),
    ],
)
def test_predicate(predicate: Any, value: Any, expected: bool) -> None:
    assert holds(predicate, value, PARAMS) is expected


@pytest.mark.parametrize(
    ("predicate", "value"),
    [
        (True, 1),
        (False, 0),
        (False, None),
        (False, "false"),
        ("empty", 0),
        ("empty", False),
        ("non_root", 1000),
        ("non_root", None),
        ({"not_equals": "host"}, None),
        ({"not_equals": "host"}, ["host"]),
        ({"none_of": [""]}, 5),
        ({"at_least": 1}, True),
        ({"at_least": 1}, "5"),
        ({"at_most": 5}, None),
        ({"at_most": 5}, float("nan")),
        ({"at_most": 5}, float("-inf")),
        ({"none_starts_with": "dm."}, "dm.basesize=1"),
        ({"none_starts_with": "dm."}, [1]),
        ({"empty_or_one_of": ["a"]}, 0),
    ],
)
def test_a_value_of_another_kind_is_not_judged(predicate: Any, value: Any) -> None:
    with pytest.raises(Unjudgeable):
        holds(predicate, value, PARAMS)


def test_an_unknown_parameter_is_an_error_of_the_catalogue() -> None:
    with pytest.raises(KeyError):
        holds({"at_most": "$nobody"}, 1, {})


@pytest.mark.parametrize(
    ("predicate", "text"),
    [
        (True, "true"),
        ("non_empty", "set"),
        ({"equals": "info"}, "info"),
        ({"not_equals": ""}, "not empty"),
        ({"at_most": "$limit"}, "at most 7"),
        ({"one_of": ["a"]}, "one of ['a']"),
        ({"none_starts_with": "dm."}, "free of dm."),
    ],
)
def test_predicates_in_words(predicate: Any, text: str) -> None:
    assert describe(predicate, PARAMS) == text
