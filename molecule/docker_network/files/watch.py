"""Asks a host that boots for a closed port and an open one, again and again, and counts who answers.

FILE SOURCE_OF_A_STRANGER DESTINATION CLOSED OPEN; ends by itself after three minutes.
"""

import json
import socket
import sys
import time
from pathlib import Path

count = {"tries": 0, "closed": 0, "open": 0}
source, destination = sys.argv[2], sys.argv[3]
ports = {"closed": int(sys.argv[4]), "open": int(sys.argv[5])}
end = time.monotonic() + 180
while time.monotonic() < end:
    count["tries"] += 1
    for name, port in ports.items():
        try:
            with socket.create_connection((destination, port), timeout=0.1, source_address=(source, 0)):
                count[name] += 1
        except OSError:
            time.sleep(0.02)
    Path(sys.argv[1]).write_text(json.dumps(count), encoding="utf-8")
