"""The neighbour: answers on two ports until it is removed or its time is over.

On one it sends back what it gets; the other plays a registry without TLS, and says how it was asked.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable
from typing import Any

from .calls import Facts

Say = Callable[[dict[str, Any]], None]

ANSWER = b"HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}"


def forever(facts: Facts, say: Say) -> None:
    """Serve."""
    chosen = selectors.DefaultSelector()
    for name in ("echo_port", "registry_port"):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("0.0.0.0", facts[name]))
        listener.listen(64)
        chosen.register(listener, selectors.EVENT_READ, (name, listener))
    say({"serving": True})
    while True:
        for key, _events in chosen.select():
            name, listener = key.data
            connection, _sender = listener.accept()
            with connection:
                answer(connection, name, say)


def answer(connection: socket.socket, name: str, say: Say) -> None:
    """Answer one connection."""
    connection.settimeout(2)
    try:
        asked = connection.recv(4096)
        if name == "echo_port":
            connection.sendall(asked)
        elif asked:
            # 0x16: the client begins a TLS handshake.
            say({"registry": "tls" if asked[0] == 0x16 else "plain"})
            if asked[0] != 0x16:
                connection.sendall(ANSWER)
    except OSError:
        pass
