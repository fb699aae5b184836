"""Harden, then roll back: the host is as it was, whatever roles had changed.

A role that forgets to say what it changes is found by a listing of all files, not by its own list.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from preview_support.machine import Machine, machine
from restore_support.listing import changed, listing
from restore_support.started import said, started

from hullguard.drift.compare import drift
from lab import engine, workload

# A host on which each role finds something to do.
CARELESS = """set -e
echo '{"debug": true}' > /etc/docker/daemon.json
chmod 0666 /etc/docker/daemon.json
chmod 0777 /etc/docker
chmod 0664 /usr/lib/systemd/system/docker.service
useradd --create-home --groups docker eve
useradd --create-home rootless
test -e /dev/net/tun || { mkdir -p /dev/net; mknod -m 0666 /dev/net/tun c 10 200; }
printf 'nothing to see\\n' > /etc/motd.hullguard
mkdir -p /etc/systemd/system/docker.service.d
printf '[Service]\\nEnvironment=THEIRS=1\\n' > /etc/systemd/system/docker.service.d/theirs.conf
systemctl daemon-reload
systemctl restart docker
"""
LABEL = "networks?filters=%7B%22label%22%3A%5B%22hullguard.role%3Ddocker_network%22%5D%7D"
# Each role with variables with which it changes something.
ROLES: dict[str, dict[str, Any]] = {
    "docker_apparmor": {},
    "docker_auditd": {},
    "docker_daemon": {},
    "docker_engine": {"docker_engine_hold": True},
    "docker_falco": {},
    "docker_files": {},
    "docker_host": {
        "docker_host_remove_members": True,
        "docker_host_sysctl": {"net.ipv4.conf.all.log_martians": 1},
    },
    "docker_network": {
        "docker_network_networks": [{"name": "backend", "internal": True}],
        "docker_network_published": [{"port": 8090, "sources": ["10.0.0.0/8"]}],
    },
    "docker_rootless": {"docker_rootless_user": "rootless"},
    "docker_scan": {},
    "docker_seccomp": {},
    "docker_secrets": {"docker_secrets_files": [{"name": "token", "content": "nothing secret"}]},
    "docker_tls": {"docker_tls_listen": ["127.0.0.1:2376"]},
    "docker_trust": {
        "docker_trust_registries": ["registry.example.net"],
        "docker_trust_rules": [],
    },
    "docker_userns": {"docker_userns_accept_hidden": True},
}
# In a few minutes; the others are for `./nox -s full`.
QUICK = ("docker_files",)


def prepared(folder: Path, suite: str) -> Iterator[Machine]:
    """Yield a careless host with containers that run."""
    with machine(engine.ensure(), folder, suite) as host:
        host.output("sh", "-c", CARELESS)
        host.docker(
            "run",
            "-d",
            "--name",
            "web",
            "--stop-timeout",
            "1",
            "--restart",
            "always",
            "IMAGE",
            "sleep",
            "86400",
        )
        host.docker(
            "run", "-d", "--name", "plain", "--stop-timeout", "1", "-p", "8090:80", "IMAGE", "sleep", "86400"
        )
        yield host


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A host of Debian 13; each test leaves it as it was, or has failed."""
    yield from prepared(tmp_path_factory.mktemp("rollback"), "debian-13")


@pytest.fixture(scope="module")
def old_host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A host of Debian 12, whose engine is 20.10."""
    yield from prepared(tmp_path_factory.mktemp("rollback-12"), "debian-12")


def facts(host: Machine, name: str) -> dict[str, Any]:
    """Return the host's evidence."""
    found: dict[str, Any] = json.loads(host.evidence(name).read_text(encoding="utf-8"))
    return found


def well(host: Machine, name: str, **variables: Any) -> str:
    """Return what a playbook said; it has to end well."""
    done = host.play(name, **variables)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


def tally(text: str) -> dict[str, int]:
    """Return the last line of a playbook as numbers."""
    return {
        name: int(value)
        for name, value in re.findall(r"(\w+)=(\d+)", text.splitlines()[-1] or text.splitlines()[-2])
    }


