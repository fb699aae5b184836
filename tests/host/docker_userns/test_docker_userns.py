"""User-namespace remapping: root in a container is nobody on the host."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from testinfra.host import Host

FOLDER = "/var/tmp/hullguard-userns"
NAME = "hullguard-userns-test"


@pytest.fixture(scope="module")
def image(host: Host) -> str:
    """An image of the remapped store that has a shell; nothing is pulled for this."""
    if not re.search(r"^\s*userns$", host.check_output("docker info"), re.MULTILINE):
        pytest.fail("the engine does not run remapped")
    for found in host.check_output("docker images --quiet").split():
        if host.run("docker run --rm --network none --entrypoint sh %s -c true", found).rc == 0:
            return found
    pytest.skip("the remapped engine has no image with a shell in it")


@pytest.fixture(scope="module")
def first(host: Host) -> int:
    """The first id of the range, as the engine names its store after it."""
    root = re.search(r"Docker Root Dir: .*/(\d+)\.\d+$", host.check_output("docker info"), re.MULTILINE)
    assert root
    return int(root[1])


@pytest.fixture
def folder(host: Host) -> Iterator[str]:
    """A folder of the host that everybody may write to, as long as a test needs it."""
    host.check_output("mkdir -p -m 0777 %s && chmod 0777 %s", FOLDER, FOLDER)
    yield FOLDER
    host.check_output("rm -rf %s", FOLDER)


def inside(host: Host, image: str, script: str, *options: str) -> str:
    """Return what a shell in a new container says, errors too."""
    found = host.run(
        "docker run --rm --network none --entrypoint sh " + " ".join(options) + " %s -c %s", image, script
    )
    return str(found.stdout + found.stderr)


def test_root_of_a_container_is_the_first_id_of_the_range(host: Host, image: str, first: int) -> None:
    inner, outer, size = inside(host, image, "head -n 1 /proc/self/uid_map").split()
    assert (int(inner), int(outer)) == (0, first)
    assert first > 0
    assert int(size) >= 65536


def test_the_host_sees_its_processes_as_that_id(host: Host, image: str, first: int) -> None:
    try:
        host.check_output("docker run -d --name %s --network none --entrypoint sleep %s 60", NAME, image)
        pid = str(json.loads(host.check_output("docker inspect %s", NAME))[0]["State"]["Pid"])
        assert host.check_output("stat -c %%u /proc/%s", pid) == str(first)
    finally:
        host.run("docker rm -f %s", NAME)


def test_what_root_writes_to_a_bind_mount_belongs_to_that_id(
    host: Host, image: str, first: int, folder: str
) -> None:
    inside(host, image, "touch /here/file && chmod 4755 /here/file", f"--volume {folder}:/here")
    file = host.file(f"{folder}/file")
    assert file.exists
    assert file.uid == first


def test_files_of_the_hosts_root_are_out_of_reach(host: Host, image: str, folder: str) -> None:
    secret = f"{folder}/shadow"
    host.check_output("echo secret > %s && chmod 0600 %s", secret, secret)
    said = inside(
        host,
        image,
        "cat /here/shadow; echo mine > /here/shadow; chown 0 /here/shadow",
        f"--volume {folder}:/here",
    )
    assert "secret" not in said
    assert said.lower().count("permission denied") + said.lower().count("not permitted") == 3
    assert host.file(secret).content_string == "secret\n"


def test_the_hosts_shadow_file_cannot_be_read(host: Host, image: str) -> None:
    assert "root:" not in inside(host, image, "cat /host/shadow", "--volume /etc/shadow:/host/shadow:ro")


def test_the_engines_socket_is_no_way_out(host: Host, image: str) -> None:
    # Opening a socket fails either way; only whoever may not use it is told so.
    said = inside(host, image, "cat /s; echo >/s", "--volume /var/run/docker.sock:/s")
    assert said.lower().count("permission denied") == 2


def test_privileged_containers_have_to_say_that_they_leave_the_range(host: Host, image: str) -> None:
    assert "incompatible with user namespaces" in inside(host, image, "true", "--privileged")


@pytest.mark.parametrize("file", ["/etc/subuid", "/etc/subgid"])
def test_nobody_else_has_ids_of_the_range(host: Host, file: str, first: int) -> None:
    ranges = [line.split(":") for line in host.file(file).content_string.splitlines() if line.count(":") == 2]
    holders = {
        owner
        for owner, start, size in ranges
        if int(start) < first + 65536 and first < int(start) + int(size)
    }
    assert len(holders) == 1
    taken = [
        line.split(":")[2]
        for line in host.check_output(
            "getent %s", "passwd" if file == "/etc/subuid" else "group"
        ).splitlines()
    ]
    assert [number for number in taken if first <= int(number) < first + 65536] == []


def test_it_holds_after_the_next_start(host: Host, first: int) -> None:
    configured = json.loads(host.file("/etc/docker/daemon.json").content_string)
    assert configured["userns-remap"]
    assert first
