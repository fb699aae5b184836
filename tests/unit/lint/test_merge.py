from __future__ import annotations

from typing import Any

import pytest

from hullguard.errors import InputError

BASE = """\
services:
  web:
    image: a
    command: [serve]
    user: app
    cap_add: [CHOWN]
    security_opt: ["label=disable"]
    ports: ["80:80"]
    volumes: ["/srv/a:/a", "/srv/b:/b"]
    tmpfs: /tmp
    environment: {A: 1, B: 2}
    build: .
    logging: {driver: syslog, options: {a: b}}
    ulimits: {nofile: {soft: 1, hard: 2}}
    networks: [one]
"""


def merged(load: Any, override: str) -> Any:
    return load(BASE, "services:\n  web:\n    " + override).services["web"]


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("user: root", "user", "root"),
        ("user:", "user", "app"),
        ("user: !reset null", "user", None),
        ("cap_add: [CHOWN, KILL]", "cap_add", ["CHOWN", "KILL"]),
        ("security_opt: [no-new-privileges:true]", "security_opt", ["label=disable", "no-new-privileges:true"]),
        ('ports: ["127.0.0.1:80:80"]', "ports", ["80:80", "127.0.0.1:80:80"]),
        ('ports: ["80:80"]', "ports", ["80:80"]),
        ('ports: !override ["127.0.0.1:80:80"]', "ports", ["127.0.0.1:80:80"]),
        ("ports: !reset []", "ports", None),
        ('volumes: ["/other:/a:ro"]', "volumes", ["/other:/a:ro", "/srv/b:/b"]),
        ("volumes: [{type: bind, source: /x, target: /b}]", "volumes", ["/srv/a:/a", {"type": "bind", "source": "/x", "target": "/b"}]),
        ("tmpfs: [/run]", "tmpfs", ["/tmp", "/run"]),
        ("environment: [B=3, C=4]", "environment", ["A", "B", "C"]),
        ("build: {target: x}", "build", {"context": ".", "target": "x"}),
        ("logging: {options: {c: d}}", "logging", {"driver": "syslog", "options": {"a": "b", "c": "d"}}),
        ("logging: {driver: journald}", "logging", {"driver": "journald"}),
        ("ulimits: {nofile: 5}", "ulimits", {"nofile": 5}),
        ("networks: {two: {}}", "networks", {"one": None, "two": {}}),
    ],
)  # fmt: skip
def test_one_file_over_another(load: Any, override: str, key: str, value: Any) -> None:
    assert merged(load, override).get(key) == value


def test_the_line_is_that_of_the_file_that_decides(load: Any) -> None:
    web = merged(load, 'user: root\n    ports: ["81:81"]')
    assert str(web.at["user"]) == "override0.yml:3"
    assert [str(at) for at in web["ports"].at] == ["compose.yml:8", "override0.yml:4"]


def test_forms_that_differ(load: Any) -> None:
    with pytest.raises(InputError, match=r"override0.yml:3: services.web.cap_add can't be laid over"):
        merged(load, "cap_add: {a: b}")


def test_a_file_may_have_several_documents(load: Any) -> None:
    assert load("services: {a: {image: x}}\n---\nservices: {a: {user: u}, b: {image: y}}").services == {
        "a": {"image": "x", "user": "u"}, "b": {"image": "y"},
    }  # fmt: skip
