"""The words after `is:` in a control, each a function of one observed value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final


class _Missing:
    """The value of a fact that was not seen; compare with `is MISSING`."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


class Unjudgeable(Exception):
    """The value has a form that the predicate can't judge: the verdict is `unknown`."""


def _same(value: Any, wanted: Any) -> bool:
    """Equality that does not take 0 for False or 1 for True."""
    return type(value) is type(wanted) and bool(value == wanted)


def _differs(value: Any, bad: Any) -> bool:
    """Inequality of the same kind of value: something of another kind is no proof of being different."""
    if type(value) is not type(bad):
        raise Unjudgeable(f"{value!r} can't be compared with {bad!r}")
    return bool(value != bad)


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Unjudgeable(f"{value!r} is not a number")
    return value


def _sized(value: Any) -> int:
    if value is None:
        return 0
    if not isinstance(value, str | list | dict | tuple):
        raise Unjudgeable(f"{value!r} has no length")
    return len(value)


def _root(value: Any) -> bool:
    """Whether an image's or container's user is root; names map to ids only inside the image, `root` is
    certain.
    """
    if not isinstance(value, str):
        raise Unjudgeable(f"{value!r} is not a user")
    name = value.split(":", 1)[0].strip()
    # The engine reads numbers with a sign or leading zeros, too: +0 and 00 are root.
    return name in ("", "root") or re.fullmatch(r"[+-]?0+", name) is not None


def _starts(value: Any, start: str) -> bool:
    if value is None:
        return False
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Unjudgeable(f"{value!r} is not a list of texts")
    return any(item.startswith(start) for item in value)


NAMED: dict[str, Callable[[Any], bool]] = {
    "non_empty": lambda value: _sized(value) > 0,
    "empty": lambda value: _sized(value) == 0,
    "non_root": lambda value: not _root(value),
}
WITH_ARGUMENT: dict[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "not_equals": _differs,
    "one_of": lambda value, good: any(_same(value, item) for item in good),
    "none_of": lambda value, bad: all(_differs(value, item) for item in bad),
    "at_least": lambda value, least: _number(value) >= least,
    "at_most": lambda value, most: _number(value) <= most,
    "empty_or_one_of": lambda value, good: _sized(value) == 0 or any(_same(value, item) for item in good),
    "none_starts_with": lambda value, start: not _starts(value, start),
}


def holds(predicate: Any, value: Any, params: Mapping[str, Any]) -> bool:
    """Return whether `value` satisfies the predicate; `$name` arguments are taken from `params`.

    Raises Unjudgeable when the value's form can't be judged, KeyError for an unknown parameter.
    """
    if isinstance(predicate, bool):
        if not isinstance(value, bool):
            raise Unjudgeable(f"{value!r} is neither true nor false")
        return value is predicate
    if isinstance(predicate, str):
        return NAMED[predicate](value)
    ((name, argument),) = predicate.items()
    if isinstance(argument, str) and argument.startswith("$"):
        argument = params[argument[1:]]
    return WITH_ARGUMENT[name](value, argument)


def describe(predicate: Any, params: Mapping[str, Any]) -> str:
    """Return the predicate in words, for the reason of a verdict."""
    if isinstance(predicate, bool):
        return str(predicate).lower()
    if isinstance(predicate, str):
        return {"non_empty": "set", "empty": "empty", "non_root": "a user other than root"}[predicate]
    ((name, argument),) = predicate.items()
    if isinstance(argument, str) and argument.startswith("$"):
        argument = params.get(argument[1:], argument)
    words = {
        "equals": "", "not_equals": "not ", "one_of": "one of ", "none_of": "none of ",
        "at_least": "at least ", "at_most": "at most ", "empty_or_one_of": "unset or one of ",
        "none_starts_with": "free of ",
    }  # fmt: skip
    return f"{words[name]}{argument if argument != '' else 'empty'}"
