"""Who reaches the engine, what the kernel and the engine's process really have, and that containers can do all they could."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from testinfra.host import Host

SYSCTL = "/etc/sysctl.d/zz-hullguard.conf"
DROP_IN = "/etc/systemd/system/docker.service.d/zz-hullguard-limits.conf"
CONNECT = "import socket; socket.socket(socket.AF_UNIX).connect('/run/docker.sock'); print('connected')"
SWAPOFF = (
    "import ctypes; libc = ctypes.CDLL(None, use_errno=True); libc.swapoff(b'/nonexistent'); "
    "print(ctypes.get_errno())"
)
EPERM, ENOENT = "1", "2"


def settings(host: Host, path: str) -> dict[str, str]:
    """The lines of a file that set something."""
    lines = host.file(path).content_string.splitlines()
    pairs = (line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def process(host: Host, file: str) -> str:
    """A file of the engine's process in /proc."""
    pid = host.check_output("systemctl show --property=MainPID --value docker.service")
    return str(host.file(f"/proc/{pid}/{file}").content_string)


@pytest.fixture
def image(host: Host) -> str:
    """The image that containers are made from."""
    found = host.run("docker images --quiet hullguard-lab/busybox").stdout.strip()
    if not found:
        pytest.skip("no image to make containers from")
    return str(found.splitlines()[0])


@pytest.fixture
def prepared(host: Host) -> Host:
    """The host of molecule/docker_host/prepare.yml; skips on any other."""
    if not host.file("/etc/sysctl.d/60-general-hardening.conf").exists:
        pytest.skip("not a host of the scenario docker_host")
    return host


# --- who -----------------------------------------------------------------------------------------------------


def test_the_approved_account_reaches_the_engine(prepared: Host) -> None:
    result = prepared.run("runuser -u alice -- python3 -c %s", CONNECT)
    assert result.stdout.strip() == "connected", result.stderr


def test_the_removed_account_does_not(prepared: Host) -> None:
    result = prepared.run("runuser -u mallory -- python3 -c %s", CONNECT)
    assert "Errno 13" in result.stderr, result.stdout


def test_nobody_else_is_in_the_group(prepared: Host) -> None:
    group = prepared.check_output("stat -c %G /run/docker.sock")
    assert prepared.check_output("getent group %s", group).split(":")[3] == "alice"


# --- the kernel ----------------------------------------------------------------------------------------------


def test_the_file_is_read_after_all_others(host: Host) -> None:
    file = host.file(SYSCTL)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    assert max(host.file("/etc/sysctl.d").listdir()) == "zz-hullguard.conf"


def test_the_kernel_has_every_parameter_that_is_this_hosts_own(host: Host) -> None:
    contained = host.run("systemd-detect-virt --container --quiet").rc == 0
    wrong, seen = [], 0
    for name, wanted in settings(host, SYSCTL).items():
        if name.startswith("-") or (contained and not name.startswith("net.")):
            continue
        path = name if "/" in name else name.replace(".", "/")
        for line in host.check_output(f"cd /proc/sys && grep -H '' {path}").splitlines():
            where, _, has = line.partition(":")
            seen += 1
            if has.split() != wanted.split():
                wrong.append(f"{where} is {has}, wanted {wanted}")
    assert seen > 10
    assert not wrong


def test_the_kernel_is_not_changed_for_others(host: Host) -> None:
    """A container's kernel is everybody's: what is not its own is written and stays as it was."""
    if host.run("systemd-detect-virt --container --quiet").rc != 0:
        pytest.skip("a kernel of its own")
    if host.check_output("cat /proc/sys/kernel/kptr_restrict") == "2":
        pytest.skip("the kernel's owner has it at 2")
    assert settings(host, SYSCTL)["kernel.kptr_restrict"] == "2"


def test_a_stricter_value_of_the_administrator_stays(prepared: Host) -> None:
    assert settings(prepared, SYSCTL)["kernel.kptr_restrict"] == "2"
    assert settings(prepared, SYSCTL)["kernel.dmesg_restrict"] == "1"
    assert prepared.file("/etc/sysctl.d/50-site.conf").content_string.startswith("kernel.kptr_restrict = 2\n")


def test_own_values_are_taken_and_null_leaves_out(prepared: Host) -> None:
    assert prepared.check_output("cat /proc/sys/net/ipv4/tcp_keepalive_time") == "600"
    assert not [name for name in settings(prepared, SYSCTL) if "secure_redirects" in name]
    assert prepared.check_output("cat /proc/sys/net/ipv4/conf/default/secure_redirects") == "1"


