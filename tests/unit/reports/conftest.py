"""Builds reports as the evaluator makes them: 118 results per host, and the hostile ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from unit.reports import scanned

from hullguard.diff import diff as difference
from hullguard.reports.vocabulary import tally

CONTROLS = {
    "host": """
        1.1.1 data_root_own_filesystem  1.1.2 docker_group_members  1.1.3 audit_dockerd
        1.1.4 audit_containerd_run_dir  1.1.5 audit_data_root  1.1.6 audit_config_dir
        1.1.7 audit_service_unit  1.1.8 audit_containerd_socket  1.1.9 audit_docker_socket
        1.1.10 audit_debian_defaults  1.1.11 audit_daemon_json  1.1.12 audit_containerd_config
        1.1.13 audit_rhel_sysconfig  1.1.14 audit_containerd  1.1.15 audit_containerd_shim
        1.1.16 audit_containerd_shim_runc_v1  1.1.17 audit_containerd_shim_runc_v2
        1.1.18 audit_runc  1.2.1 host_hardened  1.2.2 engine_supported
    """,
    "daemon": """
        2.1 rootless  2.2 inter_container_traffic  2.3 log_level  2.4 packet_filter_managed
        2.5 insecure_registries  2.6 storage_driver_aufs  2.7 storage_driver_devicemapper
        2.8 remote_api_tls  2.9 default_ulimits  2.10 userns_remap  2.11 cgroup_parent
        2.12 base_device_size  2.13 authorization_plugin  2.14 remote_logging
        2.15 no_new_privileges_default  2.16 live_restore  2.17 userland_proxy
        2.18 seccomp_profile_default  2.19 experimental
    """,
    "files": """
        3.1 service_unit_owner  3.2 service_unit_mode  3.3 socket_unit_owner  3.4 socket_unit_mode
        3.5 config_dir_owner  3.6 config_dir_mode  3.7 registry_certs_owner  3.8 registry_certs_mode
        3.9 tls_ca_owner  3.10 tls_ca_mode  3.11 tls_cert_owner  3.12 tls_cert_mode
        3.13 tls_key_owner  3.14 tls_key_mode  3.15 docker_socket_owner  3.16 docker_socket_mode
        3.17 daemon_json_owner  3.18 daemon_json_mode  3.19 debian_defaults_owner
        3.20 debian_defaults_mode  3.21 rhel_sysconfig_mode  3.22 rhel_sysconfig_owner
        3.23 containerd_socket_owner  3.24 containerd_socket_mode
    """,
    "images": """
        4.1 image_user  4.2 trusted_base_images  4.3 minimal_packages  4.4 image_scanning
        4.5 content_trust  4.6 image_healthcheck  4.7 lone_package_update  4.8 setuid_files
        4.9 copy_not_add  4.10 image_secrets  4.11 verified_packages  4.12 signed_artifacts
    """,
    "containers": """
        5.2 apparmor_profile  5.3 selinux_label  5.4 capabilities  5.5 privileged
        5.6 sensitive_host_mounts  5.7 sshd_inside  5.11 memory_limit  5.12 cpu_limit
        5.13 read_only_root  5.15 restart_policy  5.16 host_pid  5.17 host_ipc  5.18 host_devices
        5.19 ulimit_override  5.20 shared_propagation  5.21 host_uts  5.22 seccomp
        5.25 container_cgroup_parent  5.26 no_new_privileges  5.27 runtime_healthcheck
        5.29 pids_limit  5.31 host_userns  5.32 engine_socket_mounted
    """,
    "network": """
        5.8 privileged_ports  5.9 published_ports_declared  5.10 host_network  5.14 wildcard_bind
        5.30 default_bridge_unused
    """,
    "swarm": """
        5.1 swarm_mode  7.1 manager_count  7.2 swarm_bind_address  7.3 overlay_encryption
        7.4 swarm_secrets  7.5 manager_autolock  7.6 autolock_key_rotation
        7.7 node_certificate_expiry  7.8 ca_rotation  7.9 data_path_separate
    """,
    "runtime": """
        5.23 exec_privileged  5.24 exec_root  5.28 current_image  6.1 unused_images
        6.2 stopped_containers
    """,
}
FAILING = """
    docker_group_members audit_dockerd audit_data_root audit_config_dir audit_service_unit
    audit_docker_socket audit_containerd audit_containerd_shim_runc_v2 audit_runc rootless
    inter_container_traffic default_ulimits userns_remap authorization_plugin remote_logging
    no_new_privileges_default live_restore userland_proxy config_dir_mode daemon_json_mode
    docker_socket_mode image_user image_healthcheck copy_not_add image_secrets capabilities privileged
    sensitive_host_mounts memory_limit cpu_limit read_only_root restart_policy host_pid
    no_new_privileges runtime_healthcheck pids_limit engine_socket_mounted host_network wildcard_bind
    default_bridge_unused
