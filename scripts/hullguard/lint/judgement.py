"""The catalogue's controls on services and images that do not exist yet, with the lines they are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from hullguard import __version__, evaluate
from hullguard.audit import Plan
from hullguard.catalogue import Benchmark, Control, Profile
from hullguard.lint.dockerfile import Dockerfile
from hullguard.lint.project import Project
from hullguard.lint.subjects import CONTAINER, IMAGE, Host, Subject, images, services
from hullguard.lint.tree import Place
from hullguard.lint.words import fix
from hullguard.reports.sanitize import clean
from hullguard.scanners.finding import MISCONFIGURATION, SECRET, Finding, Location, fingerprinted
from hullguard.spec import Spec
from hullguard.verdict import FAIL, UNKNOWN, Object, Verdict

# Controls that are functions over the same specs, and the fields that they read.
FUNCTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "published_ports_declared": (CONTAINER, ("ports",)),
    "image_secrets": (IMAGE, ("environment", "secret_history")),
    "trusted_base_images": (IMAGE, ("registries",)),
    "verified_packages": (IMAGE, ("unverified_installs",)),
}
# Offending items beyond this number are one finding together.
MOST_ITEMS, LONGEST_DETAIL = 100, 300


@dataclass(frozen=True, slots=True, order=True)
class Unseen:
    """A control that could not be judged: on what, in which file, and why.

    `control` is "" for a service that was not looked at.
    """

    control: str
    object: Object
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Left:
    """A control that this file leaves to the daemon, the host or the image."""

    control: str
    name: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of a file: findings with fingerprints, sorted, and what stands there but could not be read.

    `left` is what no file shows, the daemon's, the host's or the image's matter: {control: services}.
    """

    findings: list[Finding]
    unseen: list[Unseen]
    left: dict[str, list[str]]


def judge(subject: Project | Dockerfile, profile: Profile, benchmark: Benchmark) -> Judged:
    """Return the findings of a compose project or a Dockerfile, and what could not be judged.

    Verdicts other than fail and unknown (a person must attest, does not apply) give neither.
    """
    params = profile.params
    subjects = list(services(subject, params) if isinstance(subject, Project) else images(subject))
    controls = [control for control in Plan.make(benchmark, profile).controls.values() if fields(control)]
    found = [
        _judged(control, one, params) for one in subjects for control in controls if _about(control, one)
    ]
    unseen = [row for rows in found for row in rows if isinstance(row, Unseen)]
    if isinstance(subject, Project):
        for name, reason in subject.left_out.items():
            unseen.append(Unseen("", Object("container", name), subject.path, f"Not judged: {reason}."))
    findings = [row for rows in found for row in rows if isinstance(row, Finding)]
    left: dict[str, list[str]] = {}
    for rows in found:
        for row in rows:
            if isinstance(row, Left):
                left.setdefault(row.control, []).append(row.name)
    return Judged(fingerprinted(findings), sorted(unseen), left)


def fields(control: Control) -> tuple[str, ...]:
    """Return the fields of a spec that a control reads; () when it judges none."""
    check = control.check
    if check["kind"] in (CONTAINER, IMAGE):
        return (check["field"],)
    return FUNCTIONS[control.id][1] if check["kind"] == "function" and control.id in FUNCTIONS else ()


def _about(control: Control, subject: Subject) -> bool:
    kind = control.check["kind"]
    kind = FUNCTIONS[control.id][0] if kind == "function" else kind
    return kind == subject.kind and (not subject.only or control.id in subject.only)


def _verdict(control: Control, subject: Subject, spec: Spec, params: Mapping[str, Any]) -> Verdict:
    # Which security module the host will have is not known: a file that switches either off is wrong on both.
    return evaluate.judge(replace(control, applies=None), Host(subject.kind, spec, params))


def _judged(control: Control, subject: Subject, params: Mapping[str, Any]) -> list[Finding | Unseen | Left]:
    verdict = _verdict(control, subject, subject.spec, params)
    if verdict.verdict == UNKNOWN:
        if subject.left.intersection(fields(control)):
            return [Left(control.id, subject.object.name)]
        reason = verdict.objects[0].detail if verdict.objects else verdict.reason
        return [Unseen(control.id, subject.object, subject.place.path, clean(reason, LONGEST_DETAIL))]
    if verdict.verdict != FAIL:
        return []
    return _one_by_one(control, subject, params) or [
        _finding(control, subject, verdict, _first(control, subject))
    ]


def _first(control: Control, subject: Subject) -> Place:
    found = [place for field in fields(control) for place in subject.places.get(field, ())]
    return found[0] if found else subject.place


def _one_by_one(
    control: Control, subject: Subject, params: Mapping[str, Any]
) -> list[Finding | Unseen | Left]:
    """Return a finding for each offending item of a list, on the item's line: judged as if it stood alone."""
    values = {field: subject.spec.get(field) for field in fields(control)}
    lists = {field: value for field, value in values.items() if isinstance(value, list)}
    if len(lists) < len(values) or sum(len(items) for items in lists.values()) > MOST_ITEMS:
        return []
    found: list[Finding | Unseen | Left] = []
    empty: Spec = {field: [] for field in lists}
    for field, items in lists.items():
        for item, place in zip(items, subject.places.get(field, ()), strict=False):
            verdict = _verdict(control, subject, {**subject.spec, **empty, field: [item]}, params)
            if verdict.verdict == FAIL:
                found.append(_finding(control, subject, verdict, place))
    return found


def _finding(control: Control, subject: Subject, verdict: Verdict, place: Place) -> Finding:
    details = [one.detail for one in verdict.objects[:MOST_ITEMS] if one.detail]
    missing = [subject.unset[key] for key in fields(control) if key in subject.unset]
    detail = (
        f"{missing[0]} is not set" if missing else clean(", ".join(details) or verdict.reason, LONGEST_DETAIL)
    )
    return Finding(
        id=control.id,
        title=control.title,
        severity=control.severity,
        kind=SECRET if control.id == "image_secrets" else MISCONFIGURATION,
        object=replace(subject.object, detail=detail),
        tool="hullguard",
        tool_version=__version__,
        location=Location(place.path, place.line, place.line),
        fix=fix(control, subject.object.kind),
        references=control.references,
        control=control.id,
    )
