"""What a container reaches: neighbours, the host, the engine's API, a cloud's metadata."""

from __future__ import annotations

import math
import os
import re
import select
import socket
import ssl
import struct
import time
from typing import Any

from .calls import BLOCKED, SUCCEEDED, UNKNOWN, Facts, NotCarriedOut, Verdict, named

HELLO = b"hullguard-prove\n"
WAIT = 1.5


def wait(facts: Facts, seconds: float = WAIT) -> float:
    """Return how long to wait for an answer: longer on a host that is slow. By the square root only, for all
    that is blocked may take the whole of it, one attack after the other.
    """
    return seconds * math.sqrt(facts.get("patience", 1))


def reached(address: str, port: int, timeout: float) -> Verdict:
    """Talk to a listener of this battery's own; return (outcome, detail)."""
    where = f"{address}:{port}"
    try:
        with socket.create_connection((address, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(HELLO)
            answer = connection.recv(len(HELLO))
    except OSError as error:
        return BLOCKED, f"{where}: {named(error)}"
    return (SUCCEEDED, where + " answered") if answer == HELLO else (BLOCKED, where + " is somebody else")


def fact(facts: Facts, name: str) -> Any:
    """Return a fact. Raises NotCarriedOut where the runner could not find it out."""
    if facts.get(name) in (None, [], ""):
        raise NotCarriedOut(facts.get("why_no_" + name) or f"{name.replace('_', ' ')} is not known")
    return facts[name]


def neighbour_port(facts: Facts) -> Verdict:
    """Connect to a port of a neighbour on the default bridge that it has not published."""
    return reached(fact(facts, "neighbour"), facts["echo_port"], wait(facts))


def networks_apart(facts: Facts) -> Verdict:
    """From another network connect to a container's address on the default bridge."""
    return reached(fact(facts, "neighbour"), facts["echo_port"], wait(facts))


def published_port_elsewhere(facts: Facts) -> Verdict:
    """From another network connect to a port that a container has published without naming an address."""
    port = fact(facts, "published_port")
    said = []
    for address in fact(facts, "host_addresses"):
        outcome, detail = reached(address, port, wait(facts, 1.0))
        if outcome == SUCCEEDED:
            return outcome, detail
        said.append(detail)
    return BLOCKED, "; ".join(said)


def host_port(facts: Facts) -> Verdict:
    """Connect to a port that a process of the host has opened on the bridge's own address."""
    return reached(fact(facts, "gateway"), fact(facts, "host_listener"), wait(facts))


def host_loopback(facts: Facts) -> Verdict:
    """In the host's network: connect to a port that it has opened for itself only."""
    return reached("127.0.0.1", fact(facts, "loopback_listener"), wait(facts))


def metadata(facts: Facts) -> Verdict:
    """Connect to where clouds hand out a machine's credentials."""
    outcome, detail = UNKNOWN, ""
    try:
        with socket.create_connection((facts["metadata"], 80), wait(facts)):
            return SUCCEEDED, facts["metadata"] + ":80 was connected to"
    except OSError as error:
        detail = f"{facts['metadata']}:80: {named(error)}"
    if not facts.get("metadata_from_host"):
        return outcome, "nobody answers there, not even to the host: this is no cloud's machine"
    return BLOCKED, detail


def checksum(data: bytes) -> int:
    """Return the checksum of the Internet protocols (RFC 1071) over an even number of bytes."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def neighbour_ping(facts: Facts) -> Verdict:
    """Send a neighbour an ICMP echo request through a raw socket."""
    address = fact(facts, "neighbour")
    try:
        connection = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    except OSError as error:
        return BLOCKED, "no raw socket: " + named(error)
    with connection:
        connection.settimeout(wait(facts))
        number = os.getpid() & 0xFFFF
        packet = struct.pack("!BBHHH", 8, 0, 0, number, 1) + HELLO
        packet = packet[:2] + struct.pack("!H", checksum(packet)) + packet[4:]
        deadline = time.monotonic() + wait(facts)
        try:
            connection.sendto(packet, (address, 0))
            while time.monotonic() < deadline:
                data, sender = connection.recvfrom(256)
                kind, _code, _, got, _sequence = struct.unpack("!BBHHH", data[20:28])
                if sender[0] == address and (kind, got) == (0, number):
                    return SUCCEEDED, address + " answered"
        except OSError as error:
            return BLOCKED, f"{address}: {named(error)}"
    return BLOCKED, address + ": no answer"


def interface() -> tuple[str, bytes]:
    """Return name and hardware address of the container's network interface. Raises NotCarriedOut."""
    for name in sorted(os.listdir("/sys/class/net")):
        if name != "lo":
            with open(f"/sys/class/net/{name}/address", encoding="ascii") as file:
                return name, bytes.fromhex(file.read().strip().replace(":", ""))
    raise NotCarriedOut("this container has no network interface")


def neighbour_arp(facts: Facts) -> Verdict:
    """Tell a neighbour by ARP that an address which nobody has is ours; it then sends us what is for that."""
    name, own = interface()
    target, forged = (socket.inet_aton(fact(facts, one)) for one in ("neighbour", "unused_address"))
    try:
        connection = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806))
    except OSError as error:
        return BLOCKED, "no socket for frames: " + named(error)
    with connection:
        connection.bind((name, 0x0806))
        head = struct.pack("!6s6sHHHBBH", b"\xff" * 6, own, 0x0806, 1, 0x0800, 6, 4, 1)
        connection.send(head + own + forged + bytes(6) + target + bytes(18))
        deadline = time.monotonic() + wait(facts)
        while select.select([connection], [], [], max(0, deadline - time.monotonic()))[0]:
            frame = connection.recv(128)
            if frame[20:22] == b"\0\2" and frame[28:32] == target and frame[38:42] == forged:
                return SUCCEEDED, "it answered the forged address"
    return BLOCKED, "it did not answer the forged address"


def _version(connection: socket.socket, *, secure: bool) -> bytes:
    """Return what an engine says of its version, nothing where it does not answer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    answer = b""
    try:
        connection = context.wrap_socket(connection) if secure else connection
        connection.sendall(b"GET /version HTTP/1.0\r\nHost: engine\r\n\r\n")
        while len(answer) < 65536 and (piece := connection.recv(4096)):
            answer += piece
    except OSError:
        pass
    return answer


def engine_api(address: str, port: int, timeout: float) -> str | None:
    """Return how an engine's API answers there without any credentials; None when it does not."""
    for how, secure in (("without TLS", False), ("over TLS, without a certificate of ours", True)):
        try:
            plain = socket.create_connection((address, port), timeout)
        except OSError:
            return None
        with plain:
            answer = _version(plain, secure=secure)
        if re.match(rb"HTTP/1\.[01] 200 ", answer) and b'"ApiVersion"' in answer:
            return how
    return None


def api_from_container(facts: Facts) -> Verdict:
    """Ask the engine's API over TCP, at the host's addresses, without credentials."""
    asked = [(address, port) for address in fact(facts, "host_addresses") for port in facts["api_ports"]]
    for address, port in asked:
        if how := engine_api(address, port, wait(facts, 1.0)):
            return SUCCEEDED, f"{address}:{port} answers {how}"
    return BLOCKED, "nobody answers at " + ", ".join(f"{address}:{port}" for address, port in asked)
