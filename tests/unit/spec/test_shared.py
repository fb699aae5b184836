from __future__ import annotations

import pytest

from hullguard.spec.shared import (
    cpu_limited,
    extra_capabilities,
    join,
    published,
    restart_unbounded,
    security_named,
)


def test_capabilities() -> None:
    assert extra_capabilities(["cap_sys_admin", "CHOWN"], False, []) == ["SYS_ADMIN"]
    assert extra_capabilities([], True, ["ALL"]) == ["ALL (privileged)"]


@pytest.mark.parametrize(
    ("name", "count", "unbounded"),
    [("no", None, False), ("", None, False), ("always", None, True), ("on-failure", 5, False), ("on-failure", 0, True), ("on-failure", None, None), ("x", 1, None)],
)  # fmt: skip
def test_restart(name: str, count: int | None, unbounded: bool | None) -> None:
    assert restart_unbounded(name, count) is unbounded


def test_cpu() -> None:
    assert [
        cpu_limited(0, [0, 0]),
        cpu_limited(1024, [0]),
        cpu_limited(512, [0]),
        cpu_limited(0, [0, 1]),
    ] == [False, False, True, True]


def test_security_options() -> None:
    assert security_named(["label:disable", "seccomp=a:b", "no-new-privileges"]) == {
        "label": "disable", "seccomp": "a:b", "no-new-privileges": "true",
    }  # fmt: skip


def test_joined_namespaces() -> None:
    specs = [
        {"name": "a", "pid_mode": "host"},
        {"name": "b", "pid_mode": "container:a"},
        {"name": "c", "pid_mode": "container:z"},
    ]
    join(specs)
    assert [spec.get("pid_mode") for spec in specs] == ["host", "host", None]


def test_published_ports() -> None:
    spec: dict[str, object] = {}
    published(spec, [{"host_ip": "::", "host_port": 80, "container_port": "8", "protocol": "tcp"}])
    assert spec["wildcard_ports"] == spec["privileged_ports"] == ["[::]:80->8/tcp"]
