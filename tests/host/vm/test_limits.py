"""cgroup v2: what the engine's containers have together is limited by the group that they are in."""

from __future__ import annotations

import pytest
from testinfra.host import Host

GROUP = "/sys/fs/cgroup/containers.slice"


@pytest.fixture
def image(host: Host) -> str:
    return str(host.check_output("docker images --quiet hullguard-lab/busybox").split()[0])


def test_every_container_is_in_the_group(host: Host) -> None:
    pids = host.check_output("docker ps -q | xargs docker inspect -f '{{.State.Pid}}'").split()
    assert pids
    for pid in pids:
        assert "0::/containers.slice/" in host.check_output(f"cat /proc/{pid}/cgroup")


def test_memory_beyond_the_groups_is_not_given(host: Host, image: str) -> None:
    """The container itself has no limit: `tail` of an endless line takes what it gets."""
    before = oom_kills(host)
    assert host.run(f"docker run --rm {image} tail /dev/zero").rc == 137
    assert oom_kills(host) > before


def test_tasks_beyond_the_groups_are_not_given(host: Host, image: str) -> None:
    script = "i=0; while [ $i -lt 400 ]; do sleep 20 & i=$((i + 1)); done"
    found = host.run(f"docker run --rm {image} timeout 60 sh -c '{script}'")
    assert "fork" in found.stderr
    assert int(host.check_output(f"awk '$1 == \"max\" {{ print $2 }}' {GROUP}/pids.events")) > 0


def oom_kills(host: Host) -> int:
    return int(host.check_output(f"awk '$1 == \"oom_kill\" {{ print $2 }}' {GROUP}/memory.events"))
