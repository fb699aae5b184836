"""Other containers' secrets, and the engine's socket."""

from __future__ import annotations

import http.client
import json
import os
import socket
from typing import Any

from .calls import BLOCKED, SUCCEEDED, Facts, NotCarriedOut, Verdict, named
from .network import fact

MARK = b"HULLGUARD_PROVE_SECRET="
SOCKET = "/hullguard/engine.sock"


def neighbour_environment(facts: Facts) -> Verdict:
    """Look for a neighbour's environment among the processes that can be seen."""
    looked = 0
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                content = file.read()
        except OSError:
            continue
        looked += 1
        if MARK in content:
            return SUCCEEDED, "it was read from process " + pid
    return BLOCKED, f"it is in none of {looked} processes"


def neighbour_environment_host_pid(facts: Facts) -> Verdict:
    """The same in a container that sees the host's processes."""
    return neighbour_environment(facts)


class Engine(http.client.HTTPConnection):
    """The engine's API on its socket."""

    def connect(self) -> None:
        """Connect to it."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(SOCKET)


def _ask(path: str) -> tuple[int, Any]:
    connection = Engine("localhost")
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def _tried(path: str) -> tuple[str, str, Any]:
    try:
        status, body = _ask(path)
    except OSError as error:
        return BLOCKED, named(error), None
    if status != 200:
        return BLOCKED, f"the engine answers {status}", None
    return SUCCEEDED, "the engine answers", body


def socket_as_root(_facts: Facts) -> Verdict:
    """As the container's root ask the engine's mounted socket."""
    outcome, detail, _ = _tried("/version")
    return outcome, detail


def socket_by_group(facts: Facts) -> Verdict:
    """As an unprivileged account with the socket's group ask the engine's mounted socket."""
    group = facts.get("socket_group")
    if group is None:
        raise NotCarriedOut("the socket's group is not known")
    os.setgroups([group])
    os.setgid(1000)
    os.setuid(1000)
    outcome, detail, _ = _tried("/version")
    return outcome, detail


def environment_by_socket(facts: Facts) -> Verdict:
    """Ask the mounted socket for a neighbour's environment."""
    outcome, detail, body = _tried(f"/containers/{fact(facts, 'neighbour_id')}/json")
    if outcome == SUCCEEDED and not any(one.encode().startswith(MARK) for one in body["Config"]["Env"]):
        return BLOCKED, "the engine answers without it"
    return outcome, detail
