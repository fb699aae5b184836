"""The tables of the incident response runbook: first signs, and the controls to look at afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from docs.data import Rows, by_id
from docs.markdown import table
from docs.threats import stands
from hullguard.catalogue import SEVERITIES, Control

WORST = ("critical", "high")


def lists(threats: Rows, detections: Rows, controls: Mapping[str, Control]) -> dict[str, Callable[[], str]]:
    """Return what makes each of the lists, by its marker's name; a threat's own are `signs_<id>` and
    `controls_<id>`.
    """
    known = by_id(detections)
    return {
        "signs": lambda: signs(threats, detections),
        **{f"signs_{threat['id']}": partial(first_signs, threat, known) for threat in threats},
        **{f"controls_{threat['id']}": partial(failing, threat, controls) for threat in threats},
    }


def signs(threats: Rows, detections: Rows) -> str:
    """Every detection, where it is seen, and the sections that answer it."""
    rows = []
    for detection in detections:
        sections = [threat for threat in threats if detection["id"] in threat["detections"]]
        links = ", ".join(f"[{threat['title']}](#{threat['response']})" for threat in sections)
        rows.append((detection["title"], seen(detection), links))
    return table(("sign", "seen in", "answer"), rows)


def first_signs(threat: Mapping[str, Any], known: Mapping[str, Any]) -> str:
    """A threat's detections and where each is seen."""
    rows = [(known[name]["title"], seen(known[name])) for name in threat["detections"]]
    return table(("first signs", "seen in"), rows)


def seen(detection: Mapping[str, Any]) -> str:
    """Where a detection shows: Falco's rules, records of auditd, alerts of watch."""
    ways = {
        "Falco": [f'"{rule}"' for rule in detection["falco"]],
        "audit log": [f"`{slug}`" for slug in detection["auditd"]],
        "watch": [f"`{kind}`" for kind in detection["watch"]],
    }
    return "; ".join(f"{where}: {', '.join(names)}" for where, names in ways.items() if names)


def failing(threat: Mapping[str, Any], controls: Mapping[str, Control]) -> str:
    """The critical and high controls that stand in a threat's way, or the gravest there are."""
    standing = list(stands(threat, controls))
    gravest = max((SEVERITIES.index(row[1]) for row in standing), default=0)
    wanted = WORST if SEVERITIES[gravest] in WORST else (SEVERITIES[gravest],)
    rows = [row[:3] for row in standing if row[1] in wanted]
    return table(("control to judge first", "severity", "brought about by"), rows)
