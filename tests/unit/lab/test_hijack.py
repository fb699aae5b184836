"""What the engine sends right behind its answer's header is not lost."""

from __future__ import annotations

import socket

from lab import engine, hijack

ANSWER = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n"


def test_what_follows_the_header_stays_in_the_socket() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(ANSWER + b"output")
        response = hijack.HeaderOnly(ours)
        response.begin()
        assert response.status == 101
        assert ours.recv(100) == b"output"


def test_the_lab_reads_like_that() -> None:
    assert engine.UnixHTTPConnection.response_class is hijack.HeaderOnly
