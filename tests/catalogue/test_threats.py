"""Threats, detections and best practices hold together, and what they name is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from docs.data import load_detections, load_practices, load_threats
from hullguard.catalogue import load_controls
from hullguard.errors import InputError
from hullguard.yamlfile import check

ROOT = Path(__file__).parents[2]
CONTROLS = load_controls()
THREATS = load_threats()
DETECTIONS = {detection["id"] for detection in load_detections()}
PRACTICES = load_practices()["practices"]
SIX = [
    "container_escape",
    "privilege_escalation",
    "resource_exhaustion",
    "network_attack",
    "supply_chain",
    "data_exfiltration",
]
by_threat = pytest.mark.parametrize("threat", THREATS, ids=[threat["id"] for threat in THREATS])
by_practice = pytest.mark.parametrize(
    "practice", PRACTICES, ids=[practice["title"] for practice in PRACTICES]
)


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def headings(page: str) -> set[str]:
    text = (ROOT / "compliance" / "docs" / page).read_text(encoding="utf-8")
    return {line.lower().replace(" ", "-") for line in re.findall(r"^#+ +([\w -]+)$", text, re.MULTILINE)}


def test_there_are_the_six() -> None:
    assert [threat["id"] for threat in THREATS] == SIX


def test_every_control_stands_against_a_threat() -> None:
    reached = {slug for threat in THREATS for slug in threat["controls"]}
    worst = {slug for slug, control in CONTROLS.items() if control.severity in ("critical", "high")}
    assert worst - reached == set()
    assert set(CONTROLS) - reached == set()


def test_every_detection_speaks_of_a_threat() -> None:
    assert DETECTIONS - {name for threat in THREATS for name in threat["detections"]} == set()


@by_threat
def test_what_a_threat_names_is_there(threat: dict[str, Any]) -> None:
    assert [slug for slug in threat["controls"] if slug not in CONTROLS] == []
    assert [name for name in threat["detections"] if name not in DETECTIONS] == []
    assert threat["response"] in headings("incident-response.md")
    assert threat["response"] in headings("threat-model.md")


@by_threat
def test_probes_are_tests_that_are_there(threat: dict[str, Any]) -> None:
    for probe in threat["probes"]:
        assert set(probe["cases"]) <= functions_of(probe["test"])
        assert set(probe["proves"]) <= set(threat["controls"])


@by_threat
def test_both_documents_have_its_tables(threat: dict[str, Any]) -> None:
    folder = ROOT / "compliance" / "docs"
    assert f"<!-- docs: threat_{threat['id']} -->" in (folder / "threat-model.md").read_text(encoding="utf-8")
    runbook = (folder / "incident-response.md").read_text(encoding="utf-8")
    for kind in ("signs", "controls"):
        assert f"<!-- docs: {kind}_{threat['id']} -->" in runbook


def test_a_threat_without_a_probe_has_to_say_so() -> None:
    without = {**THREATS[0], "probes": [], "gaps": ["No probe yet: it is judged by configuration."]}
    check({"threats": [without]}, "threats", "here")
    with pytest.raises(InputError, match=r"threats\[0\]\.gaps"):
        check({"threats": [{**without, "gaps": ["Nothing of all this."]}]}, "threats", "here")


def test_there_are_fourteen_practices() -> None:
    assert len({practice["title"] for practice in PRACTICES}) == 14


@by_practice
def test_what_a_practice_names_is_there(practice: dict[str, Any]) -> None:
    assert [slug for slug in practice["controls"] if slug not in CONTROLS] == []
    assert [role for role in practice["roles"] if not (ROOT / "roles" / role / "README.md").is_file()] == []
    paths = [*practice["examples"], *(row["path"] for row in practice["proved"])]
    assert [path for path in paths if not (ROOT / path).exists()] == []
