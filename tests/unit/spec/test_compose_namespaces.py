from __future__ import annotations

from typing import Any

import pytest
from unit.support.compose_services import services, spec

HOST = {"networks": {"outer": {"external": True, "name": "host"}, "old": {"external": {"name": "host"}}, "drv": {"driver": "host"},
                     "own": {"name": "host"}, "plain": None, "odd": 5}}  # fmt: skip


@pytest.mark.parametrize(
    ("key", "field"),
    [("pid", "pid_mode"), ("ipc", "ipc_mode"), ("uts", "uts_mode"), ("userns_mode", "userns_mode")],
)
def test_modes(key: str, field: str) -> None:
    assert spec()[field] == ""
    assert spec(**{key: "host"})[field] == "host"
    assert field not in spec(**{key: 5})


def test_whoever_joins_the_host_by_way_of_another_service() -> None:
    found = services({"services": {
        "a": {"network_mode": "host", "pid": "host", "container_name": "first"}, "b": {"network_mode": "service:a", "pid": "service:a"},
        "c": {"network_mode": "container:first"}, "d": {"network_mode": "container:a"}, "e": {"network_mode": "service:none"},
        "f": {"network_mode": "service:g"}, "g": {"network_mode": "service:f"}, "h": {"network_mode": "service:b"},
    }})  # fmt: skip
    modes = {name: one.spec.get("network_mode") for name, one in found.items()}
    # A container that is not of this project was not seen.
    assert modes == {
        "a": "host",
        "b": "host",
        "c": "host",
        "d": None,
        "e": None,
        "f": None,
        "g": None,
        "h": "host",
    }
    assert found["b"].spec["pid_mode"] == "host"


@pytest.mark.parametrize(
    ("networks", "mode"),
    [
        (["outer"], "host"), (["plain", "old"], "host"), ({"drv": {}}, "host"), (["own"], "own"), (["plain"], "plain"), (["odd"], None),
        (["odd", "outer"], "host"), ([], "the project's own"), (5, None), (["host"], None), ([5], None),
    ],
)  # fmt: skip
def test_networks_that_are_the_hosts(networks: Any, mode: str | None) -> None:
    assert spec(HOST, networks=networks).get("network_mode") == mode
