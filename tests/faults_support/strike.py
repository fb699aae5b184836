"""Carries one fault out: strike.py FAULT PROCESS_GROUP.

FAULT is a JSON object: the `host`; `until`, a condition of the host to wait for; `do`, a shell script on the host; `beside`, a
command on the controller; `kill`, whether the process group is killed then. What happened goes to the file `struck`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from lab import engine, hosts

WAIT_SECONDS = 60


def main(text: str, group: str) -> None:
    """Wait, strike, write down what happened, kill."""
    fault = json.loads(text)
    host = hosts.find(engine.ensure(), fault["host"])
    assert host is not None, f"there is no host {fault['host']}"
    code, said = 0, ""
    for script in (fault["until"] and f"until {fault['until']}; do sleep 0.02; done", fault["do"]):
        if script and not code:
            code, said = hosts.run(host, ["timeout", str(WAIT_SECONDS), "sh", "-c", script])
    if fault["beside"]:
        done = subprocess.run(
            fault["beside"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
        code, said = done.returncode, done.stdout + done.stderr
    Path(fault["struck"]).write_text(json.dumps({"code": code, "text": said}), encoding="utf-8")
    if fault["kill"]:
        os.killpg(int(group), signal.SIGKILL)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
