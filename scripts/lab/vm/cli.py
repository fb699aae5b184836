"""`python -m lab vm`: start, enter and remove throwaway virtual machines."""

from __future__ import annotations

import argparse
import json
import os
import shlex

from lab import LabError, say
from lab.vm import image as images
from lab.vm import machine as machines
from lab.vm import machines as all_machines
from lab.vm.machine import SSH, Machine


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `vm` to the lab's."""
    text = "start, enter or remove throwaway virtual machines"
    parser = commands.add_parser("vm", help=text, description=text)
    verbs = parser.add_subparsers(dest="verb", required=True)

    def verb(name: str, text: str) -> argparse.ArgumentParser:
        return verbs.add_parser(name, help=text, description=text)

    command = verb(
        "build", "build the disks that are missing, and take the snapshot that machines start from"
    )
    command.add_argument("--suite", action="append", choices=images.MACHINES)
    command = verb("up", "start a machine from the snapshot and wait until it is ready; prints JSON")
    command.add_argument("name")
    command.add_argument("--suite", default="debian-13", choices=images.MACHINES)
    command = verb("down", "remove machines; prints JSON")
    command.add_argument("names", nargs="*", help="all of them when left out")
    verb("status", "list the machines")
    verb("inventory", "print an Ansible inventory of the running machines")
    for name, text in (
        ("ssh", "run a command on a machine, or get in"),
        ("reboot", "reboot a machine and wait"),
    ):
        command = verb(name, text)
        command.add_argument("name")
        if name == "ssh":
            command.add_argument("words", nargs=argparse.REMAINDER)


def run(options: argparse.Namespace) -> int:
    """Run one verb; the exit code. Raises LabError."""
    verb: str = options.verb
    if verb == "build":
        for suite in options.suite or ["debian-13"]:
            image = images.ensure(suite)
            all_machines.snapshot(image, all_machines.best(image))
            print(image.folder)
    elif verb == "up":
        machine, changed = all_machines.up(options.name, options.suite)
        print(
            json.dumps(
                {"changed": changed, "name": machine.name, "port": machine.port, "key": str(machine.key)}
            )
        )
    elif verb == "down":
        named = [m for name in options.names if (m := all_machines.find(name))]
        found = named if options.names else all_machines.every()
        print(json.dumps({"changed": bool(found), "machines": [m.name for m in found if machines.remove(m)]}))
    elif verb == "status":
        for machine in all_machines.every():
            state = "running" if machine.pid else "stopped"
            print(f"{machine.name}\t{state}\t{machine.suite}\tport {machine.port}")
    elif verb == "inventory":
        print(json.dumps(inventory([m for m in all_machines.every() if m.pid]), indent=2))
    elif verb == "reboot":
        machines.reboot(known(options.name))
        say(f"{options.name}: rebooted")
    else:
        os.execvp("ssh", [*known(options.name).ssh(), *options.words])
    return 0


def known(name: str) -> Machine:
    """Return a machine. Raises LabError when there is none of that name."""
    if machine := all_machines.find(name):
        return machine
    there = ", ".join(m.name for m in all_machines.every()) or "none"
    raise LabError(f"there is no machine {name}; there are: {there}")


def inventory(found: list[Machine], group: str = "lab") -> dict[str, object]:
    """Return an Ansible inventory of machines in one group."""
    return {group: {"hosts": {machine.name: variables(machine) for machine in found}}}


def variables(machine: Machine) -> dict[str, object]:
    """Return how Ansible reaches a machine."""
    return {
        "ansible_connection": "ssh",
        "ansible_host": "127.0.0.1",
        "ansible_port": machine.port,
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(machine.key),
        "ansible_ssh_common_args": shlex.join(SSH),
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_pipelining": True,
        "lab_suite": machine.suite,
    }
