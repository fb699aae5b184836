"""Attacks that an account of the host makes, each in a process of its own that has given up root."""

from __future__ import annotations

import grp
import json
import os
import pwd
import select
import signal
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from hullguard.prove.base import BLOCKED, SUCCEEDED, UNKNOWN, Outcome, unknown
from hullguard.prove.facts import Host
from hullguard.prove.inside.network import engine_api

STRANGER = 65534
SECONDS, ANSWER_SECONDS = 30.0, 20.0
Attempt = Callable[[], tuple[str, str]]


def carry_out(name: str, host: Host, allowed: Iterable[str]) -> Outcome:
    """Carry one of this family's probes out; `allowed` are the accounts that may use the engine."""
    return ATTEMPTS[name](host, frozenset(allowed))


def as_account(
    attempt: Attempt, uid: int = STRANGER, gid: int = STRANGER, groups: Iterable[int] = ()
) -> Outcome:
    """Make an attempt in a process with these ids and no others. Only root can."""
    if os.geteuid() != 0:
        return unknown("only root can become another account")
    reads, writes = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setgroups(list(groups))
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            said = attempt()
        except Exception as error:
            said = (UNKNOWN, f"{type(error).__name__}: {error}")
        finally:
            with suppress(BaseException):
                os.write(writes, json.dumps(said).encode())
            os._exit(0)
    os.close(writes)
    try:
        if not select.select([reads], [], [], SECONDS)[0]:
            return unknown(f"it took longer than {SECONDS:g} s")
        outcome, detail = json.loads(os.read(reads, 65536) or b'["unknown", "its process ended"]')
        return Outcome(outcome, detail)
    finally:
        os.close(reads)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def connected(path: str, *, asks: bool) -> tuple[str, str]:
    """Connect to a unix socket; with `asks`, have the engine answer."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_SECONDS)
        try:
            connection.connect(path)
            if not asks:
                return SUCCEEDED, f"{path} was connected to"
            connection.sendall(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n")
            answer = connection.recv(64)
        except TimeoutError:
            return UNKNOWN, f"{path}: no answer within {ANSWER_SECONDS:g} s"
        except OSError as error:
            return BLOCKED, f"{path}: {error.strerror or error}"
    if b" 200 " in answer:
        return SUCCEEDED, f"{path}: the engine answers"
    return BLOCKED, f"{path}: {answer.decode('ascii', 'replace').strip()[:60] or 'no answer'}"


def _all(attempts: Iterable[tuple[str, str]]) -> tuple[str, str]:
    said, worst = [], BLOCKED
    for outcome, detail in attempts:
        if outcome == SUCCEEDED:
            return outcome, detail
        worst = UNKNOWN if outcome == UNKNOWN else worst
        said.append(detail)
    return worst, "; ".join(said) or "there is none of them here"


def _opened(path: str, flags: int) -> tuple[str, str]:
    try:
        os.close(os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError as error:
        return BLOCKED, f"{path}: {error.strerror}"
    return SUCCEEDED, f"{path} was opened"


def _writable_folder(path: str) -> tuple[str, str]:
    if os.access(path, os.W_OK | os.X_OK):
        return SUCCEEDED, f"files in {path} may be replaced"
    return BLOCKED, f"{path}: may not be written"


def _paths(host: Host, *names: str) -> list[str] | None:
    """The paths behind names of targets; None when one was not seen."""
    found: list[str] = []
    for name in names:
        paths = host.paths.get(name)
        if paths is None:
            return None
        found += [os.path.realpath(path) for path in paths]
    return [path for path in dict.fromkeys(found) if os.path.lexists(path)]


def _each(host: Host, names: tuple[str, ...], attempt: Callable[[str], tuple[str, str]]) -> Outcome:
    paths = _paths(host, *names)
    if paths is None:
        return unknown("where they are was not seen: " + ", ".join(names))
    return as_account(lambda: _all(attempt(path) for path in paths))


def _write(host: Host, *names: str) -> Outcome:
    return _each(host, names, lambda path: _opened(path, os.O_WRONLY | os.O_APPEND))


def _units(host: Host) -> Outcome:
    """Write a unit, what it reads, or another file beside it."""
    names = ("service_unit", "socket_unit", "debian_defaults", "rhel_sysconfig")
    found = _write(host, *names)
    if found.outcome != BLOCKED:
        return found
    folders = dict.fromkeys(str(Path(path).parent) for path in _paths(host, *names) or ())
    beside = as_account(lambda: _all(_writable_folder(folder) for folder in folders))
    return beside if beside.outcome != BLOCKED else found


def _members(host: Host, allowed: frozenset[str]) -> Outcome:
    number = host.inside.get("socket_group")
    if number is None:
        return unknown("the socket's group was not seen")
    try:
        group = grp.getgrgid(number)
    except KeyError:
        return Outcome(BLOCKED, f"the group {number} of the socket has no name and no members")
    if number == 0:
        return Outcome(BLOCKED, "the socket belongs to root's group")
    names = {*group.gr_mem, *(row.pw_name for row in pwd.getpwall() if row.pw_gid == number)} - allowed
    said = []
    for name in sorted(names):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            said.append(f"{name}: no such account")
            continue
        if account.pw_uid == 0:
            continue
        groups = os.getgrouplist(name, account.pw_gid)
        found = as_account(
            lambda: connected(_socket(host), asks=True), account.pw_uid, account.pw_gid, groups
        )
        if found.outcome != BLOCKED:
            return Outcome(found.outcome, f"{name}: {found.detail}")
        said.append(f"{name}: {found.detail}")
    return Outcome(BLOCKED, "; ".join(said) or f"nobody but approved accounts is in {group.gr_name}")


def _socket(host: Host) -> str:
    return str(host.engine.get("socket"))


def _containerd(host: Host) -> Outcome:
    return _each(host, ("containerd_socket",), lambda path: connected(path, asks=False))


def _api(host: Host) -> Outcome:
    asked = [*host.inside["host_addresses"], "127.0.0.1"]
    ports = host.inside["api_ports"]
    for address in asked:
        for port in ports:
            if how := engine_api(address, port, 1.0):
                return Outcome(SUCCEEDED, f"{address}:{port} answers {how}")
    return Outcome(BLOCKED, f"no engine answers at {', '.join(asked)}, ports {', '.join(map(str, ports))}")


ATTEMPTS: dict[str, Callable[[Host, frozenset[str]], Outcome]] = {
    "socket_as_stranger": lambda host, _: as_account(lambda: connected(_socket(host), asks=True)),
    "containerd_as_stranger": lambda host, _: _containerd(host),
    "group_members": _members,
    "daemon_json_as_stranger": lambda host, _: _write(host, "daemon_json"),
    "config_dir_as_stranger": lambda host, _: _each(host, ("config_dir",), _writable_folder),
    "units_as_stranger": lambda host, _: _units(host),
    "tls_key_as_stranger": lambda host, _: _each(host, ("tls_key",), lambda path: _opened(path, os.O_RDONLY)),
    "api_from_host": lambda host, _: _api(host),
}
