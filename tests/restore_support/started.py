"""A playbook that runs while a test looks at the host."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from preview_support.machine import PLAYBOOK_SECONDS, ROOT, Machine


@contextmanager
def started(host: Machine, name: str, **variables: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a playbook's process, in a group of its own, which writes to `said`; at the end it is waited for,
    or killed with all of its workers when a test has failed.
    """
    inventory = host.folder / "started.json"
    connection = {
        "ansible_connection": "community.docker.docker_api",
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    inventory.write_text(json.dumps({"docker_hosts": {"hosts": {host.name: connection}}}), encoding="utf-8")
    programs = Path(sys.executable).parent
    playbook = ROOT / "playbooks" / f"{name}.yml"
    with (host.folder / "started.log").open("wb") as log:
        process = subprocess.Popen(
            [str(programs / "ansible-playbook"), "-i", str(inventory), str(playbook), "-e", json.dumps(variables)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            env={
                **os.environ,
                "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
                "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "scripts" / "lab" / "callback"),
                "ANSIBLE_CALLBACKS_ENABLED": "hullguard_warm",
            },
        )  # fmt: skip
    try:
        yield process
        process.wait(timeout=PLAYBOOK_SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def said(host: Machine) -> str:
    """Return the last of what it wrote."""
    return (host.folder / "started.log").read_text(encoding="utf-8", errors="replace")[-4000:]