def there_and_back(host: Machine, **variables: Any) -> None:
    """Harden, roll back, and hold that everything is as it was."""
    before, evidence = listing(host), facts(host, "before")
    points = host.run("ls", "/var/lib/hullguard/restore-points")[1].split()
    said = well(host, "harden", **variables)
    hardened = changed(before, listing(host))
    assert hardened, "nothing was changed, so that going back proves nothing"
    new = set(host.output("ls", "/var/lib/hullguard/restore-points").split()) - set(points)
    assert len(new) == 1, said[-3000:]
    assert f"can go back to {new.pop()}" in said

    well(host, "rollback", **variables)
    assert changed(before, listing(host)) == {}
    # The engine's restart is the containers' as well.
    rows = drift(evidence, facts(host, "after"), [], {})
    assert [row for row in rows if row["fact"] != "started"] == []
    again = well(host, "rollback", **variables)
    assert tally(again)["changed"] == 0


@pytest.mark.parametrize(
    "role", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in ROLES]
)
def test_what_a_role_changed_is_as_it_was(host: Machine, role: str, tmp_path: Path) -> None:
    there_and_back(host, hullguard_roles=[role], docker_tls_ca_dir=str(tmp_path / "ca"), **ROLES[role])


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_changed_is_as_it_was_on_an_old_engine(
    old_host: Machine, role: str, tmp_path: Path
) -> None:
    there_and_back(old_host, hullguard_roles=[role], docker_tls_ca_dir=str(tmp_path / "ca"), **ROLES[role])


USUAL = {**ROLES["docker_host"], **ROLES["docker_network"], **ROLES["docker_trust"]}


def test_what_the_usual_roles_changed_is_as_it_was(host: Machine) -> None:
    there_and_back(host, **USUAL)


@pytest.mark.long
def test_what_the_usual_roles_changed_is_as_it_was_on_an_old_engine(old_host: Machine) -> None:
    there_and_back(old_host, **USUAL)


DAEMON = {"hullguard_roles": ["docker_daemon"]}
POINTS = "/var/lib/hullguard/restore-points"


def refused(host: Machine, name: str, **variables: Any) -> str:
    """Return what a playbook that fails said, without its line breaks; the host is as before."""
    before = listing(host)
    done = host.play(name, **variables)
    assert done.returncode != 0, done.stdout[-3000:]
    assert changed(before, listing(host)) == {}
    return " ".join(done.stdout.split())


def test_a_run_without_room_for_a_restore_point_changes_nothing(host: Machine) -> None:
    host.output("mkdir", "-p", POINTS)
    host.output("mount", "-t", "tmpfs", "-o", "size=8k,mode=0700", "tmpfs", POINTS)
    try:
        said = refused(host, "harden", **DAEMON)
    finally:
        host.output("umount", POINTS)
    assert "No restore point can be written" in said
    assert "No space left on device" in said


def test_an_unknown_name_is_answered_with_those_there_are(host: Machine) -> None:
    said = refused(host, "rollback", hullguard_restore_point="20200101T000000Z")
    assert "There is no restore point 20200101T000000Z here" in said


@pytest.mark.long
def test_a_container_that_would_be_lost_is_named_and_check_mode_tells_what_would_be_done(
    host: Machine,
) -> None:
    before = listing(host)
    well(host, "harden", **DAEMON)
    hardened = listing(host)
    tried = host.play("rollback", "--check", "--diff")
    assert tried.returncode == 0, tried.stdout[-3000:]
    assert "the engine starts anew: /etc/docker/daemon.json differs" in " ".join(tried.stdout.split())
    assert f"+++ /etc/docker/daemon.json ({newest(host)})" in tried.stdout
    assert changed(hardened, listing(host)) == {}
    host.docker("run", "-d", "--rm", "--name", "job", "--stop-timeout", "1", "IMAGE", "sleep", "86400")
    assert "job" in refused(host, "rollback")
    host.docker("rm", "-f", "job")
    assert changed(hardened, listing(host)) == {}
    assert changed(before, hardened)
    well(host, "rollback")
    assert changed(before, listing(host)) == {}


