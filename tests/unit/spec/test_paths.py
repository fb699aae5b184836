from __future__ import annotations

import pytest

from hullguard.spec.paths import canonical, engine_socket, inside, sensitive


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/etc/", "/etc"), ("//etc//x/../y", "/etc/y"), ("/var/run/docker.sock", "/run/docker.sock"), ("/var/run", "/run"),
        ("/var/runner", "/var/runner"), ("/../../etc", "/etc"), ("", "/"), ("etc", "/etc"), ("/etc/.", "/etc"),
    ],
)  # fmt: skip
def test_canonical(path: str, expected: str) -> None:
    assert canonical(path) == expected


def test_inside() -> None:
    assert inside("/etc/docker", "/etc")
    assert inside("/etc", "/etc")
    assert inside("/x", "/")
    assert not inside("/etcetera", "/etc")


@pytest.mark.parametrize("writable", [True, False])
@pytest.mark.parametrize(
    "path",
    ["/", "/etc", "/etc/", "/proc", "/sys", "/dev", "/boot", "/usr", "/lib", "/root", "/var", "/var/run", "/run", "/home", "/var/lib",
     "/var/lib/docker", "/var/lib/docker/volumes/x", "/etc/shadow", "/etc/docker/daemon.json", "/root/.ssh", "/etc/ssh/ssh_host_rsa_key",
     "/etc/../etc", "/srv/../etc", "/etc/kubernetes/admin.conf", "/var/lib/containerd"],
)  # fmt: skip
def test_sensitive_even_when_read_only(path: str, writable: bool) -> None:
    assert sensitive(path, writable, "/var/lib/docker")


@pytest.mark.parametrize(
    "path", ["/etc/cron.d", "/usr/local/bin", "/dev/sda1", "/sys/fs/cgroup", "/proc/sys/kernel/core_pattern", "/var/spool/cron/crontabs",
             "/run/systemd/private", "/run/dbus/system_bus_socket", "/var/lib/kubelet/pods"]
)  # fmt: skip
def test_sensitive_when_writable(path: str) -> None:
    assert sensitive(path, True, "/var/lib/docker")
    assert not sensitive(path, False, "/var/lib/docker")


@pytest.mark.parametrize(
    "path",
    ["/srv/app", "/home/app/data", "/mnt/data", "/opt/x", "/var/log/app", "/tmp/x", "/etcetera", "/data"],
)
def test_ordinary_places(path: str) -> None:
    assert not sensitive(path, True, "/var/lib/docker")


def test_time_zone_files_are_harmless_read_only() -> None:
    assert not sensitive("/etc/localtime", False, "/var/lib/docker")


def test_the_real_data_root_counts() -> None:
    assert sensitive("/data/docker/volumes", False, "/data/docker")
    assert sensitive("/data", False, "/data/docker")


@pytest.mark.parametrize(
    "path",
    ["/var/run/docker.sock", "/run/docker.sock", "/run", "/var/run", "/", "/run/containerd", "/run/containerd/containerd.sock", "/run/docker/containerd",
     "/run/user/1000/docker.sock", "/run/user/1000", "/run/user", "/srv/copy/docker.sock", "/run/k3s/containerd/containerd.sock",
     "/run/podman/podman.sock", "/srv/engine.sock", "/srv"],
)  # fmt: skip
def test_engine_sockets(path: str) -> None:
    assert engine_socket(path, ["/srv/engine.sock"])


@pytest.mark.parametrize("path", ["/run/app", "/run/docker.sock.d", "/run/user/1000/pulse", "/srv2", "/etc"])
def test_what_is_no_engine_socket(path: str) -> None:
    assert not engine_socket(path, ["/srv/engine.sock"])
