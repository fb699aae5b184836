"""Detections side by side: whatever is listed exists, and whatever exists is listed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hullguard import yamlfile
from hullguard.catalogue import load_controls
from hullguard.watch.alerts import KINDS

ROOT = Path(__file__).parents[3]
DOCUMENT = yamlfile.load(ROOT / "compliance/detections.yml")
ROWS: list[dict[str, Any]] = DOCUMENT["detections"]
RULES = {
    entry["rule"]: entry
    for path in sorted((ROOT / "compliance/policies/falco").glob("*.yaml"))
    for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    if "rule" in entry
}
AUDIT_RULES = {slug for slug, control in load_controls().items() if control.check["kind"] == "audit_watch"}
ROLE = ROOT / "roles/docker_auditd"
# MITRE ATT&CK: techniques and sub-techniques.
TECHNIQUE = re.compile(r"T\d{4}(\.\d{3})?")


def named(column: str) -> set[str]:
    return {name for row in ROWS for name in row[column]}


def test_the_file_keeps_to_its_schema() -> None:
    yamlfile.check(DOCUMENT, "detections", "detections.yml")
    ids = [row["id"] for row in ROWS]
    assert len(ids) == len(set(ids))


def test_what_nobody_but_falco_sees_is_a_named_gap() -> None:
    without = {**ROWS[0], "auditd": [], "watch": []}
    without.pop("gap", None)
    with pytest.raises(Exception, match="'gap' is a required property"):
        yamlfile.check({**DOCUMENT, "detections": [without]}, "detections", "detections.yml")


def test_every_falco_rule_is_listed_and_no_other() -> None:
    assert RULES
    assert named("falco") == RULES.keys()


def test_every_audit_rule_is_listed_and_no_other() -> None:
    assert named("auditd") == AUDIT_RULES


def test_every_kind_of_alert_is_listed_and_no_other() -> None:
    assert named("watch") == set(KINDS)


def test_the_role_writes_these_audit_rules_under_this_key() -> None:
    tags = {
        tag
        for task in yaml.safe_load((ROLE / "tasks/main.yml").read_text(encoding="utf-8"))
        for tag in task["tags"]
        if isinstance(task["tags"], list)
    }
    assert named("auditd") <= tags
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
    assert defaults["docker_auditd_key"] == DOCUMENT["auditd_key"]


@pytest.mark.parametrize("name", RULES)
def test_each_falco_rule_names_the_technique_that_it_is_about(name: str) -> None:
    techniques = [tag for tag in RULES[name]["tags"] if TECHNIQUE.fullmatch(tag)]
    assert len(techniques) == 1
    assert [tag for tag in RULES[name]["tags"] if re.match(r"[Tt]\d", tag)] == techniques


def test_kinds_are_constants_of_their_own_name() -> None:
    from hullguard.watch import alerts

    assert [getattr(alerts, kind.upper()) for kind in KINDS] == list(KINDS)
