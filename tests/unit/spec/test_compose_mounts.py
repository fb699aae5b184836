from __future__ import annotations

from typing import Any

import pytest
from unit.support.compose_services import service, services, spec

VOLUMES = {"volumes": {
    "plain": None, "local": {"driver": "local"}, "bind": {"driver_opts": {"type": "none", "o": "bind", "device": "/etc"}},
    "nfs": {"driver_opts": {"type": "nfs", "device": ":/export"}}, "outer": {"external": True}, "other": {"driver": "plugin"}, "odd": 5,
    "sock": {"driver_opts": {"device": "/run"}},
}}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "sensitive", "sockets"),
    [
        ("/data", [], []), ("./data:/data", [], []), ("plain:/x", [], []), ("local:/x:ro", [], []), ("nfs:/x", [], []), ("/srv/x:/x", [], []),
        ("/etc:/host", ["/etc"], []), ("/etc/localtime:/etc/localtime:ro", [], []), ("/etc/localtime:/x", ["/etc/localtime"], []),
        ("/etc/shadow:/x:ro", ["/etc/shadow"], []), ("/var/run/docker.sock:/s:ro", [], ["/var/run/docker.sock"]), ("bind:/x", ["/etc"], []),
        ("/:/host:ro", ["/"], ["/"]), ("/srv/../etc:/x", ["/etc"], []), ("sock:/x", ["/run"], ["/run"]), ("../..:/x", ["/"], ["/"]),
        ("./link:/x", [], ["/var/run/docker.sock"]), ("../data:/x", None, None), ("~/x:/x", None, None), ("outer:/x", None, None),
        ("other:/x", None, None), ("odd:/x", None, None), ("unknown:/x", None, None), (":/x", None, None), ("a:b:c:d", None, None), ("", None, None),
        ("C:\\x:/x", None, None), (5, None, None), ({"type": "bind", "source": "/etc", "target": "/x", "read_only": "true"}, ["/etc"], []),
        ({"type": "bind", "source": "etc", "target": "/x"}, [], []), ({"type": "tmpfs", "target": "/x"}, [], []),
        ({"type": "volume", "target": "/x"}, [], []), ({"type": "volume", "source": "bind", "target": "/x"}, ["/etc"], []),
        ({"type": "cluster", "source": "a", "target": "/x"}, None, None), ({"type": "bind", "target": "/x"}, None, None),
        ({"type": "bind", "source": "/x", "target": "/x", "read_only": 5}, None, None), ({"type": "bind", "source": "/x"}, None, None),
        ({"type": "bind", "source": "/x", "target": "/x", "bind": 5}, None, None),
    ],
)  # fmt: skip
def test_volumes(row: Any, sensitive: list[str] | None, sockets: list[str] | None) -> None:
    found = spec(VOLUMES, volumes=[row])
    assert (found.get("sensitive_mounts"), found.get("engine_sockets")) == (sensitive, sockets)


def test_one_that_cannot_be_read_hides_no_other() -> None:
    one = service(VOLUMES, volumes=["outer:/x", "/etc:/y"])
    assert one.spec["sensitive_mounts"] == ["/etc"]
    assert one.members["sensitive_mounts"] == [("volumes", 1)]
    assert "engine_sockets" not in one.spec


@pytest.mark.parametrize(
    ("row", "shared"),
    [
        ("/srv/x:/x:shared", ["/x"]), ("/srv/x:/x:ro,rshared", ["/x"]), ("/srv/x:/x:rslave", []),
        ({"type": "bind", "source": "/srv/x", "target": "/x", "bind": {"propagation": "shared"}}, ["/x"]),
        ({"type": "bind", "source": "/srv/x", "target": "/x", "bind": {"propagation": "odd"}}, None),
    ],
)  # fmt: skip
def test_propagation(row: Any, shared: list[str] | None) -> None:
    assert spec(volumes=[row]).get("shared_mounts") == shared


def test_secrets_and_configs_are_files_of_the_host() -> None:
    resources = {
        "secrets": {"key": {"file": "/etc/ssh/key"}, "mine": {"file": "./mine"}, "env": {"environment": "X"}},
        "configs": {"c": {"content": "x"}},
    }
    one = service(resources, secrets=["mine", {"source": "key"}, "env"], configs=["c"])
    assert one.spec["sensitive_mounts"] == ["/etc/ssh/key"]
    assert one.members["sensitive_mounts"] == [("secrets", 1)]
    assert "sensitive_mounts" not in spec(resources, secrets=["none"])
    assert "sensitive_mounts" not in spec(resources, secrets=5)


def test_the_engine_socket_by_its_own_key() -> None:
    assert spec(use_api_socket=True)["engine_sockets"] == ["/var/run/docker.sock"]
    assert spec(use_api_socket="odd")["engine_sockets"] == ["/var/run/docker.sock"]
    assert spec(use_api_socket=False)["engine_sockets"] == []


def test_volumes_from() -> None:
    found = services({"services": {
        "a": {"volumes": ["/etc:/x"]}, "b": {"volumes_from": ["a:ro"]}, "c": {"volumes_from": ["container:z"]}, "d": {"volumes_from": ["b"]},
        "e": {"volumes_from": 5}, "f": {"volumes_from": ["g"]}, "g": {},
    }})  # fmt: skip
    rows = {name: one.spec.get("sensitive_mounts") for name, one in found.items()}
    # d goes by way of b: that is not followed, and no pass.
    assert rows == {"a": ["/etc"], "b": ["/etc"], "c": None, "d": None, "e": None, "f": [], "g": []}
    assert found["b"].members["sensitive_mounts"] == [("volumes_from", 0)]
