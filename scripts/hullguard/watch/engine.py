"""What watch asks the engine: about one container, one exec, and about itself."""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from hullguard import collect
from hullguard.errors import InputError

Raw = Mapping[str, Any]
Answer = TypeVar("Answer")

DEFAULT_HOST = f"unix://{collect.DEFAULT_SOCKET}"
# Chains of containers that join one another's namespaces; nobody builds longer ones.
LONGEST_CHAIN = 5
JOINABLE = ("NetworkMode", "PidMode", "IpcMode")
# The runtime's own first process is the container's until it has put its filters on: what it says meanwhile
# is not what the container runs with.
SETTLE_STEPS, SETTLE_SECONDS = 20, 0.02


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an engine's containers share: the collector's facts of the engine, and of its host."""

    engine: dict[str, Any]
    evidence: dict[str, Any]


def socket_path(host: str | None, command: str = "watch") -> str:
    """Return the path of the engine's socket from --host or DOCKER_HOST.

    Raises InputError for an engine that is not on this machine.
    """
    endpoint = host or os.environ.get("DOCKER_HOST") or DEFAULT_HOST
    if not endpoint.startswith("unix:///"):
        raise InputError(
            f"{collect.redact_text(endpoint)!r} is no unix socket: {command} runs on the engine's machine. "
            "Name the socket: --host unix:///var/run/docker.sock"
        )
    return endpoint[len("unix://") :]


class Engine:
    """One engine; each thread that asks has a connection of its own."""

    def __init__(self, path: str, timeout: float = 10.0) -> None:
        self.path, self.timeout = path, timeout
        self._own = threading.local()

    @property
    def _api(self) -> collect.Api:
        api: collect.Api | None = getattr(self._own, "api", None)
        if api is None:
            api = self._own.api = collect.Api(self.path, self.timeout)
        return api

    def _again(self, get: Callable[[collect.Api, str], Answer], path: str) -> Answer:
        try:
            return get(self._api, path)
        except collect.NotFound:
            raise
        except collect.Unseen:  # a kept-alive connection of an engine that has restarted since
            return get(self._api, path)

    def ask(self, path: str) -> dict[str, Any]:
        """Return an answer that is an object. Raises collect.NotFound or collect.Unseen."""
        return self._again(collect.Api.mapping, path)

    def ping(self, seconds: float) -> None:
        """Return when the engine answers, on a new connection. Raises Unseen when it does not in time."""
        api = collect.Api(self.path, seconds)
        try:
            api.opened().deadline = time.monotonic() + seconds
            api.request("GET", "/_ping")
            status = api.getresponse().status
        except TimeoutError:
            raise collect.Unseen(f"it does not answer within {seconds:g} s") from None
        except (OSError, http.client.HTTPException) as error:
            raise collect.Unseen(f"it does not answer: {error or type(error).__name__}") from None
        finally:
            api.close()
        if status >= http.HTTPStatus.INTERNAL_SERVER_ERROR:
            raise collect.Unseen(f"it answers HTTP {status} to GET /_ping")

    def running(self, *, stopped: bool = False) -> list[str]:
        """Return the ids of running containers; with `stopped`, of every one that ever ran. Raises Unseen."""
        rows = self._again(collect.Api.rows, "/containers/json" + ("?all=1" if stopped else ""))
        return [str(row["Id"]) for row in rows if row.get("State") != "created"]

    def container(self, name: str) -> dict[str, Any]:
        """Return a container as the engine tells it. Raises NotFound, Unseen."""
        return self.ask(f"/containers/{quote(name, safe='')}/json")

    def exec(self, number: str) -> dict[str, Any]:
        """Return a command started in a container. Raises NotFound, Unseen."""
        return self.ask(f"/exec/{quote(number, safe='')}/json")

    def trimmed(self, raw: Raw) -> dict[str, Any]:
        """Return a container as the audit's collector keeps it: no values of variables, the kernel's word."""
        kept: dict[str, Any] = collect.trim_container(dict(raw))
        pid = kept["State"].get("Pid")
        kept["Process"] = None if not settled(pid) else collect.process_security(pid, kept.get("Id"))
        return kept

    def joined(self, raw: Raw) -> list[dict[str, Any]]:
        """Return the containers whose namespaces a container joins, and those that these join.

        One that is not there any more is left out: what depends on it was not seen.
        """
        found: dict[str, dict[str, Any]] = {}
        waiting = _targets(raw)
        for _ in range(LONGEST_CHAIN):
            following: set[str] = set()
            for name in waiting - found.keys():
                with suppress(collect.Unseen):
                    target = self.container(name)
                    found[name] = self.trimmed(target)
                    following |= _targets(target)
            waiting = following
        return list({str(row.get("Id")): row for row in found.values()}.values())

    def volumes(self, raw: Raw) -> list[dict[str, Any]] | None:
        """Return the volumes with options that a container mounts; None: they were not seen."""
        rows = []
        for mount in raw.get("Mounts") or []:
            if mount.get("Type") != "volume":
                continue
            try:
                volume = self.ask(f"/volumes/{quote(str(mount.get('Name')), safe='')}")
            except collect.Unseen:
                return None
            if options := volume.get("Options"):
                device = str(options.get("device") or "")
                real = os.path.realpath(device) if device.startswith("/") else None
                rows.append({"Name": volume.get("Name"), "Options": options, "Real": real})
        return rows

    def surroundings(self) -> Surroundings:
        """Return the engine's facts, as the audit's collector finds them."""
        uid = owner(self.path)
        errors: list[dict[str, Any]] = []
        seen: list[Any] = []
        with suppress(OSError):
            seen = list(collect.processes())
        options = collect.Options(("engine",), self.timeout, {})
        name = f"rootless:{collect.account(uid, 'user')}" if uid else "system"
        found = collect.engine_facts(name, self.path, uid, seen, options, errors)
        return Surroundings(found, {"host": collect.host_facts(), "errors": errors})


def owner(path: str) -> int:
    """Return the uid of the account whose rootless engine has its socket there; 0 for the system's."""
    parts = path.removeprefix("/var").split("/")
    return int(parts[3]) if parts[1:3] == ["run", "user"] and len(parts) > 3 and parts[3].isdecimal() else 0


def settled(pid: Any) -> bool:
    """Wait until the runtime has handed the process over, at most SETTLE_STEPS times SETTLE_SECONDS.

    Returns whether it has; a process that has ended counts as one that has.
    """
    for _ in range(SETTLE_STEPS):
        if not _runtime(pid):
            return True
        time.sleep(SETTLE_SECONDS)
    return False


def _runtime(pid: Any) -> bool:
    """Return whether a process is still the runtime's: runc names it so, others run it from memory."""
    try:
        if collect.read(f"/proc/{int(pid)}/comm").startswith("runc:["):
            return True
        return os.readlink(f"/proc/{int(pid)}/exe").startswith("/memfd:")  # noqa: PTH115 - it is no path
    except (OSError, TypeError, ValueError):
        return False


def _targets(raw: Raw) -> set[str]:
    host = raw.get("HostConfig")
    modes = [str(host.get(name) or "") for name in JOINABLE] if isinstance(host, Mapping) else []
    return {mode.partition(":")[2] for mode in modes if mode.startswith("container:")} - {""}
