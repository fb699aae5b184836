from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest
from catalogue.baseline import Facts, evidence, file_fact
from unit.preview.hosts import plan

from hullguard import audit
from hullguard.catalogue import load_controls
from hullguard.diff import diff, with_drift
from hullguard.drift.compare import configured
from hullguard.drift.controls import DAEMON_KEYS, FUNCTIONS

DAY = date(2026, 11, 27)
Row = dict[str, Any]


def pair() -> tuple[Facts, Facts]:
    """Return a decent host, and the same three days later."""
    before = evidence()
    after = copy.deepcopy(before)
    after["collected_at"] = "2026-11-27T00:00:00Z"
    return before, after


def drifted(before: Facts, after: Facts) -> list[Row]:
    measure = plan()
    sides = [audit.report([side], measure, "2026-11-27T00:00:00Z") for side in (before, after)]
    name = str(after["host"]["name"])
    made = with_drift(diff(*sides, "2026-11-27T00:00:00Z"), {name: before}, {name: after}, measure.controls)
    rows: list[Row] = made["hosts"][0]["drift"]
    return rows


def short(rows: list[Row]) -> list[tuple[str, str, str]]:
    return [(row["subject"]["kind"], row["subject"]["name"], row["fact"]) for row in rows]


def broken(row: Row) -> list[str]:
    return [change["id"] for change in row["controls"] if change["kind"] == "broken"]


def test_an_unchanged_host_has_not_drifted() -> None:
    assert drifted(*pair()) == []


def test_an_option_of_the_daemon_breaks_its_control() -> None:
    before, after = pair()
    engine = after["engines"][0]
    engine["daemon_json"]["content"]["userland-proxy"] = True
    (row,) = drifted(before, after)
    assert (row["before"], row["after"], row["kind"]) == (False, True, "configuration")
    assert broken(row) == ["userland_proxy"]
    assert (row["since"], row["since_by"]) == ("2026-11-23T23:52:29Z", "daemon.json's file time")


def test_a_mode_has_no_since() -> None:
    before, after = pair()
    after["files"]["daemon_json"] = [file_fact("/etc/docker/daemon.json", mode="0666")]
    (row,) = drifted(before, after)
    assert (row["fact"], row["since"], row["since_by"]) == ("mode", None, None)
    assert broken(row) == ["daemon_json_mode"]


def test_a_file_that_was_written_says_when() -> None:
    before, after = pair()
    after["files"]["service_unit"][0]["mtime"] = 1795478800.1
    (row,) = drifted(before, after)
    assert row["fact"].startswith("content")
    assert row["since"] == "2026-11-24T00:06:40Z"
    assert row["controls"] == []


def test_a_member_that_came() -> None:
    before, after = pair()
    after["groups"]["docker"]["members"] = ["eve"]
    (row,) = drifted(before, after)
    assert (row["fact"], row["before"]) == ("member eve", None)
    assert broken(row) == ["docker_group_members"]


def test_rules_that_are_gone() -> None:
    before, after = pair()
    for place in ("disk", "kernel"):
        after["audit"][place]["rules"] = [
            r for r in after["audit"][place]["rules"] if "runc" not in r or "shim" in r
        ]
    rows = drifted(before, after)
    assert {row["fact"] for row in rows} == {"on disk", "in the kernel"}
    assert all(row["after"] is None and broken(row) == ["audit_runc"] for row in rows)


def test_what_could_not_be_seen_any_more_is_no_drift() -> None:
    before, after = pair()
    after["audit"]["kernel"] = {"read": False, "reason": "not permitted", "rules": [], "enabled": None}
    after["groups"] = None
    after["engines"][0]["counts"]["containers"] = 9
    after["engines"][0]["daemon_json"] |= {"valid": False, "content": None}
    rows = drifted(before, after)
    assert {kind for kind, _name, _fact in short(rows)} <= {"audit"}


def test_a_container_made_anew_with_more_rights() -> None:
    before, after = pair()
    container = after["engines"][0]["containers"][0]
    container |= {"Id": "f" * 64, "Created": "2026-11-26T10:00:00.123456789Z"}
    container["HostConfig"]["Privileged"] = True
    container["State"]["StartedAt"] = "2026-11-26T10:00:01.5Z"
    rows = drifted(before, after)
    assert short(rows) == [
        ("container", "decent", "HostConfig.Privileged"),
        ("container", "decent", "identity"),
    ]
    assert {row["since"] for row in rows} == {"2026-11-26T10:00:00Z"}
    assert "privileged" in broken(rows[0])
    assert configured(rows) == rows


def test_containers_that_come_and_go_are_workload() -> None:
    before, after = pair()
    engine = after["engines"][0]
    other = copy.deepcopy(engine["containers"][0]) | {"Id": "e" * 64, "Name": "/other"}
    engine["containers"] = [other]
    rows = drifted(before, after)
    assert short(rows) == [("container", "decent", "identity"), ("container", "other", "identity")]
    assert {row["kind"] for row in rows} == {"workload"}
    assert configured(rows) == []


def test_a_restart_is_told_with_its_time() -> None:
    before, after = pair()
    after["engines"][0]["containers"][0]["State"]["StartedAt"] = "2026-11-26T10:00:01.5Z"
    (row,) = drifted(before, after)
    assert (row["fact"], row["since"], row["since_by"]) == ("started", "2026-11-26T10:00:01Z", "its start")


def test_an_engine_of_another_version() -> None:
    before, after = pair()
    after["engines"][0]["info"]["ServerVersion"] = "26.1.6"
    after["engines"][0]["process"]["started_at"] += 86400
    rows = {row["subject"]["name"]: row for row in drifted(before, after)}
    assert rows["ServerVersion"]["since"] == "2026-11-24T23:53:29Z"


@pytest.mark.parametrize("damage", [None, [], "x", {"containers": "x"}, {"daemon_json": [1]}])
def test_damaged_evidence_is_no_traceback(damage: Any) -> None:
    before, after = pair()
    after["engines"] = damage if not isinstance(damage, dict) else [after["engines"][0] | damage]
    assert isinstance(drifted(before, after), list)


def test_the_map_speaks_of_controls_that_exist() -> None:
    assert {*FUNCTIONS, *DAEMON_KEYS} - set(load_controls()) == set()


def test_every_function_is_on_the_map() -> None:
    functions = {slug for slug, control in load_controls().items() if control.check["kind"] == "function"}
    swarm = {slug for slug in functions if load_controls([slug])[slug].family == "swarm"}
    assert functions - swarm - {*FUNCTIONS, *DAEMON_KEYS} == set()
