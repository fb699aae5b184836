"""Search this host for secrets: `python3 places_on_host ASKED.json` prints what each place told, as JSON.

Runs as root on the examples' host, with its Python and the docker and hullguard commands. ASKED.json holds the
secrets and is removed at once. No value gets into an argument, an environment or a file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import engine
import host
from finder import Finder, Told


def main() -> None:
    """Read what is asked, look, tell."""
    path = Path(sys.argv[1])
    asked = json.loads(path.read_text())
    path.unlink()
    finder = Finder(asked)
    look: dict[str, Callable[[], Told]] = {
        "inspect": lambda: engine.inspect(finder),
        "image history": lambda: engine.image_history(finder),
        "image layers": lambda: engine.image_layers(finder),
        "container logs": lambda: engine.container_logs(finder),
        "environments": lambda: host.processes(finder, "environ"),
        "command lines": lambda: host.processes(finder, "cmdline"),
        "journal": lambda: host.journal(finder),
        "audit log": lambda: host.audit_log(finder),
        "report": lambda: host.report(finder),
        "bundle": lambda: host.bundle(finder),
        "shell history": lambda: host.shell_history(finder),
        "temporary files": lambda: host.temporary_files(finder),
        "disk": lambda: host.disk(finder),
        "swap": lambda: host.swap(finder),
    }
    json.dump({place: look[place]() for place in asked["places"]}, sys.stdout)


if __name__ == "__main__":
    main()
