"""What a run does beside its containers: it answers on two ports of the host, and says that it is alive."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

BEAT_SECONDS = 1.0


@contextmanager
def listening(known: dict[str, Any], gateway: str | None) -> Iterator[None]:
    """Send back what is sent, on a port of the bridge's address and on one of the host's own loopback.

    The ports stand in `known` as host_listener and loopback_listener, or why there is none.
    """
    listeners: list[socket.socket] = []
    try:
        for name, address in (("host_listener", gateway), ("loopback_listener", "127.0.0.1")):
            if not address:
                continue
            listener = socket.socket()
            listeners.append(listener)
            try:
                listener.bind((address, 0))
                listener.listen(16)
            except OSError as error:
                known[f"why_no_{name}"] = f"no port could be opened on {address}: {error.strerror}"
                continue
            known[name] = listener.getsockname()[1]
            threading.Thread(target=_echo, args=(listener,), daemon=True).start()
        yield
    finally:
        for listener in listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()


def _echo(listener: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _sender = listener.accept()
            with connection, suppress(OSError):
                connection.settimeout(2)
                connection.sendall(connection.recv(64))


@contextmanager
def beating(file: Path) -> Iterator[None]:
    """Write another number into a file every second: containers that see it stand still end themselves."""
    over = threading.Event()
    file.write_text("0", encoding="ascii")

    def beat() -> None:
        number = 0
        while not over.wait(BEAT_SECONDS):
            number += 1
            with suppress(OSError):
                file.write_text(str(number), encoding="ascii")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
