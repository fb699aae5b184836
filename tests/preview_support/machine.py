"""A throwaway host for what playbooks do to it: preview, apply, look."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
from docker.models.containers import Container
from lab_support import playbooks
from lab_support.playbooks import ROOT

from lab import hosts, workload


@dataclass(frozen=True, slots=True)
class Machine:
    """A host with an engine of its own, the tiny image in it, and an inventory that names it."""

    container: Container
    image: str
    folder: Path

    @property
    def name(self) -> str:
        """The host's name, in the inventory too."""
        return str(self.container.name)

    def run(self, *command: str) -> tuple[int, str]:
        """Return exit code and output of a command on the host."""
        return hosts.run(self.container, list(command))

    def output(self, *command: str) -> str:
        """Return what a command prints; it has to end well."""
        code, text = self.run(*command)
        assert code == 0, f"{' '.join(command)} ended with {code}: {text}"
        return text.strip()

    def docker(self, *arguments: str) -> str:
        """Return what the host's docker command prints; IMAGE stands for the tiny image."""
        return self.output("docker", *(self.image if word == "IMAGE" else word for word in arguments))

    def python(self, program: str) -> tuple[int, str]:
        """Return exit code and output of a Python program on the host."""
        return self.run("python3", "-c", program)

    def evidence(self, name: str) -> Path:
        """Collect the host's evidence into a file, and return its path."""
        source = (ROOT / "scripts" / "hullguard" / "collect.py").read_text(encoding="utf-8")
        code, text = self.python(source)
        assert code == 0, text
        document = json.loads(text[text.index("{") :])
        document["host"]["name"] = self.name
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def preview(self, evidence: Path, *options: str) -> Any:
        """Return the preview of this host's evidence, by the command line."""
        arguments = ["audit", "-e", str(evidence), "--preview", "cis_level2", "--format", "json", *options]
        done = subprocess.run(
            [sys.executable, "-m", "hullguard", *arguments],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        )  # fmt: skip
        return json.loads(done.stdout)["hosts"][0]

    def play(self, name: str, *options: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        """Run a playbook against the host."""
        return playbook(name, playbooks.inventory(self.folder, self.name), *options, **variables)


def playbook(name: str, inventory: Path, *options: str, **variables: Any) -> subprocess.CompletedProcess[str]:
    """Run a playbook with an inventory file."""
    return subprocess.run(
        playbooks.command(name, inventory, *options, **variables),
        cwd=ROOT, env=playbooks.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False, timeout=playbooks.SECONDS,
    )  # fmt: skip


@contextmanager
def machine(client: docker.DockerClient, folder: Path, suite: str = "debian-13") -> Iterator[Machine]:
    """Yield a host with the tiny image; it is gone afterwards."""
    prefix = os.environ.get("HULLGUARD_LAB_PREFIX", "hullguard")
    image = workload.ensure(client)
    container, _ = hosts.up(client, f"{prefix}-preview-{uuid.uuid4().hex[:8]}", suite)
    try:
        workload.load(client, container, image)
        yield Machine(container, image, folder)
    finally:
        hosts.remove(container)
