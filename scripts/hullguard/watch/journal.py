"""The systemd journal by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL), and readiness for a unit.

Each value goes with its length, so that no text from a container can begin a field of its own.
"""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress

from hullguard.errors import HullguardError
from hullguard.watch.alerts import Alert

SOCKET = "/run/systemd/journal/socket"
IDENTIFIER = "hullguard-watch"
# syslog(3): crit, err, warning, notice, info
PRIORITIES = {"critical": 2, "high": 3, "medium": 4, "unknown": 4, "low": 5, "info": 6}


def field(name: str, value: str) -> bytes:
    """Return one field in the form that carries its length."""
    data = value.encode("utf-8", "replace")
    return name.encode("ascii") + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"


def datagram(alert: Alert) -> bytes:
    """Return an alert as the journal takes it: its line as the message, and fields to search by."""
    document = alert.document()
    thing = document["container"] or {}
    fields = [
        ("MESSAGE", alert.line()),
        ("PRIORITY", str(PRIORITIES[alert.severity])),
        ("SYSLOG_IDENTIFIER", IDENTIFIER),
        ("HULLGUARD_KIND", alert.kind),
        ("HULLGUARD_SEVERITY", alert.severity),
        *(("HULLGUARD_CONTROL", control["id"]) for control in document["controls"]),
        *(("HULLGUARD_KEY", key) for key in document["keys"]),
    ]
    if thing:
        fields += [
            ("CONTAINER_NAME", thing["name"]),
            ("CONTAINER_ID", thing["id"][:12]),
            ("CONTAINER_ID_FULL", thing["id"]),
            ("IMAGE_NAME", thing["image"]),
        ]
    return b"".join(field(name, value) for name, value in fields)


class Journal:
    """Sends alerts to the journal."""

    def __init__(self, path: str = SOCKET) -> None:
        """Find it. Raises HullguardError when there is none."""
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._socket.connect(path)
        except OSError as error:
            self._socket.close()
            raise HullguardError(
                f"--journald: no systemd journal listens on {path} ({error.strerror}). "
                "Leave the option out to have alerts on standard output."
            ) from None

    def send(self, alert: Alert) -> None:
        """Send one alert, once more when the journal was restarted meanwhile. Raises OSError."""
        data = datagram(alert)
        try:
            self._socket.send(data)
        except OSError:
            self._socket.connect(self._path)
            self._socket.send(data)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def tell_systemd(state: str) -> None:
    """Tell systemd (sd_notify(3)) that the unit is READY or STOPPING; nothing where no unit asked."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(f"{state}=1\n".encode(), "\0" + address[1:] if address.startswith("@") else address)
