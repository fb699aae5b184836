"""Rootless engines: run by an account, confined to its ids, and seen by the audit."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

from hullguard import collect

FOLDER = "/var/tmp/hullguard-rootless"
NAME = "hullguard-rootless-test"


@pytest.fixture(scope="module")
def engine(host: Host) -> dict[str, Any]:
    """What the collector says of the first rootless engine; it is sent there as an argument: no file is left behind."""
    packed = base64.b64encode(zlib.compress(Path(collect.__file__).read_bytes())).decode()
    program = f"import base64,zlib;exec(zlib.decompress(base64.b64decode('{packed}')))"
    evidence: dict[str, Any] = json.loads(host.check_output("python3 -c %s", program))
    rootless: list[dict[str, Any]] = [found for found in evidence["engines"] if found["rootless"]]
    if not rootless:
        pytest.fail("the collector sees no rootless engine")
    return rootless[0]


@pytest.fixture(scope="module")
def docker(engine: dict[str, Any]) -> str:
    """The client's command for that engine."""
    return f"docker --host unix://{engine['socket']}"


@pytest.fixture(scope="module")
def image(host: Host, docker: str) -> str:
    """An image of that engine that has a shell; nothing is pulled for this."""
    for found in host.check_output(f"{docker} images --quiet").split():
        if host.run(f"{docker} run --rm --network none --entrypoint sh %s -c true", found).rc == 0:
            return found
    pytest.skip("the rootless engine has no image with a shell in it")


@pytest.fixture
def folder(host: Host) -> Iterator[str]:
    """A folder of the host that everybody may write to, as long as a test needs it."""
    host.check_output("mkdir -p -m 0777 %s && chmod 0777 %s", FOLDER, FOLDER)
    yield FOLDER
    host.check_output("rm -rf %s", FOLDER)


def ranges(host: Host, engine: dict[str, Any], file: str) -> list[tuple[int, int]]:
    """Return (first, count) of the account's subordinate ids."""
    lines = [line.split(":") for line in host.file(file).content_string.splitlines() if line.count(":") == 2]
    uid = host.check_output("id -u %s", engine["user"])
    return [(int(first), int(count)) for owner, first, count in lines if owner in (engine["user"], uid)]


def test_the_collector_asks_it(engine: dict[str, Any]) -> None:
    assert engine["name"] == f"rootless:{engine['user']}"
    assert engine["reachable"]
    assert engine["error"] is None
    assert "name=rootless" in engine["info"]["SecurityOptions"]


def test_the_collector_sees_its_containers(host: Host, docker: str, engine: dict[str, Any]) -> None:
    listed = host.check_output(f"{docker} ps --all --no-trunc --quiet").split()
    assert sorted(container["Id"] for container in engine["containers"]) == sorted(listed)


def test_its_daemon_is_not_root(host: Host, engine: dict[str, Any]) -> None:
    uid = int(host.check_output("id -u %s", engine["user"]))
    assert uid > 0
    assert engine["process"]["uid"] == uid
    assert host.check_output("stat -c %%u /proc/%s", str(engine["process"]["pid"])) == str(uid)
    effective = host.check_output(
        "grep CapBnd /proc/%s/status; cat /proc/%s/uid_map", *[str(engine["process"]["pid"])] * 2
    )
    assert [line.split()[:2] for line in effective.splitlines()[1:2]] == [["0", str(uid)]]


def test_its_containers_have_the_accounts_ids(
    host: Host, docker: str, engine: dict[str, Any], image: str
) -> None:
    uid = host.check_output("id -u %s", engine["user"])
    first, count = ranges(host, engine, "/etc/subuid")[0]
    try:
        host.check_output(f"{docker} run -d --name %s --network none --entrypoint sleep %s 60", NAME, image)
        pid = str(json.loads(host.check_output(f"{docker} inspect %s", NAME))[0]["State"]["Pid"])
        shown = [line.split() for line in host.check_output("cat /proc/%s/uid_map", pid).splitlines()]
        assert shown[0] == ["0", uid, "1"]
        assert shown[1] == ["1", str(first), str(count)]
        assert host.check_output("stat -c %%u /proc/%s", pid) == uid
    finally:
        host.run(f"{docker} rm -f %s", NAME)


def test_root_of_a_container_is_the_account(
    host: Host, docker: str, engine: dict[str, Any], image: str, folder: str
) -> None:
    script = "touch /here/file; cat /host/shadow; echo x >/host/shadow"
    said = host.run(
        f"{docker} run --rm --network none --volume {folder}:/here --volume /etc/shadow:/host/shadow --entrypoint sh %s -c %s",
        image,
        script,
    )
    assert host.file(f"{folder}/file").user == engine["user"]
    assert "root:" not in said.stdout
    assert (said.stdout + said.stderr).lower().count("permission denied") == 2


def test_a_privileged_container_is_not_root_of_the_host(
    host: Host, docker: str, engine: dict[str, Any], image: str
) -> None:
    found = host.run(
        f"{docker} run --rm --network none --privileged --entrypoint sh %s -c 'cat /proc/self/uid_map'", image
    )
    if found.rc != 0:
        pytest.skip(f"the host lets no rootless container be privileged: {found.stderr.strip()[-100:]}")
    assert found.stdout.split()[1] == host.check_output("id -u %s", engine["user"])


def test_the_engine_stays_when_nobody_is_logged_in(host: Host, engine: dict[str, Any]) -> None:
    assert host.check_output("loginctl show-user %s --property Linger --value", engine["user"]) == "yes"


def test_published_ports_answer(host: Host, docker: str) -> None:
    shown = host.run(f"{docker} port web 80/tcp")
    if shown.rc != 0:
        pytest.skip("it runs no container 'web', which the scenario has")
    port = shown.stdout.split()[0].rpartition(":")[2]
    script = f"import socket; s = socket.create_connection(('127.0.0.1', {port}), 5); s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n'); print(s.recv(4).decode())"
    assert host.check_output("python3 -c %s", script) == "HTTP"


@pytest.mark.parametrize("file", ["/etc/subuid", "/etc/subgid"])
def test_nobody_else_has_ids_of_the_range(host: Host, engine: dict[str, Any], file: str) -> None:
    first, count = ranges(host, engine, file)[0]
    assert count >= 65536
    lines = [line.split(":") for line in host.file(file).content_string.splitlines() if line.count(":") == 2]
    assert (
        len(
            {
                owner
                for owner, start, size in lines
                if int(start) < first + count and first < int(start) + int(size)
            }
        )
        == 1
    )


def test_the_account_may_not_use_the_systems_engine(host: Host, engine: dict[str, Any]) -> None:
    asked = host.run("runuser -u %s -- docker --host unix:///run/docker.sock version", engine["user"])
    assert asked.rc != 0
    assert "permission denied" in asked.stderr.lower()
