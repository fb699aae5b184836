"""The profiles are whole and loaded where the kernel takes them; what a container under one may not do is only seen there."""

from __future__ import annotations

import pytest
from testinfra.host import Host

FOLDER = "/etc/apparmor.d"
PROFILES = ["hullguard-default", "hullguard-nginx"]
LOADED = "/sys/kernel/security/apparmor/profiles"


@pytest.fixture
def kernel(host: Host) -> str:
    """What the kernel has loaded; skips where it has no AppArmor."""
    if not host.file(LOADED).exists:
        pytest.skip("this kernel has no AppArmor")
    return str(host.file(LOADED).content_string)


@pytest.fixture
def run(host: Host, kernel: str) -> str:
    """The start of a command in a container that has every right but for its profile."""
    found = host.run("docker images --quiet hullguard-lab/busybox").stdout.split()
    if not found:
        pytest.skip("no image to make containers from")
    rights = "--cap-add SYS_ADMIN --cap-add NET_RAW --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
    return f"docker run --rm {rights} --security-opt apparmor=hullguard-default {found[0]}"


@pytest.mark.parametrize("name", PROFILES)
def test_the_profiles_are_roots_and_parse(host: Host, name: str) -> None:
    file = host.file(f"{FOLDER}/{name}")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    names = host.check_output("apparmor_parser --skip-kernel-load --skip-cache --names %s", file.path)
    assert names.split() == [name]
    assert host.run("apparmor_parser --skip-kernel-load --skip-cache %s", file.path).rc == 0


def test_each_compiles_to_more_than_an_empty_one(host: Host) -> None:
    compiled = "apparmor_parser --skip-kernel-load --skip-cache --stdout"
    empty = int(host.check_output(f"echo 'profile nothing {{ }}' | {compiled} | wc -c"))
    assert empty > 0
    for name in PROFILES:
        assert int(host.check_output(f"{compiled} {FOLDER}/{name} | wc -c")) > 2 * empty


def test_what_the_administrator_had_stays(host: Host) -> None:
    if not host.file(f"{FOLDER}/site-admin").exists:
        pytest.skip("not a host of the scenario docker_apparmor")
    assert host.file(f"{FOLDER}/local/hullguard-default").content_string == "network can raw,\n"
    assert "role docker_apparmor" not in host.file(f"{FOLDER}/site-admin").content_string


def test_nothing_else_is_left(host: Host) -> None:
    assert (
        host.check_output(f"find {FOLDER} -name '*hullguard*~' -o -path '*force-complain/hullguard*'") == ""
    )


def test_raw_sockets_are_left_out(host: Host) -> None:
    text = host.file(f"{FOLDER}/hullguard-default").content_string
    assert "network netlink raw," in text
    assert "network inet raw" not in text
    assert "net_raw" not in text


def test_a_container_that_names_one_starts(host: Host) -> None:
    """With the profile where the kernel has it, without where it has no AppArmor: a host that waits for its kernel works on."""
    found = host.run("docker images --quiet hullguard-lab/busybox").stdout.split()
    if not found:
        pytest.skip("no image to make containers from")
    assert (
        host.check_output("docker run --rm --security-opt apparmor=hullguard-default %s echo up", found[0])
        == "up"
    )


def test_they_are_loaded(kernel: str) -> None:
    lines = kernel.splitlines()
    assert {f"{name} (enforce)" for name in PROFILES} <= set(lines)


@pytest.mark.parametrize(
    "command",
    [
        "sh -c 'mount -t tmpfs none /tmp || exit 1'",
        "sh -c 'echo 1 >/proc/sys/kernel/panic'",
        "sh -c 'echo h >/proc/sysrq-trigger'",
        "cat /proc/kcore",
        "arping -c 1 -w 1 127.0.0.1",
    ],
)
def test_what_leads_out_is_denied(host: Host, run: str, command: str) -> None:
    result = host.run(f"{run} {command}")
    assert result.rc != 0
    assert "ermission denied" in result.stderr or "not permitted" in result.stderr


@pytest.mark.parametrize(
    "command",
    ["sh -c 'echo x >/tmp/file && cat /tmp/file'", "ps", "id", "nslookup -type=a localhost 127.0.0.11"],
)
def test_what_services_do_goes_on(host: Host, run: str, command: str) -> None:
    assert "ermission denied" not in host.run(f"{run} {command}").stderr


def test_the_engine_can_stop_a_container(host: Host, run: str) -> None:
    start = run.replace("--rm", "--rm --detach --name hgstop")
    host.check_output(f"{start} sleep 1000")
    assert host.run("docker stop --time 1 hgstop").rc == 0
