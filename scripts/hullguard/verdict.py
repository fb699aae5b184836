"""What a control's evaluation gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

PASS, FAIL, NOT_APPLICABLE, MANUAL, WAIVED, UNKNOWN = (
    "pass",
    "fail",
    "not_applicable",
    "manual",
    "waived",
    "unknown",
)
VERDICTS = (PASS, FAIL, NOT_APPLICABLE, MANUAL, WAIVED, UNKNOWN)
# Which verdict a control gets when its parts (containers, engines) differ: the first of these that occurs.
_WORST_FIRST = (FAIL, UNKNOWN, MANUAL, PASS, NOT_APPLICABLE)


@dataclass(frozen=True, slots=True, order=True)
class Object:
    """A thing that a verdict is about: kind is container, image, file, daemon, network, group, swarm, host or
    engine.
    """

    kind: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict, the evidence that decided it in one sentence, and the objects it is about."""

    verdict: str
    reason: str
    objects: tuple[Object, ...] = ()


def passed(reason: str, *objects: Object) -> Verdict:
    """Return a `pass`."""
    return Verdict(PASS, reason, objects)


def failed(reason: str, *objects: Object) -> Verdict:
    """Return a `fail`."""
    return Verdict(FAIL, reason, objects)


def unknown(reason: str, *objects: Object) -> Verdict:
    """Return an `unknown`: the fact was not seen."""
    return Verdict(UNKNOWN, reason, objects)


def manual(reason: str, *objects: Object) -> Verdict:
    """Return a `manual`: a person must attest."""
    return Verdict(MANUAL, reason, objects)


def not_applicable(reason: str) -> Verdict:
    """Return a `not_applicable`."""
    return Verdict(NOT_APPLICABLE, reason)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the verdict of the whole from those of its parts, with the deciding parts' objects and
    reasons.
    """
    parts = list(verdicts)
    for kind in _WORST_FIRST:
        deciding = [part for part in parts if part.verdict == kind]
        if deciding:
            reasons = list(dict.fromkeys(part.reason for part in deciding))
            objects = tuple(obj for part in deciding for obj in part.objects)
            return Verdict(kind, "; ".join(reasons), objects)
    return unknown("nothing was looked at")


@dataclass(frozen=True, slots=True)
class Result:
    """One control's verdict on one host, as it stands in a report."""

    id: str
    number: str
    title: str
    family: str
    severity: str
    level: int | None
    verdict: str
    reason: str
    objects: tuple[Object, ...]
    why: str
    fix: str
    fixed_by: str | None
    breaks: str
    waiver: dict[str, Any] | None = field(default=None)
