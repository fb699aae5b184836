"""Ask the application whether it answers: the image's health check. It ends with 1 where it does not."""

from __future__ import annotations

import http.client
import os
import sys


def healthy() -> bool:
    """Return whether /healthz answers with 200 within two seconds."""
    connection = http.client.HTTPConnection(os.environ.get("HOST", "127.0.0.1"), 8000, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


sys.exit(0 if healthy() else 1)
