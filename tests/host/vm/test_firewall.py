"""What the packet filter is there for, tried with connections."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from testinfra.backend.base import CommandResult
from testinfra.host import Host


@pytest.fixture
def image(host: Host) -> str:
    found = host.run("docker images --quiet hullguard-lab/busybox").stdout.split()
    if not found:
        pytest.skip("no image to make containers from")
    return str(found[0])


@pytest.fixture
def server(host: Host, image: str) -> Iterator[str]:
    """The address of a web server on the default bridge."""
    name = f"hullguard-{uuid.uuid4().hex[:8]}"
    host.check_output(f"docker run -d --name {name} {image} httpd -f -p 80 -h /www")
    try:
        yield host.check_output(f"docker inspect -f '{{{{.NetworkSettings.IPAddress}}}}' {name}")
    finally:
        host.run(f"docker rm -f {name}")


def asked(host: Host, image: str, address: str) -> CommandResult:
    """What a container gets from a web server. Not by wget, which an emulated processor ends by a signal."""
    return host.run(
        f"docker run --rm {image} sh -c \"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {address} 80\""
    )


def test_containers_on_the_default_bridge_are_kept_apart(host: Host, image: str, server: str) -> None:
    assert host.run(f"timeout 5 bash -c ': < /dev/tcp/{server}/80'").rc == 0
    found = asked(host, image, server)
    assert found.rc != 0
    assert "timed out" in found.stderr


def test_the_clouds_metadata_address_is_closed(host: Host, image: str) -> None:
    """The machine plays the cloud itself (molecule/vm/prepare.yml), and gets an answer."""
    assert host.run("timeout 5 bash -c ': < /dev/tcp/169.254.169.254/80'").rc == 0
    assert "169.254.169.254" in host.check_output("iptables-save")
    assert "timed out" in asked(host, image, "169.254.169.254").stderr


def test_the_rules_are_loaded_before_the_first_container(host: Host) -> None:
    """Of this boot: the unit that loads them was done before the engine began."""
    show = "systemctl show --property=%s --value %s"
    loaded = int(host.check_output(show, "ActiveEnterTimestampMonotonic", "hullguard-docker-network-early"))
    engine = int(host.check_output(show, "ExecMainStartTimestampMonotonic", "docker"))
    assert 0 < loaded < engine
