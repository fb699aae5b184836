from __future__ import annotations

from typing import Any

import pytest
from unit.preview.hosts import careless, choice, container, effects, plan, seen, short

REMOVING = choice("docker_host", docker_host_remove_members=True, docker_host_group_members=["deploy"])


def test_members_whom_nobody_allows_lose_the_engine() -> None:
    host = careless()
    host["groups"] = {"docker": {"gid": 101, "members": ["deploy", "eve"]}}
    assert short(effects("docker_group_members", host, REMOVING)) == [
        ("loses_engine_access", "will", "login", "eve")
    ]
    (control,) = (row for row in seen(host, REMOVING)["controls"] if row["id"] == "docker_group_members")
    assert control["planned"] is True
    assert control["changes"] == [{"kind": "group", "what": "docker", "before": "eve", "after": None}]


def test_without_the_variable_nobody_is_removed() -> None:
    host = careless()
    host["groups"] = {"docker": {"gid": 101, "members": ["eve"]}}
    (control,) = (row for row in seen(host)["controls"] if row["id"] == "docker_group_members")
    assert control["planned"] is False
    assert control["needs"] == {"docker_host_remove_members": True}


def test_an_access_control_list_of_the_socket_goes() -> None:
    host = careless()
    host["files"]["docker_socket"][0]["acl"] = True
    assert short(effects("docker_group_members", host, REMOVING)) == [
        ("loses_engine_access", "will", "now", "whoever the list admits")
    ]


@pytest.mark.parametrize(("version", "count"), [("26.1.5", 1), ("29.0.0", 0)])
def test_images_that_may_be_unsigned(version: str, count: int) -> None:
    host = careless()
    host["engines"][0]["info"]["ServerVersion"] = version
    assert len(effects("content_trust", host)) == count


def test_an_upgrade_restarts_and_may_drop_what_is_used() -> None:
    host = careless(container("a"))
    wanted = plan(minimum_engine_version="27.0")
    found = seen(host, choice("docker_engine", docker_engine_upgrade=True), wanted)
    assert found["restart"]["needed"] is True
    (control,) = found["controls"]
    assert (control["id"], control["planned"]) == ("engine_supported", True)
    assert control["effects"][0]["effect"] == "cannot_start"


def audited(host: Any, slug: str, **variables: Any) -> Any:
    rows = seen(host, choice("docker_auditd", **variables))["controls"]
    return next((row for row in rows if row["id"] == slug), None)


def unwatched() -> Any:
    host = careless()
    host["audit"]["disk"]["rules"] = host["audit"]["kernel"]["rules"] = []
    return host


def test_rules_that_are_missing_are_written() -> None:
    found = audited(unwatched(), "audit_dockerd")
    assert [change["after"] for change in found["changes"]] == ["-w /usr/sbin/dockerd -p wxa -k docker"]
    assert (found["effects"], found["risk"]) == ([], "low")


def test_the_narrow_set_leaves_the_noisy_ones_out() -> None:
    assert audited(unwatched(), "audit_data_root")["effects"][0]["effect"] == "more_records"
    assert audited(unwatched(), "audit_data_root", docker_auditd_ruleset="narrow")["effects"] == []
    assert audited(unwatched(), "audit_data_root", docker_auditd_ruleset="narrow")["changes"] == []


def test_debuggers() -> None:
    host = careless()
    host["sysctl"]["kernel.yama.ptrace_scope"] = "0"
    row = next(
        r for r in seen(host, choice("docker_host"))["besides"] if r["id"] == "docker_host.kernel_parameters"
    )
    assert [e["name"] for e in row["effects"]] == ["debuggers"]
