"""`python -m lab`: start, list and remove throwaway hosts."""

from __future__ import annotations

import argparse
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker
from docker.errors import DockerException

from lab import LABEL, LabError, carry, engine, hosts, images, say, suites, workload
from lab.vm import cli as vm
from lab.vm import machines


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "vm":
            return vm.run(options)
        if options.command == "carry":
            options.file.write_bytes(carry.archive())
            return 0
        if options.command == "engine" and options.stop:
            say("stopped the engine" if engine.stop() else "no engine of the lab's runs")
            return 0
        if options.command == "clean":
            return _clean(options)
        client = engine.connect() if options.command in {"down", "status"} else engine.ensure()
        if client is None:
            say("no engine answers, so no host runs")
            return 0
        return int(COMMANDS[options.command](client, options) or 0)
    except (LabError, DockerException) as error:
        say(f"error: {error}")
        return 1


def _engine(client: docker.DockerClient, _: argparse.Namespace) -> None:
    print(client.version()["Version"])


def _build(client: docker.DockerClient, options: argparse.Namespace) -> None:
    for image in images.ensure(client, options.suite or list(suites.LOCAL)).values():
        print(image)
    print(workload.ensure(client))


def _up(client: docker.DockerClient, options: argparse.Namespace) -> None:
    wanted = [name.partition("=")[::2] for name in options.host] or [(options.name, options.suite)]
    images.ensure(client, sorted({suite or options.suite for _, suite in wanted}))
    with ThreadPoolExecutor() as pool:
        started = list(pool.map(lambda host: hosts.up(client, host[0], host[1] or options.suite), wanted))
    if options.busybox:
        image = workload.ensure(client)
        for host, _ in started:
            workload.load(client, host, image)
    changed = any(new for _, new in started)
    print(json.dumps({"changed": changed, "hosts": [host.name for host, _ in started]}))


def _down(client: docker.DockerClient, options: argparse.Namespace) -> None:
    found = [host for name in options.names if (host := hosts.find(client, name))]
    with ThreadPoolExecutor() as pool:
        list(pool.map(hosts.remove, found))
    print(json.dumps({"changed": bool(found), "hosts": [host.name for host in found]}))


def _load(client: docker.DockerClient, options: argparse.Namespace) -> None:
    if not (host := hosts.find(client, options.name)):
        raise LabError(f"there is no host named {options.name}")
    image = options.image or workload.ensure(client)
    workload.load(client, host, image)
    print(image)


def _status(client: docker.DockerClient, _: argparse.Namespace) -> None:
    for host in client.containers.list(all=True, filters={"label": f"{LABEL}=host"}):
        print(f"{host.name}\t{host.status}\t{host.labels[f'{LABEL}.suite']}")


def _inventory(client: docker.DockerClient, _: argparse.Namespace) -> None:
    running = client.containers.list(filters={"label": f"{LABEL}=host"})
    variables = {
        "ansible_connection": "community.docker.docker",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    # JSON is YAML, so Ansible reads it under any name ending in .yml.
    print(json.dumps({"all": {"vars": variables, "hosts": {host.name: {} for host in running}}}, indent=2))


def _shell(client: docker.DockerClient, options: argparse.Namespace) -> None:
    if not hosts.find(client, options.name):
        raise LabError(f"there is no host named {options.name}")
    try:
        os.execvp("docker", ["docker", "exec", "-it", options.name, "bash"])
    except FileNotFoundError:
        raise LabError(
            "the docker command is not installed: apt-get install docker-cli or docker.io"
        ) from None


def _clean(options: argparse.Namespace) -> int:
    removed = machines.clean()
    for line in removed:
        print(line)
    client = engine.connect()
    if client is None:
        say("no engine answers, so no host runs")
        return 0
    found = hosts.clean(client, with_images=options.images)
    for line in found if found or removed else ["nothing of the lab's is left"]:
        print(line)
    return 0


COMMANDS = {
    "engine": _engine,
    "build": _build,
    "up": _up,
    "down": _down,
    "load": _load,
    "status": _status,
    "inventory": _inventory,
    "shell": _shell,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="Throwaway Docker hosts.")
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text)

    command = add("engine", "find an engine, or install and start one; prints its version")
    command.add_argument("--stop", action="store_true", help="stop the engine that the lab started")
    command = add("build", "build the host images and the workload image that are missing")
    command.add_argument("--suite", action="append", choices=list(suites.SUITES))
    command = add("up", "start hosts and wait until they are ready; prints JSON")
    command.add_argument("host", nargs="*", metavar="NAME=SUITE", help="several hosts at once")
    command.add_argument("--name", default="hullguard-lab")
    command.add_argument("--suite", default="debian-13", choices=list(suites.SUITES))
    command.add_argument(
        "--busybox", action="store_true", help="load the workload image into the engine inside"
    )
    command = add("down", "remove hosts; prints JSON")
    command.add_argument("names", nargs="+")
    command = add("load", "copy an image into the engine inside a host")
    command.add_argument("name")
    command.add_argument("image", nargs="?", help="the workload image when left out")
    add("status", "list the hosts")
    add("inventory", "print an Ansible inventory of the running hosts")
    command = add("shell", "open a shell on a host")
    command.add_argument("name", nargs="?", default="hullguard-lab")
    command = add("carry", "write an archive of hullguard's command, for hosts that have nothing but Python")
    command.add_argument("file", type=Path, metavar="FILE.tar.gz")
    command = add(
        "clean", "remove whatever carries the lab's label, Molecule's hosts and virtual machines too"
    )
    command.add_argument("--images", action="store_true", help="the images too")
    vm.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
