"""The engine itself says that it is hardened, and what the administrator had is still there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testinfra.host import Host

CONFIG = "/etc/docker/daemon.json"
BEFORE = "/root/daemon.json.before"
# What the role removes or has a say in; every other key is the administrator's.
OURS = {
    "default-ulimits",
    "experimental",
    "icc",
    "insecure-registries",
    "live-restore",
    "log-level",
    "log-opts",
    "no-new-privileges",
    "userland-proxy",
}


@pytest.fixture
def config(host: Host) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(host.file(CONFIG).content_string)
    return content


@pytest.fixture
def before(host: Host) -> dict[str, Any]:
    file = host.file(BEFORE)
    if not file.exists:
        pytest.skip(f"{BEFORE} is only on hosts of the scenario")
    content: dict[str, Any] = json.loads(file.content_string)
    return content


@pytest.fixture
def info(host: Host) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(host.check_output("docker info --format '{{json .}}'"))
    return content


@pytest.fixture
def image(host: Host) -> str:
    found = host.check_output("docker images --quiet hullguard-lab/busybox")
    if not found:
        pytest.skip("the lab's workload image is not here")
    return found


def test_the_file_is_roots_and_readable(host: Host) -> None:
    file = host.file(CONFIG)
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)


def test_nothing_is_left_beside_the_file(host: Host) -> None:
    assert set(host.file("/etc/docker").listdir()) <= {"daemon.json", "key.json", "certs.d"}


def test_what_the_administrator_had_is_unchanged(config: dict[str, Any], before: dict[str, Any]) -> None:
    kept = {key: value for key, value in before.items() if key not in OURS}
    assert {key: config.get(key) for key in kept} == kept


def test_mappings_are_merged(config: dict[str, Any], before: dict[str, Any]) -> None:
    assert config["log-opts"] == {**before["log-opts"], "max-file": "5"}


def test_letters_beyond_ascii_stay_readable(host: Host, before: dict[str, Any]) -> None:
    assert before["labels"][0] in host.file(CONFIG).content_string


def test_careless_options_are_gone(config: dict[str, Any]) -> None:
    assert not {"experimental", "insecure-registries"} & set(config)


def test_containers_on_the_default_bridge_do_not_talk_freely(host: Host) -> None:
    bridge = json.loads(host.check_output("docker network inspect bridge"))[0]
    assert bridge["Options"]["com.docker.network.bridge.enable_icc"] == "false"


def test_the_engine_says_that_it_restores_live(info: dict[str, Any]) -> None:
    assert info["LiveRestoreEnabled"] is True


def test_the_engine_has_read_the_administrators_labels(info: dict[str, Any], before: dict[str, Any]) -> None:
    # The engine keeps them in a map: their order means nothing.
    assert sorted(info["Labels"]) == sorted(before["labels"])


def test_no_port_is_published_by_a_proxy_process(host: Host) -> None:
    assert host.check_output("docker ps --filter publish=8080 --format '{{.Names}}'") == "web"
    assert host.run("pgrep -x docker-proxy").rc == 1


def test_a_new_container_gets_the_defaults(host: Host, image: str) -> None:
    command = "docker run --rm %s sh -c 'grep NoNewPrivs /proc/self/status; ulimit -n'"
    assert host.check_output(command, image).split() == ["NoNewPrivs:", "1", "16384"]


def test_containers_that_ran_before_run(host: Host, before: dict[str, Any]) -> None:
    assert set(host.check_output("docker ps --format '{{.Names}}'").split()) == {"once", "web"}


def test_a_container_that_was_stopped_stays_so(host: Host, before: dict[str, Any]) -> None:
    assert host.check_output("docker inspect --format '{{.State.Running}}' stopped") == "false"


def test_the_engine_has_read_the_file(host: Host) -> None:
    started = host.check_output("stat --format %Y /proc/$(systemctl show docker --property MainPID --value)")
    assert int(started) >= int(host.file(CONFIG).mtime.timestamp())


def test_the_engine_is_healthy(host: Host) -> None:
    service = host.service("docker")
    assert service.is_running
    assert service.is_enabled
