"""A frame for the host's own 127.0.0.1: no route leads there from a container, but a bridge may take it."""

from __future__ import annotations

import os
import select
import socket
import struct
import time

from .calls import BLOCKED, SUCCEEDED, Facts, NotCarriedOut, Verdict, named
from .network import checksum, fact, interface, wait


def _gateway(address: str, seconds: float) -> bytes:
    """Return the hardware address of the bridge, after having talked to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hello:
        hello.connect((address, 9))
        hello.send(b"x")
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with open("/proc/net/arp", encoding="ascii") as file:
            for line in file:
                words = line.split()
                if words[0] == address and words[3] != "00:00:00:00:00:00":
                    return bytes.fromhex(words[3].replace(":", ""))
        time.sleep(0.02)
    raise NotCarriedOut("the bridge's hardware address can't be found out")


def _own_address() -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_:
        any_.connect(("192.0.2.1", 9))
        return socket.inet_aton(any_.getsockname()[0])


def host_loopback_frame(facts: Facts) -> Verdict:
    """Ask for a connection to a port that the host has opened for itself only; whoever answers is reached."""
    port = fact(facts, "loopback_listener")
    name, own = interface()
    bridge = _gateway(fact(facts, "gateway"), wait(facts))
    try:
        connection = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    except OSError as error:
        return BLOCKED, "no socket for frames: " + named(error)
    source, target = _own_address(), socket.inet_aton("127.0.0.1")
    mine = 40000 + os.getpid() % 20000
    segment = struct.pack("!HHIIBBHHH", mine, port, 1, 0, 0x50, 0x02, 1024, 0, 0)
    total = checksum(source + target + struct.pack("!HH", 6, len(segment)) + segment)
    segment = segment[:16] + struct.pack("!H", total) + segment[18:]
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 1, 0, 64, 6, 0, source, target)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    with connection:
        connection.bind((name, 0x0800))
        connection.send(bridge + own + struct.pack("!H", 0x0800) + header + segment)
        deadline = time.monotonic() + wait(facts)
        while select.select([connection], [], [], max(0, deadline - time.monotonic()))[0]:
            frame = connection.recv(128)
            if (
                frame[23:24] == b"\6"
                and frame[26:30] == target
                and frame[34:38] == struct.pack("!HH", port, mine)
            ):
                return SUCCEEDED, f"127.0.0.1:{port} of the host answered"
    return BLOCKED, f"127.0.0.1:{port} of the host did not answer"
