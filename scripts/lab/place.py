"""Where the demo takes place: a throwaway host in a container, or a throwaway virtual machine."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Protocol

import docker
from docker.models.containers import Container

from lab import LabError, hosts, images, workload
from lab.vm import cli, machines
from lab.vm import machine as running
from lab.vm.machine import Machine

# A whole battery of attacks, where the processor is emulated.
COMMAND_SECONDS = 900


class Place(Protocol):
    """A host that is made, used and thrown away."""

    name: str
    # How many times as long as usual things may take there.
    patience: int

    def up(self) -> None:
        """Have a clean one. Raises LabError."""

    def run(self, *command: str) -> str:
        """Run a command there; its output. Raises LabError with what it said when it fails."""

    def load(self, image: str) -> None:
        """Copy an image of this machine's engine into the one there. Raises LabError."""

    def unpack(self, archive: bytes) -> None:
        """Unpack a tar archive, compressed by gzip, in the root folder there. Raises LabError."""

    def variables(self) -> dict[str, object]:
        """Return how Ansible reaches it."""

    def enter(self) -> str:
        """Return the command that leads in, and the one that removes it."""

    def remove(self) -> bool:
        """Remove it, when it is there. Return whether it was."""


class ContainerPlace:
    """A systemd container with an engine of its own."""

    patience = 1

    def __init__(self, client: docker.DockerClient, name: str, suite: str) -> None:
        self.name, self._client, self._suite = name, client, suite

    @property
    def _host(self) -> Container:
        host = hosts.find(self._client, self.name)
        if host is None:
            raise LabError(f"{self.name} is gone")
        return host

    def up(self) -> None:
        """Have a clean one. Raises LabError."""
        images.ensure(self._client, [self._suite])
        self.remove()
        hosts.up(self._client, self.name, self._suite)

    def run(self, *command: str) -> str:
        """Run a command there; its output. Raises LabError with what it said when it fails."""
        return _said(self.name, command, *hosts.run(self._host, list(command)))

    def load(self, image: str) -> None:
        """Copy an image of this machine's engine into the one there. Raises LabError."""
        workload.load(self._client, self._host, image)

    def unpack(self, archive: bytes) -> None:
        """Unpack a tar archive, compressed by gzip, in the root folder there. Raises LabError."""
        if not self._host.put_archive("/", archive):
            raise LabError(f"{self.name} did not take an archive")

    def variables(self) -> dict[str, object]:
        """Return how Ansible reaches it."""
        return {
            "ansible_connection": "community.docker.docker_api",
            "ansible_python_interpreter": "/usr/bin/python3",
        }

    def enter(self) -> str:
        """Return the command that leads in, and the one that removes it."""
        return f"docker exec -it {self.name} bash    Remove it with: ./nox -s clean"

    def remove(self) -> bool:
        """Remove it, when it is there. Return whether it was."""
        if (host := hosts.find(self._client, self.name)) is None:
            return False
        hosts.remove(host)
        return True


class MachinePlace:
    """A virtual machine: a kernel of its own, AppArmor, live audit rules."""

    patience = 10

    def __init__(self, client: docker.DockerClient, name: str, suite: str) -> None:
        self.name, self._client, self._suite = name, client, suite

    @property
    def _machine(self) -> Machine:
        machine = machines.find(self.name)
        if machine is None:
            raise LabError(f"{self.name} is gone")
        return machine

    def up(self) -> None:
        """Have a clean one. Raises LabError."""
        self.remove()
        machines.up(self.name, self._suite)

    def run(self, *command: str) -> str:
        """Run a command there; its output. Raises LabError with what it said when it fails."""
        return _said(self.name, command, *self._machine.run(shlex.join(command), seconds=COMMAND_SECONDS))

    def load(self, image: str) -> None:
        """Copy an image of this machine's engine into the one there. Raises LabError."""
        with tempfile.TemporaryFile(dir="/var/tmp") as saved:
            for chunk in self._client.images.get(image).save(named=image):
                saved.write(chunk)
            saved.seek(0)
            done = subprocess.run(
                [*self._machine.ssh(), "docker", "load", "-q"], stdin=saved, capture_output=True, check=False
            )
        if done.returncode != 0:
            raise LabError(f"{self.name} could not load {image}: {done.stderr.decode(errors='replace')}")

    def unpack(self, archive: bytes) -> None:
        """Unpack a tar archive, compressed by gzip, in the root folder there. Raises LabError."""
        command = [*self._machine.ssh(), "tar -xz -C /"]
        done = subprocess.run(command, input=archive, capture_output=True, check=False)
        if done.returncode != 0:
            raise LabError(f"{self.name} did not take an archive: {done.stderr.decode(errors='replace')}")

    def variables(self) -> dict[str, object]:
        """Return how Ansible reaches it."""
        return cli.variables(self._machine)

    def enter(self) -> str:
        """Return the command that leads in, and the one that removes it."""
        lab = "./nox -s lab -- vm"
        return f"{lab} ssh {self.name}    Remove it with: {lab} down {self.name}"

    def remove(self) -> bool:
        """Remove it, when it is there. Return whether it was."""
        machine = machines.find(self.name)
        if machine is None:
            return False
        running.remove(machine)
        return True


def _said(name: str, command: Sequence[str], code: int, output: str) -> str:
    if code != 0:
        raise LabError(f"{shlex.join(command)} failed in {name}: {output.strip()}")
    return output.strip()
