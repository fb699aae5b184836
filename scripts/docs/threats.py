"""The tables of the threat model: threat, control, probe, detection, response and what is left open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from docs.benchmarks import BY_HAND
from docs.data import Rows, by_id
from docs.markdown import bullets, paragraph, table
from hullguard.catalogue import SEVERITIES, Control

RUNBOOK = "incident-response.md"


def lists(threats: Rows, detections: Rows, controls: Mapping[str, Control]) -> dict[str, Callable[[], str]]:
    """Return what makes each of the lists, by its marker's name; a threat's own is `threat_<id>`."""
    known = by_id(detections)
    return {
        "threats": lambda: overview(threats, controls),
        "reached": lambda: reached(threats, controls),
        "detections": lambda: detected(threats, detections),
        **{f"threat_{threat['id']}": partial(section, threat, controls, known) for threat in threats},
    }


def overview(threats: Rows, controls: Mapping[str, Control]) -> str:
    """Counts per threat."""
    counted = (
        "controls",
        "critical or high",
        "by a role",
        "attacked by a test",
        "probes",
        "detections",
        "gaps",
    )
    header = ("threat", *counted, "response")
    rows = []
    for threat in threats:
        mine = [controls[slug] for slug in threat["controls"]]
        numbers = (
            len(mine),
            sum(control.severity in ("critical", "high") for control in mine),
            sum(control.fixed_by is not None for control in mine),
            len(proofs(threat)),
            len(threat["probes"]),
            len(threat["detections"]),
            len(threat["gaps"]),
        )
        rows.append((f"[{threat['title']}](#{threat['response']})", *map(str, numbers), answer(threat)))
    return table(header, rows)


def reached(threats: Rows, controls: Mapping[str, Control]) -> str:
    """Say how many controls stand against a threat, and how many of them a test attacks."""
    against = {slug for threat in threats for slug in threat["controls"]}
    proved = {slug for threat in threats for slug in proofs(threat)}
    worst = {slug for slug, control in controls.items() if control.severity in ("critical", "high")}
    text = (
        f"{len(against)} of the {len(controls)} controls stand against one of the threats, among them"
        f" {len(against & worst)} of the {len(worst)} of critical or high severity. {len(proved)} are"
        f" attacked by a test, {len(proved & worst)} of them critical or high; the others are"
        " judged by configuration alone."
    )
    return paragraph(text)


def section(threat: Mapping[str, Any], controls: Mapping[str, Control], known: Mapping[str, Any]) -> str:
    """Everything about one threat."""
    parts = [
        paragraph(f"**Wants:** {threat['wants']}"),
        paragraph(f"**Does:** {threat['does']}"),
        table(("control", "severity", "brought about by", "attacked by"), stands(threat, controls)),
    ]
    if threat["probes"]:
        parts.append(table(("what is tried", "test", "proves"), map(_probe, threat["probes"])))
    if threat["detections"]:
        rows = (noticed(known[name]) for name in threat["detections"])
        parts.append(table(("what is noticed", "Falco", "auditd", "`hullguard watch`"), rows))
    parts += [f"**Response:** {answer(threat)}", "**What nobody stops or sees:**", bullets(threat["gaps"])]
    return "\n\n".join(parts)


def stands(threat: Mapping[str, Any], controls: Mapping[str, Control]) -> list[tuple[str, ...]]:
    """What stands in a threat's way, worst first."""
    proved = proofs(threat)
    mine = sorted(
        (controls[slug] for slug in threat["controls"]),
        key=lambda control: (-SEVERITIES.index(control.severity), control.id),
    )
    return [
        (
            f"{control.title} (`{control.id}`)",
            control.severity,
            f"`{control.fixed_by}`" if control.fixed_by else BY_HAND,
            ", ".join(linked(path) for path in proved.get(control.id, ())),
        )
        for control in mine
    ]


def proofs(threat: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return {slug: paths of the tests} of those of its controls that a test attacks.

    A test that is not run attacks nothing.
    """
    found: dict[str, list[str]] = {}
    for probe in threat["probes"]:
        for slug in () if "not_run" in probe else probe["proves"]:
            if probe["test"] not in found.setdefault(slug, []):
                found[slug].append(probe["test"])
    return found


def linked(path: str) -> str:
    """A link to a file of the checkout, from compliance/docs."""
    return f"[{path.removeprefix('tests/')}](../../{path})"


def noticed(detection: Mapping[str, Any]) -> tuple[str, ...]:
    """A detection, and by what it is noticed."""
    ways = (
        ", ".join(detection["falco"]),
        ", ".join(f"`{slug}`" for slug in detection["auditd"]),
        ", ".join(f"`{kind}`" for kind in detection["watch"]),
    )
    return detection["title"], *(way for way in ways)


def detected(threats: Rows, detections: Rows) -> str:
    """Every detection with the threats that it speaks of and what is not seen of it."""
    rows = []
    for detection in detections:
        of = ", ".join(answer(threat) for threat in threats if detection["id"] in threat["detections"])
        rows.append((*noticed(detection), " ".join(detection.get("gap", "").split()), of))
    return table(
        ("what is noticed", "Falco", "auditd", "`hullguard watch`", "not seen of it", "response"), rows
    )


def answer(threat: Mapping[str, Any]) -> str:
    """A link to the runbook's section."""
    return f"[{threat['title']}]({RUNBOOK}#{threat['response']})"


def _probe(probe: Mapping[str, Any]) -> tuple[str, ...]:
    tries = " ".join((probe["tries"], *filter(None, [probe.get("not_run")])))
    proves = ", ".join(f"`{slug}`" for slug in probe["proves"])
    return tries, linked(probe["test"]), proves
