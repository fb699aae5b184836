"""A throwaway host that is attacked: as it comes, after somebody was careless with it, and hardened."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import docker
from examples_support.host import COMMAND, HOME, ROOT, ExampleHost
from lab_support import playbooks

from lab import hosts

# What each line undoes is a control, or a role's own claim; the attack on it is to succeed then.
CARELESS = r"""
useradd --no-create-home careless && usermod --append --groups docker careless
mkdir -p /etc/systemd/system/docker.service.d /etc/systemd/system/docker.socket.d /etc/docker
openssl ecparam -genkey -name prime256v1 -out /etc/docker/key.pem 2>/dev/null && chmod 0644 /etc/docker/key.pem
cat > /etc/docker/daemon.json <<'JSON'
{"insecure-registries": ["172.16.0.0/12"], "seccomp-profile": "unconfined", "iptables": false, "tlskey": "/etc/docker/key.pem"}
JSON
cat > /etc/systemd/system/docker.service.d/10-site.conf <<'UNIT'
[Service]
ExecStart=
ExecStart=/usr/sbin/dockerd -H fd:// -H tcp://0.0.0.0:2375 --containerd=/run/containerd/containerd.sock
UNIT
printf '[Socket]\nSocketMode=0666\n' > /etc/systemd/system/docker.socket.d/10-site.conf
systemctl daemon-reload && systemctl stop docker.service docker.socket
iptables --policy FORWARD ACCEPT && iptables --flush && iptables --table nat --flush
systemctl start docker.socket docker.service
sysctl --quiet --write net.ipv4.conf.docker0.route_localnet=1
chmod 0666 /etc/docker/daemon.json /usr/lib/systemd/system/docker.service /run/containerd/containerd.sock
chmod 0777 /etc/docker
"""
CLOUD = """
ip address add 169.254.169.254/32 dev lo
systemd-run --quiet --unit prove-metadata python3 -m http.server 80 --bind 169.254.169.254 --directory /srv
for _ in $(seq 100); do curl --silent --output /dev/null http://169.254.169.254/ && exit 0; sleep 0.05; done; exit 1
"""
AUTHORIZE = """
[ -e /opt/daemon.json ] || cp -a /etc/docker/daemon.json /opt/daemon.json
systemctl stop authorizer 2>/dev/null || true
systemd-run --quiet --collect --unit authorizer python3 /opt/authorizer.py /run/docker/plugins/authorizer.sock RULE
for _ in $(seq 100); do [ -S /run/docker/plugins/authorizer.sock ] && break; sleep 0.05; done
python3 - <<'PYTHON'
import json
path = "/etc/docker/daemon.json"
config = json.load(open(path)) | {"authorization-plugins": ["authorizer"]}
open(path, "w").write(json.dumps(config))
PYTHON
systemctl reset-failed docker; systemctl restart docker
docker info --format '{{.Plugins.Authorization}}' | grep authorizer
"""
UNAUTHORIZE = """
mv /opt/daemon.json /etc/docker/daemon.json
systemctl reset-failed docker; systemctl restart docker
systemctl stop authorizer; rm -f /run/docker/plugins/authorizer.sock
docker info --format '{{.Plugins.Authorization}}'
"""
HARDEN: dict[str, Any] = {
    "hullguard_roles": [
        "docker_daemon", "docker_files", "docker_host", "docker_network", "docker_seccomp", "docker_tls", "docker_trust",
        "docker_userns",
    ],
    "docker_trust_registries": ["registry.example.net"],
    "docker_userns_accept_hidden": True,
    "docker_host_remove_members": True,
    "docker_network_publish_address": "127.0.0.1",
    "docker_daemon_settings": {"log-opts": {"max-size": "1m", "max-file": "2"}},
}  # fmt: skip
# What a run may make: all of it is compared before and after.
INVENTORY = (
    "docker ps --all --quiet --no-trunc; docker images --all --quiet --no-trunc; docker network ls --quiet --no-trunc;"
    " docker volume ls --quiet; find /var/tmp /tmp /run/docker/plugins -maxdepth 1 -name '*hullguard*'; ip -brief link | awk '{print $1}';"
    " ps -eo args | grep -c '[i]nside.__main__' || true; ss --listening --tcp --numeric --no-header | awk '{print $4}'"
)


class ProveHost(ExampleHost):
    """A host with this checkout's package and catalogue, and no more of it."""

    def prove(self, *arguments: str) -> dict[str, Any]:
        """Attack it; return the document."""
        code, text = self.run(f"hullguard prove --format json {' '.join(arguments)} 2>/tmp/prove.err")
        assert code in (0, 10, 11, 12, 13), self.run("cat /tmp/prove.err")[1] + text
        document: dict[str, Any] = json.loads(text)
        return document

    def both(self, name: str, *arguments: str) -> dict[str, Any]:
        """Attack and audit it; return the joined report. Both results are kept in /opt/NAME."""
        self.output(
            f"mkdir /opt/{name}; cd /opt/{name}\n"
            f"hullguard prove --format json --output prove.json --fail-on never {' '.join(arguments)}\n"
            "hullguard audit --format json --output audit.json --fail-on never 2>/dev/null"
        )
        report: dict[str, Any] = json.loads(self.joined(name, "json", "--fail-on never")[1])
        return report

    def joined(self, name: str, format_: str, *arguments: str) -> tuple[int, str]:
        """Join what `both` has kept; return exit code and report."""
        files = f"--from /opt/{name}/prove.json --report /opt/{name}/audit.json"
        return self.run(f"hullguard prove {files} --format {format_} {' '.join(arguments)} 2>/dev/null")

    def inventory(self) -> list[str]:
        """Return what is there of everything that a run makes."""
        return sorted(self.output(INVENTORY).splitlines())


@contextmanager
def running(client: docker.DockerClient) -> Iterator[ProveHost]:
    """Yield a host as it comes; it is gone afterwards."""
    container, _ = hosts.up(client, f"hullguard-prove-{uuid.uuid4().hex[:8]}", "examples")
    try:
        host = ProveHost(container)
        for folder in ("scripts/hullguard", "compliance"):
            host.put(ROOT / folder, f"{HOME}/{folder}")
        host.write(COMMAND, "/usr/local/bin/hullguard", 0o755)
        yield host
    finally:
        hosts.remove(container)


def authorize(host: ProveHost, rule: str) -> None:
    """Put an authorization plugin in front of the engine, with one of its rules; a later call changes the rule."""
    host.put(Path(__file__).with_name("authorizer.py"), "/opt/authorizer.py")
    host.output(AUTHORIZE.replace("RULE", rule))


def harden(host: ProveHost, folder: Path) -> None:
    """Harden it with the playbook."""
    hosts_file = playbooks.inventory(folder, str(host.container.name))
    done = subprocess.run(
        playbooks.command("harden", hosts_file, **HARDEN), cwd=ROOT, env=playbooks.environment(),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=playbooks.SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
