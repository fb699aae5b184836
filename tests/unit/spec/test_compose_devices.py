from __future__ import annotations

from typing import Any

import pytest
from unit.support.compose_services import service, spec


@pytest.mark.parametrize(
    ("members", "devices"),
    [
        ({}, []), ({"devices": ["/dev/sda:/dev/xvda:r", {"source": "/dev/kvm"}]}, ["/dev/kvm", "/dev/sda"]), ({"gpus": "all"}, ["driver request"]),
        ({"gpus": [{"driver": "nvidia"}]}, ["nvidia request"]), ({"device_cgroup_rules": ["c 1:3 mr"]}, ["cgroup rule c 1:3 mr"]),
        ({"deploy": {"resources": {"reservations": {"devices": [{"driver": "cdi"}]}}}}, ["cdi request"]), ({"privileged": True}, ["every device (privileged)"]),
        ({"devices": 5}, None), ({"devices": [5]}, None), ({"devices": [5, "/dev/sda"]}, ["/dev/sda"]), ({"deploy": 5}, None), ({"privileged": "x"}, None),
    ],
)  # fmt: skip
def test_devices(members: dict[str, Any], devices: list[str] | None) -> None:
    assert spec(**members).get("devices") == devices


def test_members() -> None:
    one = service(devices=["/dev/z", "/dev/a"], privileged=True)
    assert one.members["devices"] == [("devices", 1), ("devices", 0), ("privileged",)]
