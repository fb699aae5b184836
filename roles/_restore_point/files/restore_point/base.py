"""What every module needs: commands, and the one kind of error that is told."""

from __future__ import annotations

import subprocess
from typing import Any

Json = dict[str, Any]
PATHS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Refused(Exception):
    """Something can't be done; the text says what, and what to do."""


def run(*command: str, seconds: int = 300) -> tuple[int, str, str]:
    """Return exit code, output and what was said on standard error; 127 where there is no such program."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False,
            timeout=seconds, env={"PATH": PATHS, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"},
        )  # fmt: skip
    except FileNotFoundError:
        return 127, "", f"{command[0]}: not found"
    except subprocess.TimeoutExpired:
        return 124, "", f"no end after {seconds} s"
    return done.returncode, done.stdout, done.stderr


def must(*command: str) -> str:
    """Return the output of a command that has to end well."""
    code, output, said = run(*command)
    if code:
        raise Refused(f"`{' '.join(command)}` ended with {code}: {(said or output).strip()[-500:]}")
    return output
