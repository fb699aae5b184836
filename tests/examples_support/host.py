"""A throwaway host that the examples run on: what a reader has, and nothing that only a test knows."""

from __future__ import annotations

import io
import tarfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
from docker.models.containers import Container
from examples_support.readme import Step, script, steps

from lab import hosts

ROOT = Path(__file__).parents[2]
HOME = "/opt/hullguard"
# Debian's own asks for a password that nobody has set.
REGISTRY = """\
version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: /var/lib/docker-registry}, delete: {enabled: true}}
http: {addr: "127.0.0.1:5000"}
"""
COMMAND = f'#!/bin/sh\nPYTHONPATH={HOME}/scripts exec python3 -m hullguard "$@"\n'


@dataclass(frozen=True, slots=True)
class ExampleHost:
    """A host with this checkout's package, catalogue, roles' policies and examples in /opt/hullguard."""

    container: Container

    def prepare(self) -> None:
        """Bring what the READMEs take as given: this checkout, the command, a registry on loopback."""
        for folder in ("scripts/hullguard", "compliance", "examples", "roles", "playbooks"):
            self.put(ROOT / folder, f"{HOME}/{folder}")
        self.write(COMMAND, "/usr/local/bin/hullguard", 0o755)
        # A company's own certificate authority is in the machine's store; builds get it as a secret.
        self.put(Path("/etc/ssl/certs/ca-certificates.crt"), "/etc/ssl/certs/ca-certificates.crt")
        self.write(REGISTRY, "/etc/docker/registry/config.yml")
        self.output("systemctl restart docker-registry")

    def run(self, commands: str) -> tuple[int, str]:
        """Return exit code and output of commands for bash."""
        return hosts.run(self.container, ["bash", "-c", commands])

    def output(self, commands: str) -> str:
        """Return what commands print; they have to end well."""
        code, text = self.run(f"set -euo pipefail\n{commands}")
        assert code == 0, f"{commands}\nended with {code}:\n{text}"
        return text

    def step(self, step: Step, folder: str, state: str) -> str:
        """Run one step of a README and return what it printed; it has to do what the README says."""
        code, text = self.run(script(step, folder, state))
        said = f"{step.heading}:\n{step.commands}\nended with {code}:\n{text}"
        assert (code != 0) == step.fails, said
        missing = step.missing(text)
        assert missing is None, f"{said}\nand did not print: {missing}"
        return text

    def readme(self, name: str) -> list[str]:
        """Run the README of examples/NAME from its first step to the last; return what each printed."""
        state = f"/run/example-{uuid.uuid4().hex[:8]}"
        folder = f"{HOME}/examples/{name}"
        listed = steps(ROOT / "examples" / name / "README.md")
        assert listed, f"the README of {name} has no step"
        return [self.step(one, folder, state) for one in listed]

    def put(self, path: Path, target: str, mode: int | None = None) -> None:
        """Copy a file or folder of this machine to an absolute path of the host."""
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", dereference=True) as archive:
            archive.add(path, target.lstrip("/"), filter=lambda entry: _plain(entry, mode))
        self.container.put_archive("/", stream.getvalue())

    def write(self, text: str, target: str, mode: int = 0o644) -> None:
        """Write a file of the host."""
        data, stream = text.encode(), io.BytesIO()
        entry = tarfile.TarInfo(target.lstrip("/"))
        entry.size, entry.mode = len(data), mode
        with tarfile.open(fileobj=stream, mode="w") as archive:
            archive.addfile(entry, io.BytesIO(data))
        self.container.put_archive("/", stream.getvalue())


def _plain(entry: tarfile.TarInfo, mode: int | None) -> tarfile.TarInfo | None:
    if "__pycache__" in entry.name:
        return None
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    if mode is not None and entry.isfile():
        entry.mode = mode
    return entry


@contextmanager
def running(
    client: docker.DockerClient, tools: Path | None, programs: tuple[str, ...] = ()
) -> Iterator[ExampleHost]:
    """Yield a host; it is gone afterwards. `programs` are copied out of the folder of tools."""
    name = f"hullguard-examples-{uuid.uuid4().hex[:8]}"
    container, _ = hosts.up(client, name, "examples")
    try:
        host = ExampleHost(container)
        host.prepare()
        for program in programs:
            assert tools is not None, "HULLGUARD_TOOLS names no folder: ./nox -s tools"
            host.put((tools / program).resolve(), f"/usr/local/bin/{program}", 0o755)
        yield host
    finally:
        hosts.remove(container)
