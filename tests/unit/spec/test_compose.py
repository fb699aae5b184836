from __future__ import annotations

from typing import Any

import pytest
from unit.support.compose_services import service, services, spec


def test_what_a_bare_service_says() -> None:
    found = spec()
    assert (found["privileged"], found["read_only_root"], found["no_new_privileges"]) == (False, False, False)
    assert found["extra_capabilities"] == found["devices"] == found["ulimits"] == found["ports"] == []
    # The daemon and the image decide these.
    assert not {"seccomp", "apparmor_profile", "selinux_label", "user", "healthcheck"} & set(found)


def test_what_is_left_to_others_is_told() -> None:
    assert service().left == {
        "seccomp",
        "apparmor_profile",
        "selinux_label",
        "user",
        "healthcheck",
        "sshd_processes",
    }
    assert "user" not in service(user=[]).left
    assert "healthcheck" not in service(healthcheck=[]).left
    assert "seccomp" not in service(security_opt=5).left


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), ("true", True), ("Yes", True), ("off", False), (False, False), (1, None), ("perhaps", None), ([], None), (None, None)],
)  # fmt: skip
def test_privileged(value: Any, expected: bool | None) -> None:
    assert spec(privileged=value).get("privileged") is expected


def test_privileged_hooks_count() -> None:
    one = service(post_start=[{"command": "a"}, {"command": "b", "privileged": True}])
    assert one.spec["privileged"] is True
    assert one.members["privileged"] == [("post_start", 1, "privileged")]
    assert "privileged" not in spec(post_start=5)
    assert spec(privileged=True, pre_stop=5)["privileged"] is True


@pytest.mark.parametrize(
    ("added", "allowed", "extra"),
    [
        (["CHOWN", "cap_kill"], (), []), (["cap_sys_admin"], (), ["SYS_ADMIN"]), (["SYS_NICE", "ALL"], ("CAP_SYS_NICE",), ["ALL"]),
        (["KILL", 5], (), None), ("ALL", (), None),
    ],
)  # fmt: skip
def test_capabilities(added: Any, allowed: tuple[str, ...], extra: list[str] | None) -> None:
    found = services({"services": {"web": {"cap_add": added}}}, allowed)["web"].spec
    assert found.get("extra_capabilities") == extra


def test_the_member_of_each_capability() -> None:
    one = service(cap_add=["CHOWN", "SYS_TIME", "SYS_ADMIN"], privileged=True)
    assert one.spec["extra_capabilities"] == ["ALL (privileged)", "SYS_ADMIN", "SYS_TIME"]
    assert one.members["extra_capabilities"] == [("privileged",), ("cap_add", 2), ("cap_add", 1)]


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        (["no-new-privileges"], "no_new_privileges", True), (["no-new-privileges:true"], "no_new_privileges", True),
        (["no-new-privileges=false"], "no_new_privileges", False),
        (["no-new-privileges:true", "no-new-privileges:false"], "no_new_privileges", False),
        (["no-new-privileges:maybe"], "no_new_privileges", False), ("no-new-privileges", "no_new_privileges", None),
        (["seccomp:unconfined"], "seccomp", "unconfined"), (["seccomp=./x.json"], "seccomp", "custom"), (["seccomp=builtin"], "seccomp", None),
        (["apparmor=unconfined"], "apparmor_profile", "unconfined"), (["apparmor=mine"], "apparmor_profile", None),
        (["label:disable"], "selinux_label", ""), (["label=type:spc_t"], "selinux_label", ""), (["label=type:x_t"], "selinux_label", None),
    ],
)  # fmt: skip
def test_security_options(options: Any, field: str, value: Any) -> None:
    assert spec(security_opt=options).get(field) == value


def test_privileged_switches_every_filter_off() -> None:
    found = spec(privileged=True, security_opt=["seccomp=x.json"])
    assert (found["seccomp"], found["apparmor_profile"]) == ("unconfined", "unconfined")


@pytest.mark.parametrize(
    ("check", "good"),
    [
        ({"test": ["CMD", "x"]}, True), ({"test": "x"}, True), ({"test": ["NONE"]}, False), ({"disable": True}, False), ({"test": []}, False),
        ({"test": "x", "disable": "yes"}, False), ({"interval": "3s"}, None), ({"test": 5}, None), ("x", None), ({"test": "x", "disable": 5}, None),
    ],
)  # fmt: skip
def test_healthcheck(check: Any, good: bool | None) -> None:
    assert spec(healthcheck=check).get("healthcheck") is good


def test_identity() -> None:
    found = spec(user=1000, environment=["A", "B"])
    assert (found["user"], found["environment"], found["image"]) == ("1000", ["A", "B"], "a")
    assert "user" not in spec(user=True)
    assert "environment" not in spec(environment=[None])
