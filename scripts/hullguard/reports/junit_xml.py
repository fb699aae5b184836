"""The JUnit format's elements: suites of cases, with their counts, as XML that any reader takes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TextIO
from xml.etree import ElementTree

from hullguard.reports.sanitize import clean

DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'
NAME_LENGTH, TEXT_LENGTH, DETAILS_LENGTH = 200, 1000, 20_000
FAILURE, ERROR, SKIPPED = "failure", "error", "skipped"


@dataclass(frozen=True)
class Outcome:
    """Why a case did not pass: the name of its element, the message, the type."""

    element: str
    message: str
    kind: str


@dataclass(frozen=True)
class Case:
    """One test case; without an outcome it passed."""

    name: str
    group: str
    outcome: Outcome | None = None
    details: str = ""


@dataclass(frozen=True)
class Suite:
    """A suite of cases, and what there is to say of it beside."""

    name: str
    cases: list[Case]
    properties: list[tuple[str, str]] = field(default_factory=list)


def emit(name: str, suites: Iterable[Suite], when: str | None, stream: TextIO) -> None:
    """Write a document; `when` is an ISO 8601 time in UTC. All text is made legal XML here."""
    root = ElementTree.Element("testsuites", name=name)
    time = {"timestamp": when.removesuffix("Z")} if when else {}
    suites = list(suites)
    root.attrib |= _counts([case for suite in suites for case in suite.cases])
    for suite in suites:
        element = ElementTree.SubElement(
            root, "testsuite", {"name": clean(suite.name, NAME_LENGTH), **_counts(suite.cases), **time}
        )
        if suite.properties:
            properties = ElementTree.SubElement(element, "properties")
            for key, value in suite.properties:
                ElementTree.SubElement(properties, "property", name=key, value=clean(value, TEXT_LENGTH))
        for case in suite.cases:
            _append(element, case)
    ElementTree.indent(root)
    stream.write(f"{DECLARATION}{ElementTree.tostring(root, encoding='unicode')}\n")


def _counts(cases: Iterable[Case]) -> dict[str, str]:
    elements = [case.outcome.element if case.outcome else "" for case in cases]
    counts = {"tests": len(elements), "failures": elements.count(FAILURE)}
    counts |= {"errors": elements.count(ERROR), "skipped": elements.count(SKIPPED)}
    return {**{key: str(count) for key, count in counts.items()}, "time": "0"}


def _append(suite: ElementTree.Element, case: Case) -> None:
    names = {"name": clean(case.name, NAME_LENGTH), "classname": clean(case.group, NAME_LENGTH)}
    element = ElementTree.SubElement(suite, "testcase", {**names, "time": "0"})
    if case.outcome:
        child = ElementTree.SubElement(
            element,
            case.outcome.element,
            message=clean(case.outcome.message, TEXT_LENGTH),
            type=clean(case.outcome.kind, NAME_LENGTH),
        )
        child.text = clean(case.details, DETAILS_LENGTH, keep_newlines=True)
