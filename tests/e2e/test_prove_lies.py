"""Configuration that lies: the right file, and the wrong effect. The audit notices, or else the attack does, loudly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from prove_support import host as support
from prove_support.host import ProveHost

from lab import engine

Report = dict[str, Any]
# An access control list: user nobody may read and write; tags and rights of linux/posix_acl_xattr.h.
ACL = (
    "import os, struct; rows = [(1, 6, -1), (2, 6, 65534), (4, 6, -1), (16, 6, -1), (32, 0, -1)]; "
    "os.setxattr('/run/docker.sock', 'system.posix_acl_access', "
    "struct.pack('<I', 2) + b''.join(struct.pack('<HHi', *row) for row in rows))"
)
FORWARD = """
import socket, threading
def pump(a, b):
    while data := a.recv(65536): b.sendall(data)
    b.shutdown(socket.SHUT_WR)
listener = socket.create_server(("0.0.0.0", 4243))
while True:
    theirs, _ = listener.accept()
    ours = socket.socket(socket.AF_UNIX); ours.connect("/run/docker.sock")
    for pair in ((theirs, ours), (ours, theirs)): threading.Thread(target=pump, args=pair, daemon=True).start()
"""
# In force: no traffic between containers, content trust, and a seccomp profile whose name is our baseline's.
FIRST = r"""
mkdir -p /etc/docker/seccomp /etc/systemd/system/docker.service.d
echo '{"defaultAction": "SCMP_ACT_ALLOW"}' > /etc/docker/seccomp/hullguard-baseline.json
echo '{"icc": false, "seccomp-profile": "/etc/docker/seccomp/hullguard-baseline.json"}' > /etc/docker/daemon.json
cat > /etc/systemd/system/docker.service.d/10-site.conf <<'UNIT'
[Service]
ExecStart=
ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock --insecure-registry 172.16.0.0/12
UNIT
systemctl daemon-reload && systemctl restart docker
iptables --insert DOCKER-USER --in-interface docker0 --out-interface docker0 --jump ACCEPT
iptables --insert DOCKER-USER ! --in-interface docker0 --out-interface docker0 --jump ACCEPT
iptables --insert DOCKER-USER --in-interface docker0 ! --out-interface docker0 --jump ACCEPT
echo 'export DOCKER_CONTENT_TRUST=1' > /etc/profile.d/content-trust.sh
echo 'unset DOCKER_CONTENT_TRUST' > /etc/profile.d/later.sh
useradd --no-create-home --gid docker quiet
chmod 0777 /etc/systemd/system/docker.service.d
systemd-run --quiet --unit forward python3 /opt/forward.py
for _ in $(seq 100); do curl --silent --output /dev/null http://127.0.0.1:4243/_ping && break; sleep 0.05; done
"""
# Written, and the engine was not restarted for it.
PENDING = r"""
cat > /etc/docker/daemon.json <<'JSON'
{"icc": false, "seccomp-profile": "/etc/docker/seccomp/hullguard-baseline.json", "no-new-privileges": true,
 "userns-remap": "default", "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 1024}}}
JSON
"""
# The engine reads another file than the one that everybody looks at; and that says icc since it last looked.
SECOND = r"""
rm --recursive /etc/systemd/system/docker.service.d; gpasswd --delete quiet docker 2>/dev/null || true; userdel quiet
mkdir -p /etc/systemd/system/docker.service.d; echo '{}' > /etc/docker/site.json
cat > /etc/systemd/system/docker.service.d/10-site.conf <<'UNIT'
[Service]
ExecStart=
ExecStart=/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock --config-file /etc/docker/site.json
UNIT
systemctl stop forward; for _ in 1 2 3; do iptables --delete DOCKER-USER 1; done
systemctl daemon-reload && systemctl stop docker.service docker.socket && systemctl start docker.socket docker
echo '{"icc": false}' > /etc/docker/site.json
"""


@pytest.fixture(scope="module")
def host() -> Iterator[ProveHost]:
    with support.running(engine.ensure()) as found:
        yield found


@pytest.fixture(scope="module")
def first(host: ProveHost) -> Report:
    host.write(FORWARD, "/opt/forward.py")
    host.output(FIRST)
    host.output(f'python3 -c "{ACL}"')
    return host.both("first")


@pytest.fixture(scope="module")
def pending(host: ProveHost, first: Report) -> Report:
    host.output(PENDING)
    return host.both("pending", "--include-heavy", *(f"--only {slug}" for slug in WAITING))


@pytest.fixture(scope="module")
def second(host: ProveHost, pending: Report) -> Report:
    host.output(SECOND)
    return host.both("second", *(f"--only {slug}" for slug in ELSEWHERE))


def result(report: Report, slug: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in report["hosts"][0]["results"] if row["id"] == slug)
    return found


# What the configuration says is met, and an attack shows is not.
CONTRADICTED = {
    "inter_container_traffic": ("neighbour_port", "an ACCEPT rule stands before the rule that drops"),
    "seccomp_profile_default": ("keyrings", "the profile of the right name allows everything"),
    "remote_api_tls": ("api_from_host", "a program of somebody's forwards a port to the socket"),
    "packet_filter_managed": (
        "networks_apart",
        "an ACCEPT rule stands before the chains that keep networks apart",
    ),
    "content_trust": ("login_shell_pull", "a later script of the login shell takes the variable away again"),
    "service_unit_mode": (
        "units_as_stranger",
        "the folder of the unit's drop-ins may be written by everybody",
    ),
}
# What the audit sees through by itself.
NOTICED = {
    "insecure_registries": "the flag on the unit's command line",
    "docker_socket_mode": "the access control list that lets another account in",
    "docker_group_members": "the account whose first group it is",
}
# What the file says since it was last read.
WAITING = ("userns_remap", "no_new_privileges_default", "default_ulimits")
# What a file says that the engine does not read.
ELSEWHERE = ("no_new_privileges_default", "inter_container_traffic", "seccomp_profile_default")


@pytest.mark.parametrize("slug", CONTRADICTED)
def test_the_attack_contradicts_the_configuration(first: Report, slug: str) -> None:
    probe, _ = CONTRADICTED[slug]
    row = result(first, slug)
    assert row["verdict"] in ("pass", "not_applicable"), row["reason"]
    assert row["attack"]["stance"] == "contradicted", row["attack"]
    assert probe in [one["id"] for one in row["attack"]["probes"] if one["outcome"] == "succeeded"]
    found = [one for one in first["findings"] if one["id"] == f"contradicted_{slug}"]
    assert len(found) == 1
    assert found[0]["severity"] in ("high", "critical")
    assert probe in found[0]["title"]


@pytest.mark.parametrize("slug", NOTICED)
def test_the_audit_alone_notices(first: Report, slug: str) -> None:
    row = result(first, slug)
    assert row["verdict"] == "fail", row["reason"]
    assert row["attack"]["outcome"] == "succeeded", row["attack"]
    assert row["attack"]["stance"] == "confirmed"


@pytest.mark.parametrize("slug", WAITING)
def test_what_waits_for_a_restart_is_not_taken_for_done(pending: Report, slug: str) -> None:
    row = result(pending, slug)
    assert row["attack"]["outcome"] == "succeeded", row["attack"]
    assert row["verdict"] in ("fail", "unknown"), row


@pytest.mark.parametrize("slug", ELSEWHERE)
def test_a_file_that_the_engine_does_not_read_decides_nothing(second: Report, slug: str) -> None:
    row = result(second, slug)
    if slug == "seccomp_profile_default":  # the engine has its own again
        assert (row["verdict"], row["attack"]["stance"]) == ("pass", "confirmed")
    else:
        assert row["verdict"] in ("fail", "unknown"), row
        assert row["attack"]["outcome"] == "succeeded"


def test_contradictions_come_first_everywhere(host: ProveHost, first: Report) -> None:
    count = sum(row.get("attack", {}).get("stance") == "contradicted" for row in first["hosts"][0]["results"])
    assert count >= len(CONTRADICTED)
    assert all(row["tool"] == "hullguard-prove" for row in first["findings"])
    for format_, heading, later in (
        ("table", f"Contradicted by an attack: {count}", "Host  "),
        ("markdown", f"### Contradicted by an attack ({count})", "Fail ("),
        ("html", f"Contradicted by an attack: {count}", "At a glance"),
    ):
        code, page = host.joined("first", format_)
        assert code == 13, "a contradicted control of severity critical decides the exit code"
        assert heading in page or heading.replace("### ", "<b>").replace(")", ")</b>") in page
        assert page.index("Contradicted by an attack") < page.index(later)
