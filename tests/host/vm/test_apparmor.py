"""A container under our profile may not do what it could do before, and the denial is in the audit log."""

from __future__ import annotations

import time

import pytest
from testinfra.host import Host

# Root of the host, as without remapping, and the kernel's files not masked: AppArmor alone is in the way.
RIGHTS = "--userns=host --security-opt seccomp=unconfined --security-opt systempaths=unconfined --cap-add SYS_ADMIN"
WRITE = "sh -c 'cat /proc/sys/kernel/panic > /tmp/was && cat /tmp/was > /proc/sys/kernel/panic'"


@pytest.fixture
def image(host: Host) -> str:
    return str(host.check_output("docker images --quiet hullguard-lab/busybox").split()[0])


def test_the_kernel_has_apparmor(host: Host) -> None:
    assert host.check_output("cat /sys/module/apparmor/parameters/enabled") == "Y"


def test_a_write_that_went_through_is_denied_and_logged(host: Host, image: str) -> None:
    without = host.run(f"docker run --rm {RIGHTS} --security-opt apparmor=unconfined {image} {WRITE}")
    assert without.rc == 0, without.stderr
    denied = 'apparmor="DENIED".*profile="hullguard-default".*name="/proc/sys/kernel/panic"'
    count = f"grep -c '{denied}' /var/log/audit/audit.log"
    before = int(host.run(count).stdout or 0)
    under = host.run(f"docker run --rm {RIGHTS} --security-opt apparmor=hullguard-default {image} {WRITE}")
    assert under.rc != 0
    assert "ermission denied" in under.stderr
    deadline = time.monotonic() + 15
    while int(host.run(count).stdout or 0) <= before and time.monotonic() < deadline:
        time.sleep(1)
    assert int(host.run(count).stdout or 0) > before


def test_the_container_of_the_scenario_is_confined(host: Host) -> None:
    pid = host.check_output("docker inspect -f '{{.State.Pid}}' confined")
    assert host.check_output(f"cat /proc/{pid}/attr/current") == "hullguard-default (enforce)"
