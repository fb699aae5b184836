from __future__ import annotations

import time
from typing import Any

import pytest
from unit.support.compose_services import service, spec


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("80", ["0.0.0.0:0->80/tcp"]), (80, ["0.0.0.0:0->80/tcp"]), ("8080:80", ["0.0.0.0:8080->80/tcp"]), ("8080:80/udp", ["0.0.0.0:8080->80/udp"]),
        ("0.0.0.0:8080:80", ["0.0.0.0:8080->80/tcp"]), ("127.0.0.1:8080:80", []), ("127.0.0.1::80", []), ("[::1]:80:80", []), ("::1:80:80", []),
        ("[::]:80:80", ["[::]:80->80/tcp"]), ("::80:80", None), ("8000-8001:80-81", ["0.0.0.0:8000->80/tcp", "0.0.0.0:8001->81/tcp"]),
        ("8000-8001:80", ["0.0.0.0:8000->80/tcp", "0.0.0.0:8001->80/tcp"]), ("3000-3001", ["0.0.0.0:0->3000/tcp", "0.0.0.0:0->3001/tcp"]),
        ({"target": 80}, ["0.0.0.0:0->80/tcp"]), ({"target": 80, "published": "8080", "host_ip": "127.0.0.1"}, []),
        ({"target": 80, "published": 8080, "protocol": "udp"}, ["0.0.0.0:8080->80/udp"]), ({"published": 80}, None), ({"target": [80]}, None),
        ({"target": 80, "host_ip": "x\n"}, None), ({"target": 80, "protocol": "x\n"}, None), ("80-70:80-70", None), ("1-3:1-2", None), ("99999:80", None),
        ("", None), ("a:b", None), (None, None), (1.5, None), ("8080:8080:8080", None), (True, None),
    ],
)  # fmt: skip
def test_forms(row: Any, shown: list[str] | None) -> None:
    assert spec(ports=[row]).get("wildcard_ports") == shown


def test_one_that_cannot_be_read_hides_no_other() -> None:
    found = service(ports=["rubbish", "80:80"])
    assert found.spec["wildcard_ports"] == ["0.0.0.0:80->80/tcp"]
    assert found.members["wildcard_ports"] == [("ports", 1)]
    assert "ports" not in found.spec
    assert "wildcard_ports" not in spec(ports=["rubbish", "127.0.0.1:80:80"])
    assert "ports" not in spec(ports=5)


def test_privileged_ports() -> None:
    assert spec(ports=["127.0.0.1:1023:1", "1024:2", "3"])["privileged_ports"] == ["127.0.0.1:1023->1/tcp"]


def test_many_ranges_are_bounded() -> None:
    start = time.perf_counter()
    assert "ports" not in spec(ports=["1-65535:1-65535"] * 5000)
    assert time.perf_counter() - start < 20
