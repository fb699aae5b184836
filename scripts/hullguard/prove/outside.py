"""What is looked at from outside: what a container has left on the host, and how the engine pulls."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from hullguard.prove.base import BLOCKED, SUCCEEDED, Outcome, unknown
from hullguard.prove.engine import Engine, Refused
from hullguard.prove.leftovers import NAME
from hullguard.prove.places import REGISTRY

# Whoever runs this owns the file that these are about: it has to be root.
OF_ROOT = ("host_root_write", "host_root_read")


def verified(name: str, found: Outcome, folder: Path) -> Outcome:
    """Return what came of a probe by what is there now; what the container said alone where nothing is."""
    if name in OF_ROOT and os.geteuid() != 0:
        return unknown("only root can lay a file of root's there")
    check = CHECKS.get(name)
    if check is None or found.outcome != SUCCEEDED:
        return found
    outcome, detail = check(folder / "attack")
    return Outcome(outcome, detail, found.seconds)


def _grown(attack: Path) -> tuple[str, str]:
    if b"written from a container" in (attack / "owned").read_bytes():
        return SUCCEEDED, "the file of the host's root has another line"
    return BLOCKED, "the file is unchanged"


def _setuid(attack: Path) -> tuple[str, str]:
    info = (attack / "shared" / "setuid").lstat()
    if info.st_uid == 0 and info.st_mode & stat.S_ISUID:
        return SUCCEEDED, "a setuid file of the host's root lies in the folder"
    return BLOCKED, f"the file belongs to uid {info.st_uid}, mode {stat.S_IMODE(info.st_mode):04o}"


def _node(attack: Path) -> tuple[str, str]:
    info = (attack / "shared" / "null").lstat()
    if info.st_uid == 0 and stat.S_ISCHR(info.st_mode):
        return SUCCEEDED, "a device node of the host's root lies in the folder"
    return BLOCKED, f"what lies there belongs to uid {info.st_uid}"


CHECKS: dict[str, Callable[[Path], tuple[str, str]]] = {
    "host_root_write": _grown,
    "host_setuid_file": _setuid,
    "host_device_node": _node,
}


def registry_without_tls(engine: Engine, address: str | None, said: Path, run: str) -> Outcome:
    """Have the engine pull from the neighbour, and see how it was asked."""
    if not address:
        return unknown("there is no neighbour on the default bridge that could play a registry")
    before = len(asked_how(said))
    query = urlencode({"fromImage": f"{address}:{REGISTRY}/{NAME}", "tag": run})
    try:
        engine.ask("POST", f"/images/create?{query}")
        refusal = ""
    except Refused as error:
        refusal = str(error)
    how = asked_how(said)[before:]
    if "plain" in how:
        return Outcome(SUCCEEDED, "the engine asked it in plain text")
    if "tls" in how:
        return Outcome(BLOCKED, "the engine insisted on TLS")
    return unknown(f"the engine did not ask it: {refusal or 'no reason given'}")


def asked_how(said: Path) -> list[str]:
    """Return how the neighbour's registry was asked, in order: tls, plain."""
    rows = [json.loads(line) for line in lines(said)]
    return [str(row["registry"]) for row in rows if "registry" in row]


def lines(said: Path) -> list[str]:
    """Return the whole lines of a file that is being written; nothing when it is not there yet."""
    try:
        return said.read_text(encoding="utf-8").split("\n")[:-1]
    except FileNotFoundError:
        return []


def log_size(engine: Engine, number: str) -> int | None:
    """Return the bytes of a container's log on the disk; None when it is not kept in a file of the host."""
    path = engine.inspect(number).get("LogPath")
    if not path:
        return None
    folder = Path(path).parent
    try:
        return sum(one.stat().st_size for one in folder.glob(f"{Path(path).name}*"))
    except OSError:
        return None
