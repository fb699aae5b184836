from __future__ import annotations

from typing import Any

import pytest
from unit.support.compose_services import service, spec


def limits(**values: Any) -> dict[str, Any]:
    return {"resources": {"limits": values}}


@pytest.mark.parametrize(
    ("members", "memory"),
    [
        ({}, 0), ({"mem_limit": "512m"}, 512 << 20), ({"mem_limit": "1.5GB"}, 3 << 29), ({"mem_limit": 1000}, 1000), ({"mem_limit": "64"}, 64),
        ({"mem_limit": "lots"}, None), ({"mem_limit": ""}, None), ({"mem_limit": True}, None), ({"deploy": limits(memory="1k")}, 1024),
        ({"mem_limit": "1k", "deploy": limits(memory="1024")}, 1024), ({"mem_limit": "1k", "deploy": limits(memory="2k")}, None),
        ({"mem_limit": "1k", "deploy": 5}, None), ({"deploy": {"resources": None}}, None), ({"deploy": {}}, 0), ({"deploy": None}, 0),
    ],
)  # fmt: skip
def test_memory(members: dict[str, Any], memory: int | None) -> None:
    assert spec(**members).get("memory_bytes") == memory


@pytest.mark.parametrize(
    ("members", "pids"),
    [({}, 0), ({"pids_limit": 200}, 200), ({"pids_limit": "200"}, 200), ({"pids_limit": -1}, -1), ({"pids_limit": 10.0}, None), ({"deploy": limits(pids=9)}, 9)],
)  # fmt: skip
def test_pids(members: dict[str, Any], pids: int | None) -> None:
    assert spec(**members).get("pids_limit") == pids


@pytest.mark.parametrize(
    ("members", "limited"),
    [
        ({}, False), ({"cpus": "0.5"}, True), ({"cpus": 0}, False), ({"cpu_shares": 1024}, False), ({"cpu_shares": "512"}, True),
        ({"cpu_quota": 5000}, True), ({"deploy": limits(cpus="0.5")}, True), ({"cpus": "many"}, None), ({"cpus": float("nan")}, None),
    ],
)  # fmt: skip
def test_cpu(members: dict[str, Any], limited: bool | None) -> None:
    assert spec(**members).get("cpu_limited") is limited


@pytest.mark.parametrize(
    ("members", "unbounded"),
    [
        ({}, False), ({"restart": "no"}, False), ({"restart": "always"}, True), ({"restart": "unless-stopped"}, True),
        ({"restart": "on-failure"}, True), ({"restart": "on-failure:5"}, False), ({"restart": "on-failure:6"}, True), ({"restart": "sometimes"}, None),
        ({"restart": False}, None), ({"deploy": {"restart_policy": {}}}, False), ({"deploy": {"restart_policy": {"condition": "any"}}}, True),
        ({"deploy": {"restart_policy": {"delay": "5s"}}}, True), ({"deploy": {"restart_policy": {"condition": "none"}}}, False),
        ({"deploy": {"restart_policy": {"condition": "on-failure"}}}, True),
        ({"deploy": {"restart_policy": {"condition": "on-failure", "max_attempts": 3}}}, False),
        ({"deploy": {"restart_policy": {"condition": []}}}, None), ({"restart": "no", "deploy": {"restart_policy": {"condition": "any"}}}, False),
    ],
)  # fmt: skip
def test_restart(members: dict[str, Any], unbounded: bool | None) -> None:
    assert spec(**members).get("restart_unbounded") is unbounded


@pytest.mark.parametrize(
    ("ulimits", "shown"),
    [({}, []), ({"nofile": 5}, ["nofile=5:5"]), ({"nofile": {"soft": "1", "hard": 2}}, ["nofile=1:2"]), ({"nofile": {"soft": 1}}, None), ([], None), ({"a": "x"}, None)],
)  # fmt: skip
def test_ulimits(ulimits: Any, shown: list[str] | None) -> None:
    assert spec(ulimits=ulimits).get("ulimits") == shown


def test_members() -> None:
    one = service(deploy=limits(memory="1g", cpus=1), pids_limit=3)
    assert one.members["memory_bytes"] == [("deploy", "resources", "limits", "memory")]
    assert one.members["cpu_limited"] == [("deploy", "resources", "limits", "cpus")]
    assert one.members["pids_limit"] == [("pids_limit",)]
