"""The throwaway host behaves like a real one where it matters to the roles."""

from __future__ import annotations

from testinfra.host import Host


def test_systemd_has_settled(host: Host) -> None:
    # Degraded: auditd fails in a container, the audit subsystem belongs to the first pid namespace.
    assert host.run("systemctl is-system-running").stdout.strip() in {"running", "degraded"}


def test_the_engine_inside_is_the_distributions(host: Host) -> None:
    expected = {"12": "20.10.", "13": "26.1."}[host.system_info.release.split(".")[0]]
    assert host.check_output("docker version --format '{{.Server.Version}}'").startswith(expected)


def test_resource_limits_hold(host: Host) -> None:
    image = host.check_output("docker images -q hullguard-lab/busybox")
    # Where a hardened engine sends its logs to is not there.
    result = host.run("docker run --rm --log-driver none --memory 32m %s tail /dev/zero", image)
    assert result.rc == 137