@pytest.mark.parametrize(
    ("playbook", "variables", "words"),
    [
        ("harden", {"hullguard_restore_points": "abc"}, "hullguard_restore_points is abc: it is a whole number"),
        ("harden", {"hullguard_lock_minutes": 0}, "hullguard_lock_minutes is 0: it is a whole number, 1 or more"),
        ("harden", {"hullguard_max_fail_percentage": "few"}, "hullguard_max_fail_percentage is few: it is a percentage"),
        ("rollback", {"hullguard_restore_points": "abc"}, "hullguard_restore_points is abc: it is a whole number"),
        ("preflight", {"hullguard_fail_on_risk": "never"}, "it is low, medium or high, or left out"),
    ],
)  # fmt: skip
def test_a_value_that_can_not_be_is_refused(
    host: Machine, playbook: str, variables: dict[str, Any], words: str
) -> None:
    assert words in refused(host, playbook, **DAEMON, **variables)


def newest(host: Machine) -> str:
    """Return the name of the last restore point."""
    return sorted(host.output("ls", POINTS).split())[-1]


def test_the_restore_points_are_listed(host: Machine) -> None:
    well(host, "harden", hullguard_roles=["docker_files"])
    before = listing(host)
    listed = host.play("rollback", "--tags", "list")
    assert listed.returncode == 0, listed.stdout
    assert f"{newest(host)}: before docker_files, by " in " ".join(listed.stdout.split())
    assert changed(before, listing(host)) == {}
    well(host, "rollback")


# Starts with remapped users only.
INSIST = "[Service]\nExecStartPre=/usr/bin/grep -q userns-remap /etc/docker/daemon.json\n"


@pytest.mark.long
def test_a_rollback_to_another_store_that_fails_brings_back_who_ran(host: Machine) -> None:
    before = listing(host)
    variables = {"hullguard_roles": ["docker_userns"], "docker_userns_accept_hidden": True}
    well(host, "harden", **variables)
    workload.load(engine.ensure(), host.container, host.image)
    host.docker("run", "-d", "--name", "inside", "--stop-timeout", "1", "IMAGE", "sleep", "86400")
    insist = "/etc/systemd/system/docker.service.d/insist.conf"
    host.output("sh", "-c", f"printf '{INSIST}' > {insist}; systemctl daemon-reload")
    hardened = listing(host)
    done = host.play("rollback", **variables)
    assert done.returncode != 0
    assert "its engine and its containers run. What failed" in " ".join(done.stdout.split()), done.stdout
    assert changed(hardened, listing(host)) == {}
    host.output("sh", "-c", f"rm -f {insist}; systemctl daemon-reload; docker rm -f inside")
    well(host, "rollback", **variables)
    assert changed(before, listing(host)) == {}


@pytest.mark.long
def test_a_rollback_that_was_killed_goes_on_and_can_be_undone(host: Machine) -> None:
    before = listing(host)
    well(host, "harden", **DAEMON)
    hardened = listing(host)
    known = host.output("ls", POINTS).split()
    with started(host, "rollback") as process:
        deadline = time.monotonic() + 300
        while host.run("test", "-e", "/run/hullguard/restart-due")[0]:
            assert process.poll() is None, said(host)
            assert time.monotonic() < deadline
        os.killpg(process.pid, signal.SIGKILL)
    well(host, "rollback")
    assert changed(before, listing(host)) == {}
    made = sorted(set(host.output("ls", POINTS).split()) - set(known))
    assert point(host, made[0])["for"] == "rollback"
    well(host, "rollback", hullguard_restore_point=made[0])
    assert changed(hardened, listing(host)) == {}
    well(host, "rollback")
    assert changed(before, listing(host)) == {}


def point(host: Machine, name: str) -> dict[str, Any]:
    """Return a restore point of the host."""
    found: dict[str, Any] = json.loads(host.output("cat", f"{POINTS}/{name}/point.json"))
    return found


@pytest.mark.long
@pytest.mark.parametrize("name", ["host", "old_host"])
def test_a_package_that_a_run_has_installed_goes_with_it(name: str, request: pytest.FixtureRequest) -> None:
    host: Machine = request.getfixturevalue(name)
    installed = "dpkg-query --show --showformat '${db:Status-Status}' auditd"
    host.output("apt-get", "--quiet", "update")
    host.output("apt-get", "--yes", "--quiet", "purge", "auditd")
    before = listing(host)
    well(host, "harden", hullguard_roles=["docker_auditd"])
    assert host.run("sh", "-c", installed) == (0, "installed")
    well(host, "rollback")
    assert host.run("sh", "-c", installed)[1] != "installed"
    assert changed(before, listing(host)) == {}
