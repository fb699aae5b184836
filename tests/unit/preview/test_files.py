from __future__ import annotations

from typing import Any

import pytest
from catalogue.baseline import bind, file_fact
from unit.preview.hosts import careless, choice, container, effects, seen, short

FILES = choice("docker_files")


def changed(host: Any, slug: str) -> list[tuple[str, str, str]]:
    row = next(row for row in seen(host, FILES)["controls"] if row["id"] == slug)
    return [(change["what"], change["before"], change["after"]) for change in row["changes"]]


def test_only_bits_are_taken_away() -> None:
    host = careless()
    host["files"]["daemon_json"] = [file_fact("/etc/docker/daemon.json", mode="0666")]
    assert changed(host, "daemon_json_mode") == [("/etc/docker/daemon.json", "mode 0666", "mode 0644")]
    assert short(effects("daemon_json_mode", host, FILES)) == [
        ("loses_write_access", "maybe", "now", "others than root")
    ]


def test_owners_are_put_right() -> None:
    host = careless()
    host["files"]["tls_key"] = [file_fact("/etc/docker/key.pem", owner="app", group="app")]
    assert changed(host, "tls_key_owner") == [("/etc/docker/key.pem", "app:app", "root:root")]
    assert short(effects("tls_key_owner", host, FILES)) == [
        ("loses_read_access", "maybe", "now", "others than root")
    ]


def test_decent_files_are_no_step() -> None:
    assert seen(careless(), FILES)["controls"] == []
    assert effects("config_dir_mode", careless(), FILES) == []


@pytest.mark.parametrize(("user", "named"), [("1000", ["app"]), ("", [])])
def test_an_open_socket_is_closed(user: str, named: list[str]) -> None:
    app = container("app")
    app["Config"]["User"], app["Mounts"] = user, [bind("/run/docker.sock")]
    host = careless(app, container("other"))
    host["files"]["docker_socket"] = [file_fact("/run/docker.sock", mode="0666", group="docker")]
    found = effects("docker_socket_mode", host, FILES)
    assert [e.name for e in found if e.kind == "container"] == named
    assert [e.name for e in found if e.kind == "client"] == ["accounts outside docker"]


def test_members_of_the_sockets_former_group() -> None:
    host = careless()
    host["files"]["docker_socket"] = [file_fact("/run/docker.sock", mode="0660", group="ops")]
    host["groups"] = {
        "docker": {"gid": 1, "members": ["deploy"]},
        "ops": {"gid": 2, "members": ["bob", "deploy"]},
    }
    assert short(effects("docker_socket_owner", host, FILES)) == [
        ("loses_engine_access", "will", "now", "bob")
    ]


def test_users_of_containerd() -> None:
    host = careless()
    host["files"]["containerd_socket"] = [
        file_fact("/run/containerd/containerd.sock", mode="0660", group="monitor")
    ]
    assert short(effects("containerd_socket_owner", host, FILES)) == [
        ("loses_engine_access", "maybe", "now", "users of containerd")
    ]
