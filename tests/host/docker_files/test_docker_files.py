"""Owners and modes of the files that rule the engine; looked at with stat, not with Hullguard's own collector."""

from collections.abc import Iterator

import pytest
from testinfra.host import Host

REGISTRY = "/etc/docker/certs.d/registry.example:5000"


def unit(host: Host, name: str) -> str:
    """Path of a unit file, where this host has it."""
    return str(host.check_output("systemctl show --property=FragmentPath --value %s", name))


def files(host: Host) -> Iterator[tuple[str, str, int]]:
    """Path, owner:group and loosest mode of what exists on every host with Docker."""
    yield unit(host, "docker.service"), "root:root", 0o644
    yield unit(host, "docker.socket"), "root:root", 0o644
    yield "/etc/docker", "root:root", 0o755
    yield "/etc/docker/daemon.json", "root:root", 0o644
    yield "/etc/default/docker", "root:root", 0o644
    yield "/run/docker.sock", "root:docker", 0o660
    yield "/run/containerd/containerd.sock", "root:root", 0o660


def test_owners_and_modes(host: Host) -> None:
    wrong = []
    for path, owner, most in files(host):
        if not host.file(path).exists:
            continue
        has_owner, has_mode = host.check_output("stat -L -c '%%U:%%G %%a' %s", path).split()
        if has_owner != owner or int(has_mode, 8) & ~most:
            wrong.append(f"{path}: {has_owner} {has_mode}, wanted {owner} and at most {most:o}")
    assert not wrong


def test_certificates_of_registries(host: Host) -> None:
    listed = host.run("find -L /etc/docker/certs.d -type f -printf '%u:%g %m %p\\n'").stdout.splitlines()
    if not listed:
        pytest.skip("no certificates of registries")
    wrong = [line for line in listed if line.split()[0] != "root:root" or int(line.split()[1], 8) & ~0o444]
    assert not wrong


@pytest.fixture
def prepared(host: Host) -> Host:
    """The host that molecule/docker_files/prepare.yml made careless; skips on any other."""
    if not host.file("/srv/certificates/ca.crt").exists:
        pytest.skip("not a host of the scenario docker_files")
    return host


def test_tighter_modes_stay(prepared: Host) -> None:
    assert prepared.file("/etc/default/docker").mode == 0o600
    assert prepared.file(f"{REGISTRY}/client.key").mode == 0o400


def test_a_mode_loses_only_what_is_too_much(prepared: Host) -> None:
    assert prepared.file("/etc/docker").mode == 0o755
    assert prepared.file(f"{REGISTRY}/client.cert").mode == 0o444


def test_a_link_stays_and_its_target_is_put_right(prepared: Host) -> None:
    assert prepared.file(f"{REGISTRY}/ca.crt").linked_to == "/srv/certificates/ca.crt"
    assert prepared.file("/srv/certificates/ca.crt").mode == 0o444


def test_the_key_that_the_configuration_names_is_for_root_alone(prepared: Host) -> None:
    if not prepared.file("/etc/docker/daemon.json").contains("tlskey"):
        pytest.skip("this scenario's configuration names no key")
    assert prepared.file("/etc/docker/key.pem").mode == 0o400


def test_systemd_makes_the_socket_as_it_should_be(host: Host) -> None:
    """The side effect made it anew before this; on a real host the unit's own word counts."""
    shown = host.check_output("systemctl show docker.socket --property=SocketMode,SocketUser,SocketGroup")
    values = dict(line.split("=", 1) for line in shown.splitlines())
    assert int(values["SocketMode"], 8) & ~0o660 == 0
    assert (values["SocketUser"] or "root", values["SocketGroup"]) == ("root", "docker")


def test_the_administrators_drop_in_is_untouched(prepared: Host) -> None:
    careless = prepared.file("/etc/systemd/system/docker.socket.d/10-careless.conf").content_string
    assert careless == "[Socket]\nSocketMode=0666\nSocketGroup=users\n"
