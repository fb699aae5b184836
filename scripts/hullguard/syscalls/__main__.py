"""Measure the engine of this host; see the package's description."""

from __future__ import annotations

import json
import sys

from hullguard.errors import HullguardError
from hullguard.prove.engine import Engine
from hullguard.syscalls.measure import measure

SOCKET = "/var/run/docker.sock"


def main() -> int:
    """Read the profiles, write what was measured; the exit code."""
    asked = json.load(sys.stdin)
    try:
        json.dump(measure(Engine(SOCKET), asked["profiles"]), sys.stdout)
    except HullguardError as error:
        print(f"syscalls: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
