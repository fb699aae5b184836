"""An engine from a package, that runs, starts at boot and stays what it is."""

from __future__ import annotations

import re

import pytest
from testinfra.host import Host

ENGINES = ("docker-ce", "docker.io")
SOURCES = "/etc/apt/sources.list.d/hullguard-docker.sources"
PIN = "/etc/apt/preferences.d/hullguard-docker"


@pytest.fixture
def package(host: Host) -> str:
    """The package of the engine, on hosts with dpkg."""
    if not host.exists("dpkg-query"):
        pytest.skip("no host with dpkg")
    return next(name for name in ENGINES if host.package(name).is_installed)


@pytest.fixture
def prepared(host: Host) -> Host:
    """The host as molecule/docker_engine/side_effect.yml leaves it; skips on any other."""
    if not host.file("/srv/distribution").exists:
        pytest.skip("not a host of the scenario docker_engine, or its side effects were not played")
    return host


def test_the_running_engine_is_the_packages(host: Host, package: str) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value docker.service")
    program = host.check_output("readlink -f /proc/%s/exe", pid)
    owner = host.run("dpkg-query --search %s", program).stdout.split(":")[0]
    assert owner == package
    version = re.match(r"[\d.]+", host.check_output("docker version --format '{{.Server.Version}}'"))
    assert version
    assert version[0] in host.package(package).version


def test_it_runs_and_starts_at_boot(host: Host) -> None:
    for unit in ("containerd.service", "docker.service", "docker.socket"):
        assert host.check_output("systemctl is-active %s", unit) == "active"
    assert host.check_output("systemctl is-enabled docker.service") == "enabled"


def test_the_command_line_fits_the_engine(host: Host) -> None:
    """Either side refuses an API version that the other does not know."""
    assert host.run("docker ps").rc == 0


def test_what_ran_before_the_upgrade_runs(prepared: Host) -> None:
    """One of them has no restart policy: nobody but the role would have started it again."""
    names = prepared.check_output("docker ps --format '{{.Names}}'").splitlines()
    assert sorted(names) == ["once", "web"]
    assert "started" in prepared.check_output("docker exec once echo started")


def test_it_is_the_distributions_engine(prepared: Host) -> None:
    version = prepared.package("docker.io").version
    assert version == prepared.file("/srv/distribution").content_string
    installed = prepared.check_output("apt-cache policy docker.io")
    assert re.search(rf"\*\*\* {re.escape(version)} \d+\n +\d+ http", installed)


def test_no_upgrade_touches_it(prepared: Host) -> None:
    """A newer one is offered. The hold keeps it out, so does the pin; without both an upgrade takes it."""
    upgrade = "apt-get --simulate dist-upgrade"
    unheld = f"--ignore-hold -o Dir::State::Status=/tmp/hgprobe {upgrade.removeprefix('apt-get ')}"
    assert "docker.io" in prepared.check_output("apt-mark showhold").splitlines()
    prepared.check_output("sed 's/^Status: hold ok/Status: install ok/' /var/lib/dpkg/status >/tmp/hgprobe")
    preferences = "-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/nonexistent"
    try:
        taken = [
            "\nInst docker.io " in prepared.check_output(f"apt-get {options}")
            for options in (
                f"--simulate dist-upgrade {preferences}",
                unheld,
                f"{unheld} {preferences}",
            )
        ]
    finally:
        prepared.check_output("rm /tmp/hgprobe")
    assert taken == [False, False, True]


def test_the_repository_is_trusted_by_its_own_key_only(prepared: Host) -> None:
    lines = prepared.file(SOURCES).content_string.splitlines()
    assert "Signed-By: /etc/apt/keyrings/hullguard-docker.asc" in lines
    assert "hullguard-docker.asc" not in prepared.file("/etc/apt/trusted.gpg.d").listdir()
    for path in (SOURCES, PIN, "/etc/apt/keyrings/hullguard-docker.asc"):
        file = prepared.file(path)
        assert (file.user, file.group, file.mode) == ("root", "root", 0o644)


def test_another_key_is_no_key(prepared: Host) -> None:
    """The same source under the distribution's key is refused."""
    prepared.check_output(
        f"sed 's|^Signed-By: .*|Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg|' {SOURCES} >/tmp/hg.sources"
    )
    read = (
        "apt-get -o Dir::Etc::SourceParts=- -o APT::Get::List-Cleanup=0 -o Dir::State::Lists=/tmp/hglists"
        " --error-on=any update -o Dir::Etc::SourceList="
    )
    try:
        prepared.check_output("mkdir -p /tmp/hglists/partial")
        assert prepared.run(read + SOURCES).rc == 0
        refused = prepared.run(read + "/tmp/hg.sources")
        assert refused.rc != 0
        assert re.search("not signed|NO_PUBKEY|Missing key", refused.stderr)
    finally:
        prepared.check_output("rm -r /tmp/hglists /tmp/hg.sources")
