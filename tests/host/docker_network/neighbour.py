"""Sends a SYN for 127.0.0.1 to a neighbour on the link, as no router would, and tells whether it is answered.

Runs on the host that is the neighbour: INTERFACE MAC SOURCE PORT.
"""

import contextlib
import json
import os
import socket
import struct
import sys
import time

IPV4 = 0x0800
SYN, SYN_ACK = 0x02, 0x12


def checksum(data: bytes) -> bytes:
    """Return the checksum that IP and TCP share."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def packet(source: bytes, target: bytes, ports: bytes) -> bytes:
    """Return an IPv4 packet that asks for a connection."""
    tcp = ports + struct.pack("!IIBBHHH", 1, 0, 0x50, SYN, 1024, 0, 0)
    pseudo = source + target + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(tcp))
    tcp = tcp[:16] + checksum(pseudo + tcp) + tcp[18:]
    header = (
        struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 7, 0, 64, socket.IPPROTO_TCP, 0) + source + target
    )
    return header[:10] + checksum(header) + header[12:] + tcp


def answered(interface: str, mac: str, source: str, port: int) -> bool:
    """Tell whether the neighbour's 127.0.0.1 answers within a second."""
    own, target = socket.inet_aton(source), socket.inet_aton("127.0.0.1")
    mine, its = (
        struct.pack("!H", 20000 + int.from_bytes(os.urandom(2), "big") % 10000),
        struct.pack("!H", port),
    )
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(IPV4)) as wire:
        wire.bind((interface, IPV4))
        wire.settimeout(0.2)
        wire.sendto(
            packet(own, target, mine + its), (interface, IPV4, 0, 1, bytes.fromhex(mac.replace(":", "")))
        )
        end = time.monotonic() + 1
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError, socket.timeout):
                got = wire.recv(64)
                if got[12:16] == target and got[20:24] == its + mine:
                    return got[33] == SYN_ACK
    return False


print(json.dumps(answered(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))))
