"""As much of QEMU's machine protocol as the lab needs: one command, one answer.

https://www.qemu.org/docs/master/interop/qmp-spec.html
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from lab import LabError


def ask(path: Path, command: str, *, seconds: float = 120, **arguments: Any) -> Any:
    """Return the answer to one command. Raises LabError with QEMU's words, or when nobody answers in time."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(seconds)
            connection.connect(str(path))
            with connection.makefile("rw", encoding="utf-8") as stream:
                stream.readline()  # the greeting
                _command(stream, "qmp_capabilities", {})
                return _command(stream, command, arguments)
    except (OSError, ValueError) as error:
        raise LabError(f"QEMU does not answer on {path}: {error}") from None


def monitor(path: Path, line: str, *, seconds: float = 120) -> None:
    """Give a command of the human monitor, which answers with nothing when it succeeded. Raises LabError."""
    answer = ask(path, "human-monitor-command", seconds=seconds, **{"command-line": line})
    if answer:
        raise LabError(f"QEMU could not {line}: {str(answer).strip()}")


def _command(stream: Any, name: str, arguments: dict[str, Any]) -> Any:
    stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
    stream.flush()
    while line := stream.readline():
        answer = json.loads(line)
        if "error" in answer:
            raise LabError(f"QEMU refused {name}: {answer['error'].get('desc', answer['error'])}")
        if "return" in answer:
            return answer["return"]
    raise ValueError("it hung up")
