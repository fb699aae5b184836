"""A throwaway host that a fault is to strike: containers run on it, and its daemon.json is an administrator's own."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container
from faults_support.case import Case
from lab_support import playbooks

from lab import hosts, workload

CONFIG = "/etc/docker/daemon.json"
# Keys and values that no role wants otherwise, in a form of the administrator's own.
ADMINISTRATOR = '{{"labels" :["team=platform"],\n\n\t"max-concurrent-downloads": 7, "live-restore": {live_restore},\n\t"log-opts": {{"tag": "{{{{.Name}}}}"}}}}  \n'
OWNER = "640 root root"
CONTAINERS: Mapping[str, tuple[str, ...]] = {"web": ("--restart", "unless-stopped"), "batch": ()}


@dataclass(frozen=True, slots=True)
class Target:
    """The host, and a folder of the controller."""

    container: Container
    folder: Path

    @property
    def name(self) -> str:
        """The host's name, in the inventory too."""
        return str(self.container.name)

    def run(self, script: str) -> tuple[int, str]:
        """Return exit code and output of a shell script on the host."""
        return hosts.run(self.container, ["sh", "-c", script])

    def output(self, script: str) -> str:
        """Return what a shell script prints; it has to end well."""
        code, text = self.run(f"set -e\n{script}")
        assert code == 0, f"{script}\nended with {code}:\n{text}"
        return text

    def wait(self, condition: str, seconds: int = 60) -> None:
        """Wait until a shell condition holds on the host."""
        code, _ = self.run(f"timeout {seconds} sh -c 'until {condition}; do sleep 0.2; done'")
        assert code == 0, (
            f"not within {seconds} s: {condition}\n{self.run('journalctl -u docker -n 30 --no-pager')[1]}"
        )

    def command(self, playbook: str, variables: Mapping[str, Any]) -> list[str]:
        """Return the command line that runs a playbook against the host."""
        # Tasks of roles that are not asked for would be skipped one by one, each in a process of its own.
        tags = ["--tags", ",".join(variables["hullguard_roles"])] if playbook == "harden" else []
        hosts = playbooks.inventory(self.folder, self.name)
        return playbooks.command(playbook, hosts, *tags, **variables)

    def play(
        self, playbook: str, variables: Mapping[str, Any], fault: Mapping[str, Any] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a playbook against the host, in a process group of its own, with a fault or without."""
        environment = playbooks.environment(
            playbooks.ROOT / "tests/faults_support/callback/hullguard_fault.py",
            # What a killed controller leaves is removed with the test's folder.
            ANSIBLE_LOCAL_TEMP=str(self.folder / "ansible"),
        )
        if fault is not None:
            environment["HULLGUARD_FAULT"] = json.dumps(fault)
        return subprocess.run(
            self.command(playbook, variables),
            cwd=playbooks.ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=playbooks.SECONDS, start_new_session=True,
        )  # fmt: skip


@contextmanager
def target(client: docker.DockerClient, folder: Path, case: Case) -> Iterator[Target]:
    """Yield a host as the case wants it; it is gone afterwards."""
    prefix = os.environ.get("HULLGUARD_LAB_PREFIX", "hullguard")
    image = workload.ensure(client)
    container, _ = hosts.up(client, f"{prefix}-faults-{uuid.uuid4().hex[:8]}", case.suite)
    try:
        host = Target(container, folder)
        config = ADMINISTRATOR.format(live_restore=json.dumps(case.live_restore))
        host.output(
            f"mkdir -p /etc/docker && cat > {CONFIG} <<'JSON'\n{config}JSON\nchmod 0640 {CONFIG}\n"
            f"systemctl stop docker.socket docker\n{case.setup}\n"
            "systemctl reset-failed docker; systemctl start docker.socket docker"
        )
        workload.load(client, container, image)
        for name, options in CONTAINERS.items():
            words = [
                "docker",
                "run",
                "-d",
                "--name",
                name,
                "--stop-signal",
                "KILL",
                *options,
                image,
                "sleep",
                "86400",
            ]
            host.output(" ".join(words))
        yield host
    finally:
        hosts.remove(container)
