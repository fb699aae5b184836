"""Open one TCP connection: `connect.py HOST PORT`. It ends with 1 where nobody answers, and says why."""

from __future__ import annotations

import socket
import sys

host, port = sys.argv[1], int(sys.argv[2])
try:
    socket.create_connection((host, port), timeout=2).close()
except OSError as error:
    print(f"{host}:{port}: {error}")
    sys.exit(1)
print(f"{host}:{port}: connected")
