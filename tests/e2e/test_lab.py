"""Throwaway hosts on a live engine: limits hold, networks work, nothing stays behind."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import docker
import pytest
from docker.models.containers import Container

from lab import LABEL, engine, hijack, hosts, suites, workload


@pytest.fixture(scope="module")
def client() -> docker.DockerClient:
    return engine.ensure()


@pytest.fixture(scope="module", params=list(suites.USUAL))
def host(client: docker.DockerClient, request: pytest.FixtureRequest) -> Iterator[Container]:
    name = f"hullguard-e2e-{uuid.uuid4().hex[:8]}"
    container, changed = hosts.up(client, name, request.param)
    assert changed
    workload.load(client, container, workload.ensure(client))
    yield container
    volumes = [mount["Name"] for mount in container.attrs["Mounts"] if mount["Type"] == "volume"]
    hosts.remove(container)
    assert hosts.find(client, name) is None
    left = {volume.name for volume in client.volumes.list(filters={"label": LABEL})}
    assert volumes
    assert left.isdisjoint(volumes)


def inside(host: Container, *arguments: str) -> tuple[int, str]:
    return hosts.run(host, ["docker", *arguments])


def test_a_host_is_not_privileged(host: Container) -> None:
    assert host.attrs["HostConfig"]["Privileged"] is False
    assert host.labels[LABEL] == "host"


def test_nothing_is_lost_that_a_command_prints_before_we_look(
    host: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = hijack.HeaderOnly.begin

    def late(response: hijack.HeaderOnly) -> None:
        time.sleep(0.3)
        begin(response)

    monkeypatch.setattr(hijack.HeaderOnly, "begin", late)
    assert hosts.run(host, ["sh", "-c", "id -u && id -g"]) == (0, "0\n0\n")


def test_a_second_start_changes_nothing(client: docker.DockerClient, host: Container) -> None:
    again, changed = hosts.up(client, str(host.name), host.labels[f"{LABEL}.suite"])
    assert again.id == host.id
    assert not changed


def test_limits_hold_inside(host: Container) -> None:
    code, _ = inside(host, "run", "--rm", "--memory", "32m", workload.tag(), "tail", "/dev/zero")
    assert code == 137
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait"
    code, output = inside(host, "run", "--rm", "--pids-limit", "4", workload.tag(), "sh", "-c", script)
    assert "fork" in output


def test_containers_inside_talk_to_each_other_and_to_published_ports(host: Container) -> None:
    server = ["run", "-d", "--name", "web", "-p", "8080:80", workload.tag(), "httpd", "-f", "-h", "/www"]
    assert inside(host, *server)[0] == 0
    gateway = "{{range .NetworkSettings.Networks}}{{.Gateway}}{{end}}"
    _, address = inside(host, "inspect", "-f", gateway, "web")
    fetch = ["wget", "-qO-", f"http://{address.strip()}:8080/"]
    assert inside(host, "run", "--rm", workload.tag(), *fetch) == (0, "hullguard lab\n")


def test_a_reboot_is_survived(host: Container) -> None:
    host.restart(timeout=5)
    hosts.wait_until_ready(host)
    assert inside(host, "run", "--rm", "--memory", "32m", workload.tag(), "true")[0] == 0


def test_a_container_of_somebody_else_is_never_touched(client: docker.DockerClient) -> None:
    name = f"hullguard-e2e-{uuid.uuid4().hex[:8]}"
    other = client.containers.create(workload.ensure(client), name=name, labels={LABEL: "test"})
    try:
        with pytest.raises(Exception, match="not the lab's"):
            hosts.up(client, name, "debian-13")
    finally:
        other.remove(force=True)
