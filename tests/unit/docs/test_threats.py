"""The threat model's and the runbook's tables say what the data say."""

from __future__ import annotations

from typing import Any

import pytest

from docs import runbook, threats
from hullguard.catalogue import load_controls

CONTROLS = load_controls()
DETECTIONS = [
    {
        "id": "seen",
        "title": "It is seen",
        "falco": ["Rule, one"],
        "auditd": ["audit_runc"],
        "watch": ["unseen"],
    },
    {
        "id": "felt",
        "title": "It is felt",
        "falco": [],
        "auditd": [],
        "watch": [],
        "gap": "Nobody  looks\nthere.",
    },
]


@pytest.fixture
def threat() -> dict[str, Any]:
    return {
        "id": "container_escape",
        "title": "Container escape",
        "wants": "Out.",
        "does": "Climbs.",
        "controls": ["userns_remap", "host_uts", "privileged"],
        "probes": [
            {"tries": "To climb.", "test": "tests/a.py", "cases": ["test_a"], "proves": ["userns_remap"]}
        ],
        "detections": ["seen"],
        "response": "container-escape",
        "gaps": ["Flying."],
    }


def test_controls_stand_worst_first_with_who_and_what_attacks_them(threat: dict[str, Any]) -> None:
    rows = threats.stands(threat, CONTROLS)
    assert [row[1:] for row in rows] == [
        ("critical", "by hand", ""),
        ("high", "`docker_userns`", "[a.py](../../tests/a.py)"),
        ("low", "by hand", ""),
    ]
    assert rows[0][0] == f"{CONTROLS['privileged'].title} (`privileged`)"


def test_what_is_not_run_attacks_nothing(threat: dict[str, Any]) -> None:
    assert threats.proofs(threat) == {"userns_remap": ["tests/a.py"]}
    threat["probes"][0]["not_run"] = "Not here."
    assert threats.proofs(threat) == {}
    assert "To climb. Not here." in threats.section(threat, CONTROLS, {"seen": DETECTIONS[0]})


def test_the_overview_counts(threat: dict[str, Any]) -> None:
    line = threats.overview([threat], CONTROLS).splitlines()[2]
    assert line == (
        "| [Container escape](#container-escape) | 3 | 2 | 1 | 1 | 1 | 1 | 1 |"
        " [Container escape](incident-response.md#container-escape) |"
    )
    worst = sum(control.severity in ("critical", "high") for control in CONTROLS.values())
    said = threats.reached([threat], CONTROLS)
    assert said.startswith(f"3 of the {len(CONTROLS)} controls")
    assert f"2 of the {worst}" in " ".join(said.split())


def test_a_section_has_everything(threat: dict[str, Any]) -> None:
    text = threats.section(threat, CONTROLS, {"seen": DETECTIONS[0]})
    for part in (
        "**Wants:** Out.",
        "**Does:** Climbs.",
        "To climb.",
        "Rule, one",
        "`audit_runc`",
        "`unseen`",
        "- Flying.",
    ):
        assert part in text, part
    threat["probes"], threat["detections"] = [], []
    assert "what is tried" not in (text := threats.section(threat, CONTROLS, {}))
    assert "what is noticed" not in text


def test_every_detection_is_listed_with_what_is_not_seen(threat: dict[str, Any]) -> None:
    seen, felt = threats.detected([threat], DETECTIONS).splitlines()[2:]
    assert seen.endswith("|  | [Container escape](incident-response.md#container-escape) |")
    assert felt == "| It is felt |  |  |  | Nobody looks there. |  |"


def test_the_runbook_leads_from_a_sign_to_its_section(threat: dict[str, Any]) -> None:
    seen = runbook.signs([threat], DETECTIONS).splitlines()[2]
    where = 'Falco: "Rule, one"; audit log: `audit_runc`; watch: `unseen`'
    assert seen == f"| It is seen | {where} | [Container escape](#container-escape) |"
    assert runbook.first_signs(threat, {"seen": DETECTIONS[0]}).splitlines()[2] == f"| It is seen | {where} |"


def test_the_runbook_names_the_worst_controls_alone(threat: dict[str, Any]) -> None:
    text = runbook.failing(threat, CONTROLS)
    assert "`privileged`" in text
    assert "`host_uts`" not in text


def test_the_runbook_names_the_gravest_controls_where_none_is_high(threat: dict[str, Any]) -> None:
    assert CONTROLS["host_uts"].severity != CONTROLS["memory_limit"].severity == "medium"
    threat["controls"] = ["host_uts", "memory_limit"]
    text = runbook.failing(threat, CONTROLS)
    assert "`memory_limit`" in text
    assert "`host_uts`" not in text
