"""Rules by the slug of their control, and rules of what a role does beside the controls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from hullguard.effective import Unseen
from hullguard.preview.model import Change, Effect
from hullguard.preview.situation import Situation

# What evidence that is damaged or hostile can raise while a rule reads it.
DAMAGED = (Unseen, AttributeError, LookupError, TypeError, ValueError, ArithmeticError, RecursionError)
Rule = Callable[[Situation], Iterable[Effect]]


@dataclass(frozen=True, slots=True)
class Beside:
    """Something that a role does beside the controls."""

    id: str
    role: str
    title: str
    effects: Rule
    changes: Callable[[Situation], Iterable[Change]]


RULES: dict[str, Rule] = {}
BESIDE: list[Beside] = []


def rule(*slugs: str) -> Callable[[Rule], Rule]:
    """Register what happens when the given controls are brought about."""

    def register(function: Rule) -> Rule:
        for slug in slugs:
            RULES[slug] = function
        return function

    return register


def beside(
    role: str, name: str, title: str, changes: Callable[[Situation], Iterable[Change]]
) -> Callable[[Rule], Rule]:
    """Register the effects of something that a role does beside the controls; without changes it is left
    out.
    """

    def register(function: Rule) -> Rule:
        BESIDE.append(Beside(f"{role}.{name}", role, title, function, changes))
        return function

    return register
