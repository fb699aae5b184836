"""Has Docker's Python clients read all that a command in a container prints.

The engine answers the start of an exec with a header, and goes on with the output on the same connection. The
clients (docker-py, and its copy in community.docker) let http.client read the header through a buffer, and
then read the output from the socket beneath it: what was there already stays in the buffer, unread. A short
command on a busy machine so seems to print nothing. See https://github.com/docker/docker-py/issues/1799.
"""

from __future__ import annotations

import http.client
import socket
from typing import Any


class HeaderOnly(http.client.HTTPResponse):
    """A response whose header is read byte by byte, so that nothing behind it is taken from the socket."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        """Replace the reader, whose buffer has room for 8 kB, by one that has room for one byte."""
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = sock.makefile("rb", 1)


def mend(connection: Any) -> None:
    """Have a client's connection class (`UnixHTTPConnection`) take it."""
    connection.response_class = HeaderOnly
