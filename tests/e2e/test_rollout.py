"""harden.yml stops where a host is not well, and whoever comes after it is as it was before."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lab_support.playbooks import CONNECTION
from preview_support.machine import Machine, machine, playbook

from lab import engine

# Its health is lost with its memory: only a container that goes on without a break stays well.
MINDFUL = (
    *("run", "-d", "--name", "mindful", "--stop-timeout", "1", "--tmpfs", "/state"),
    *("--health-cmd", "test -e /state/well", "--health-interval", "1s", "--health-retries", "1"),
    *("IMAGE", "sleep", "86400"),
)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Two hosts, and the folder of their inventories."""

    canary: Machine
    other: Machine
    folder: Path

    def roll_out(self, *options: str, canaries: bool = True, **variables: Any) -> tuple[int, str]:
        """Return exit code and words of harden.yml, without line breaks that only the output has."""
        hosts = {host.name: CONNECTION for host in (self.canary, self.other)}
        group: dict[str, Any] = {"hosts": hosts}
        if canaries:
            group["children"] = {"docker_canaries": {"hosts": {self.canary.name: {}}}}
        return self.run(group, *options, **variables)

    def run(self, group: Mapping[str, Any], *options: str, **variables: Any) -> tuple[int, str]:
        """The same with an inventory of one's own."""
        inventory = self.folder / "inventory.json"
        inventory.write_text(json.dumps({"docker_hosts": group}), encoding="utf-8")
        chosen = {"hullguard_roles": ["docker_daemon"], "hullguard_health_seconds": 20, **variables}
        done = playbook("harden", inventory, *options, **chosen)
        return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """The tests below go on from where the one before has left the hosts."""
    client, folder = engine.ensure(), tmp_path_factory.mktemp("rollout")
    with ExitStack() as stack:
        hosts = [stack.enter_context(machine(client, folder, suite)) for suite in ("debian-12", "debian-13")]
        for host in hosts:
            host.docker("run", "-d", "--name", "web", "--stop-timeout", "1", "IMAGE", "sleep", "86400")
        yield Fleet(*hosts, folder)


def state(host: Machine) -> tuple[str, ...]:
    """Return what a run must not touch: the configuration, the running engine, its containers."""
    return (
        host.run("cat", "/etc/docker/daemon.json")[1],
        host.output("stat", "-c", "%a %Y", "/etc/docker"),
        host.output("systemctl", "show", "docker", "-P", "ExecMainStartTimestampMonotonic"),
        host.docker("ps", "-a", "--no-trunc", "--format", "{{.ID}} {{.State}}"),
    )


def hardened(host: Machine) -> bool:
    """Return whether the daemon's role has been there."""
    code, text = host.run("cat", "/etc/docker/daemon.json")
    return code == 0 and json.loads(text).get("no-new-privileges") is True


def healthy(host: Machine, name: str) -> None:
    """Wait until a container's own check says that it is well."""
    end = time.monotonic() + 30
    while (said := host.docker("inspect", "-f", "{{.State.Health.Status}}", name)) != "healthy":
        assert time.monotonic() < end, said
        time.sleep(0.2)


def test_a_container_that_is_no_longer_well_stops_the_rollout(fleet: Fleet) -> None:
    fleet.canary.docker(*MINDFUL)
    fleet.canary.docker("exec", "mindful", "touch", "/state/well")
    healthy(fleet.canary, "mindful")
    before = state(fleet.other)
    code, words = fleet.roll_out()
    assert code != 0
    assert f"{fleet.canary.name} is not well after hardening: mindful is not well:" in words, words
    assert "(unhealthy). It is a canary: no other host is hardened." in words
    assert f"playbooks/rollback.yml --limit {fleet.canary.name}" in words
    assert hardened(fleet.canary)
    assert state(fleet.other) == before
    assert "PLAY [Harden Docker hosts]" not in words


@pytest.mark.long
def test_what_was_not_well_before_is_not_held_against_a_host(fleet: Fleet) -> None:
    before = state(fleet.canary)
    code, words = fleet.roll_out("--limit", fleet.canary.name)
    assert code == 0, words
    assert state(fleet.canary) == before
    fleet.canary.docker("rm", "-f", "mindful")


@pytest.mark.long
def test_own_checks_stop_the_rollout_too(fleet: Fleet) -> None:
    before = state(fleet.other)
    code, words = fleet.roll_out(
        hullguard_health_command=["sh", "-c", "echo no route to the billing >&2; exit 3"],
        hullguard_health_urls=["http://127.0.0.1:9/ready"],
        hullguard_health_seconds=2,
    )
    assert code != 0
    assert "hullguard_health_command ended with 3: no route to the billing" in words, words
    assert "http://127.0.0.1:9/ready: " in words
    assert state(fleet.other) == before


def test_checks_that_could_not_be_carried_out_are_refused_before_anything_else(fleet: Fleet) -> None:
    before = state(fleet.canary), state(fleet.other)
    code, words = fleet.roll_out(hullguard_health_command="/usr/local/bin/ready web")
    assert code != 0
    assert "hullguard_health_command takes a list" in words, words
    assert (state(fleet.canary), state(fleet.other)) == before


def test_behind_a_healthy_canary_all_are_hardened_and_a_second_run_changes_nothing(fleet: Fleet) -> None:
    given = {"hullguard_health_command": ["docker", "exec", "web", "true"]}
    code, words = fleet.roll_out(**given)
    assert code == 0, words
    assert words.index("PLAY [Harden the canaries]") < words.index("PLAY [Harden Docker hosts]")
    hosts = (fleet.canary, fleet.other)
    assert all(hardened(host) for host in hosts)
    before = [state(host) for host in hosts]
    code, words = fleet.roll_out(**given)
    assert code == 0, words
    recap = words[words.index("PLAY RECAP") :]
    assert recap.count("changed=0") == 2, recap
    assert [state(host) for host in hosts] == before


@pytest.mark.long
@pytest.mark.parametrize(("allowed", "goes_on"), [(0, False), (50, True)])
def test_a_batch_in_which_too_many_fail_is_the_last(fleet: Fleet, allowed: int, goes_on: bool) -> None:
    """Two at a time, and one of the first two does not exist: the other one is hardened to its end."""
    hosts = (fleet.canary, fleet.other)
    for host in hosts:
        host.output("chmod", "0777", "/etc/docker")
    before = state(fleet.other)
    nowhere = {**CONNECTION, "ansible_host": f"{fleet.other.name}-nowhere"}
    code, words = fleet.run(
        {"hosts": {"nowhere": nowhere, **{host.name: CONNECTION for host in hosts}}},
        hullguard_roles=["docker_files"], hullguard_serial=2, hullguard_max_fail_percentage=allowed,
    )  # fmt: skip
    assert code != 0
    assert fleet.canary.output("stat", "-c", "%a", "/etc/docker") == "755", words
    assert (state(fleet.other) != before) is goes_on
    stopped = f"The rollout stops here. Hosts that failed: nowhere (its own words are above). Not touched: {fleet.other.name}."
    assert (stopped in words) is not goes_on, words