def test_a_network_made_later_has_the_values(host: Host) -> None:
    host.check_output("docker network create --opt com.docker.network.bridge.name=hgprobe hgprobe")
    try:
        assert host.check_output("cat /proc/sys/net/ipv4/conf/hgprobe/send_redirects") == "0"
        assert host.check_output("cat /proc/sys/net/ipv4/conf/hgprobe/accept_source_route") == "0"
    finally:
        host.check_output("docker network rm hgprobe")


def test_forwarding_is_left_alone(host: Host, image: str) -> None:
    assert not [name for name in settings(host, SYSCTL) if "forward" in name]
    gateway = re.search(r"via (\S+)", host.check_output("ip -4 route show default"))
    assert gateway, "this host has no gateway"
    ping = f"ping -c 1 -W 3 {gateway[1]}"
    assert host.run(f"docker run --rm {image} {ping}").rc == 0
    # Without a network the same question has no answer.
    assert host.run(f"docker run --rm --network none {image} {ping}").rc != 0


# --- the service ---------------------------------------------------------------------------------------------


def test_the_engine_has_its_limits(prepared: Host) -> None:
    limits = process(prepared, "limits")
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
    assert re.search(r"^Max open files +16384 +16384 ", limits, re.MULTILINE)


def test_a_limit_of_the_administrator_stays(prepared: Host) -> None:
    assert "OOMScoreAdjust" not in settings(prepared, DROP_IN)
    assert process(prepared, "oom_score_adj").strip() == "100"


def test_the_engine_is_filtered(host: Host) -> None:
    assert re.search(r"^Seccomp:\s*2$", process(host, "status"), re.MULTILINE)
    shown = host.check_output("systemctl show --property=RestrictRealtime,NeedDaemonReload docker.service")
    assert sorted(shown.splitlines()) == ["NeedDaemonReload=no", "RestrictRealtime=yes"]


def test_what_the_filter_refuses(host: Host) -> None:
    """The same lines around another program: a call that would fail for want of a file is not permitted."""
    probe = 'systemd-run --pipe --wait --quiet %s python3 -c "%s"'
    options = " ".join(f"'--property={name}={value}'" for name, value in settings(host, DROP_IN).items())
    assert host.check_output(probe % ("", SWAPOFF)) == ENOENT
    assert host.check_output(probe % (options, SWAPOFF)) == EPERM


# --- what containers can do ----------------------------------------------------------------------------------


@pytest.fixture
def web(host: Host, image: str) -> Iterator[str]:
    """A container with a published port and a volume."""
    host.check_output("mkdir -p /root/hgprobe && echo from-the-volume >/root/hgprobe/index.html")
    run = "docker run --detach --publish 18099:80 --volume /root/hgprobe:/www"
    name = host.check_output(f"{run} {image} httpd -f -h /www")
    yield name
    host.check_output("docker rm --force %s && rm -r /root/hgprobe", name)


def test_volumes_and_published_ports_work(host: Host, web: str) -> None:
    read = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:18099/').read().decode())"
    assert "from-the-volume" in host.check_output("python3 -c %s", read)


def test_images_with_setuid_files_can_be_built(host: Host, image: str) -> None:
    build = "DOCKER_BUILDKIT=0 docker build --quiet --tag hgprobe - <<'END'\n"
    lines = f"FROM {image}\nRUN cp /bin/busybox /bin/raised && chmod 4755 /bin/raised\nEND"
    host.check_output(build + lines)
    try:
        assert host.check_output("docker run --rm hgprobe stat -c %a /bin/raised") == "4755"
    finally:
        host.check_output("docker rmi hgprobe")


def test_setuid_programs_work_in_containers(host: Host, image: str) -> None:
    host.check_output("install -m 4755 $(command -v id) /usr/local/bin/hgprobe")
    run = f"docker run --rm --user 1000 --volume /usr:/usr:ro --volume /usr/lib:/lib:ro {image}"
    run = run.replace("/lib:ro", "/lib:ro --volume /usr/lib64:/lib64:ro")
    try:
        assert host.check_output(f"{run} /usr/local/bin/hgprobe -u") == "0"
        refused = host.check_output(
            f"{run.replace('--rm', '--rm --security-opt no-new-privileges')} /usr/local/bin/hgprobe -u"
        )
        assert refused == "1000"
    finally:
        host.check_output("rm /usr/local/bin/hgprobe")


def test_containers_have_none_of_the_engines_limits(host: Host, image: str) -> None:
    if host.file("/run/docker/containerd/containerd.sock").exists:
        pytest.skip("this engine starts containerd itself")
    files = host.check_output(f"docker run --rm {image} sh -c 'ulimit -Hn'")
    core = host.check_output(f"docker run --rm {image} sh -c 'ulimit -Hc'")
    assert core != "0"
    assert files != settings(host, DROP_IN)["LimitNOFILE"]