"""
MANUAL = {
    "host_hardened", "minimal_packages", "image_scanning", "setuid_files", "signed_artifacts",
    "exec_privileged", "exec_root", "current_image",
}  # fmt: skip
UNKNOWN = {"audit_containerd_socket", "audit_containerd_config", "engine_supported"}
CRITICAL = {"privileged", "engine_socket_mounted", "remote_api_tls"}
HIGH = {
    "userns_remap",
    "host_network",
    "host_pid",
    "image_secrets",
    "docker_group_members",
    "sensitive_host_mounts",
}
NAMES = ["careless", "ci-runner", "legacy-billing", "metrics", "edge-proxy"]

HOSTILE = {
    "script": "<script>alert(1)</script>",
    "attribute": '"onload=alert(1) x="',
    "quote": "'><img src=http://evil.example/x onerror=alert(1)>",
    "template": "{{ 7*7 }}{% raw %}",
    "terminal": "\x1b[31mred\x1b]0;title\x07\x9b31m",
    "markup": "[red]markup[/red] [link=http://evil.example]x[/link] :skull:",
    "bidi": "\u202egnp.exe\u2066",
    "newline": "name\nPASS everything\r2.1",
    "path": "../../etc/passwd",
    "long": "n" * 10_000,
    "surrogate": "\ud800",
    "comment": "--><!-- ]]></style></title>",
}


def verdict(slug: str, family: str, hardened: bool) -> str:
    """A careless host's verdict; a hardened one has mended what the roles own."""
    if slug in MANUAL:
        return "manual"
    if slug in UNKNOWN:
        return "unknown"
    if slug == "copy_not_add":
        return "waived"
    if slug in FAILING.split():
        return "pass" if hardened and family in ("daemon", "files", "host") and slug != "rootless" else "fail"
    if family == "swarm" or slug.startswith(("tls_", "rhel_", "audit_rhel")) or slug == "selinux_label":
        return "not_applicable"
    if slug == "experimental" and hardened:
        return "unknown"
    return "pass"


def result(number: str, slug: str, family: str, judged: str) -> dict[str, Any]:
    """One result with everything that the contract names."""
    title = slug.replace("_", " ").capitalize() + " is as the benchmark wants it"
    objects = []
    if judged in ("fail", "waived"):
        kind = {"images": "image", "containers": "container", "network": "container", "files": "file"}.get(
            family, "daemon"
        )
        count = 14 if slug == "memory_limit" else 1 + len(slug) % 3
        objects = [
            {"kind": kind, "name": NAMES[i % 5] + (f"-{i}" if i > 4 else ""), "detail": f"{slug} is not set"}
            for i in range(1 if kind == "daemon" else count)
        ]
    reasons = {
        "pass": f"Set as wanted: {slug.replace('_', '-')}.",
        "fail": f"{len(objects)} of 19 objects do not meet it.",
        "unknown": "The kernel's audit rules could not be read.",
        "manual": "Attach the record of the last review, with date and name.",
        "waived": "Accepted by the platform team until 2027-01-31.",
        "not_applicable": "This engine is not part of a swarm.",
    }
    waiver = {"reason": "Vendor image", "owner": "platform", "approver": "D. Marsh", "expires": "2027-01-31"}
    return {
        "id": slug,
        "number": number,
        "title": title,
        "family": family,
        "severity": "critical"
        if slug in CRITICAL
        else "high"
        if slug in HIGH
        else "low"
        if len(slug) % 4 == 0
        else "medium",
        "level": 1 + len(slug) % 2,
        "verdict": judged,
        "reason": reasons[judged],
        "objects": sorted(objects, key=lambda o: (o["kind"], o["name"])),
        "why": "Without it, a process that leaves its container acts on the host with the rights of root.",
        "fix": 'Put this into /etc/docker/daemon.json and restart the engine:\n{\n  "'
        + slug.replace("_", "-")
        + '": true\n}',
        "fixed_by": {"daemon": "docker_daemon", "files": "docker_files"}.get(family),
        "breaks": "Containers that rely on the old behaviour have to be started again.",
        "waiver": waiver if judged == "waived" else None,
    }


