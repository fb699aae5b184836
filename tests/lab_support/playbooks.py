"""How tests run this project's playbooks against throwaway hosts."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
# Of one playbook; the tests of several hosts at once stay far below it.
SECONDS = 600
BIN = Path(sys.executable).parent
# A busy machine takes its time.
CONNECTION = {
    "ansible_connection": "community.docker.docker_api",
    "ansible_python_interpreter": "/usr/bin/python3",
    "ansible_docker_timeout": 180,
}


def inventory(folder: Path, *names: str) -> Path:
    """Write an inventory of throwaway hosts into a folder of the test's; return its path."""
    path = folder / "inventory.json"
    hosts = {"docker_hosts": {"hosts": dict.fromkeys(names, CONNECTION)}}
    path.write_text(json.dumps(hosts), encoding="utf-8")
    return path


def command(name: str, hosts: Path, *options: str, **variables: Any) -> list[str]:
    """Return the command line that runs a playbook with an inventory file."""
    playbook = ROOT / "playbooks" / f"{name}.yml"
    program = [str(BIN / "ansible-playbook"), "-i", str(hosts), *options, str(playbook)]
    return [*program, "-e", json.dumps(variables)]


def environment(*callbacks: Path, **more: str) -> dict[str, str]:
    """Return the environment that such a command needs, with further callbacks (their files) and variables."""
    each = [ROOT / "scripts/lab/callback/hullguard_warm.py", *callbacks]
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT / "scripts"),
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_CALLBACK_PLUGINS": os.pathsep.join(str(file.parent) for file in each),
        "ANSIBLE_CALLBACKS_ENABLED": ",".join(file.stem for file in each),
        **more,
    }
