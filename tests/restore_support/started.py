"""A playbook that runs while a test looks at the host."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lab_support import playbooks
from preview_support.machine import Machine


@contextmanager
def started(host: Machine, name: str, **variables: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a playbook's process, in a group of its own, which writes to `said`; at the end it is waited for,
    or killed with all of its workers when a test has failed.
    """
    hosts = playbooks.inventory(host.folder, host.name)
    with (host.folder / "started.log").open("wb") as log:
        process = subprocess.Popen(
            playbooks.command(name, hosts, **variables), cwd=playbooks.ROOT, env=playbooks.environment(),
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
        process.wait(timeout=playbooks.SECONDS)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def said(host: Machine) -> str:
    """Return the last of what it wrote."""
    return (host.folder / "started.log").read_text(encoding="utf-8", errors="replace")[-4000:]