def host(name: str, hardened: bool) -> dict[str, Any]:
    """A host with all 118 results, sorted by number as the evaluator does."""
    results = []
    for family, text in CONTROLS.items():
        words = text.split()
        results += [
            result(n, s, family, verdict(s, family, hardened))
            for n, s in zip(words[::2], words[1::2], strict=True)
        ]
    results.sort(key=lambda r: [int(part) for part in r["number"].split(".")])
    return {
        "name": name,
        "collected_at": "2026-10-02T09:14:07Z" if hardened else "2026-10-01T16:40:31Z",
        "engine": "26.1.5",
        "os": "Debian GNU/Linux 13 (trixie)",
        "errors": [{"what": "audit.kernel", "reason": "auditctl: Operation not permitted"}],
        "summary": tally(results),
        "results": results,
    }


def report(*hosts: dict[str, Any]) -> dict[str, Any]:
    """A report of these hosts."""
    return {
        "schema": "hullguard/report/1",
        "tool": {"name": "hullguard", "version": "0.1.0"},
        "generated_at": "2026-10-02T09:14:09Z",
        "benchmark": {"name": "cis_docker_1_8_0", "title": "CIS Docker Benchmark 1.8.0"},
        "profile": "cis_level2",
        "hosts": sorted(hosts, key=lambda h: h["name"]),
        "findings": [],
    }


@pytest.fixture
def careless() -> dict[str, Any]:
    """One host before it is hardened."""
    return report(host("docker-01.example.org", hardened=False))


@pytest.fixture
def hardened() -> dict[str, Any]:
    """The same host after it."""
    return report(host("docker-01.example.org", hardened=True))


@pytest.fixture
def unreachable() -> dict[str, Any]:
    """A host that gave nothing."""
    return {
        "name": "docker-03.example.org",
        "collected_at": None,
        "engine": None,
        "os": None,
        "errors": [
            {"what": "host", "reason": "ssh: connect to host docker-03.example.org port 22: No route to host"}
        ],
        "summary": tally([]),
        "results": [],
    }


@pytest.fixture
def fleet(unreachable: dict[str, Any]) -> dict[str, Any]:
    """Two hosts, and one that could not be reached."""
    return report(
        host("docker-01.example.org", hardened=True),
        host("docker-02.example.org", hardened=False),
        unreachable,
    )


@pytest.fixture
def empty() -> dict[str, Any]:
    """A report without hosts."""
    return report()


@pytest.fixture
def small(careless: dict[str, Any]) -> dict[str, Any]:
    """One result per verdict, for snapshots."""
    one: dict[str, dict[str, Any]] = {}
    for item in careless["hosts"][0]["results"]:
        one.setdefault(item["verdict"], item)
    only = {
        **careless["hosts"][0],
        "results": [r for r in careless["hosts"][0]["results"] if r in one.values()],
    }
    return report({**only, "summary": tally(only["results"])})


@pytest.fixture
def mixed(small: dict[str, Any]) -> dict[str, Any]:
    """One result per verdict, with findings and scans of every state."""
    return scanned.added(small)


@pytest.fixture
def only_scanned(empty: dict[str, Any]) -> dict[str, Any]:
    """Findings and scans, and no host."""
    return scanned.added(empty)


@pytest.fixture
def hostile(small: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    """Puts one string wherever a report takes text."""

    return lambda text: _poison_document(scanned.added(small), text)


@pytest.fixture
def diff(careless: dict[str, Any], hardened: dict[str, Any]) -> dict[str, Any]:
    """From the careless host to the hardened one, and a host that is only in the later report."""
    later = report(*hardened["hosts"], host("docker-02.example.org", hardened=True))
    return difference(careless, later, "2026-10-02T09:14:09Z")


@pytest.fixture(params=list(HOSTILE.values()), ids=list(HOSTILE))
def hostile_text(request: pytest.FixtureRequest) -> str:
    """Each hostile string in turn."""
    return str(request.param)


@pytest.fixture
def hostile_diff(diff: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
    """Puts one string wherever a diff takes text."""
    first = {**diff["hosts"][0], "changes": diff["hosts"][0]["changes"][:4]}
    return lambda text: _poison_document({**diff, "hosts": [first]}, text)


KEPT = {"schema", "verdict", "severity", "kind", "before", "after", "only_in", "status", "state"}


def _poison_document(document: dict[str, Any], text: str) -> dict[str, Any]:
    return {key: _poison(value, text, key) for key, value in document.items()}


def _poison(value: Any, text: str, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _poison(v, text, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_poison(item, text, key) for item in value]
    return text if isinstance(value, str) and key not in KEPT else value
