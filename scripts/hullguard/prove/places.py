"""From where attacks are made: containers, and what they are given beyond the engine's defaults."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hullguard.errors import HullguardError
from hullguard.prove.leftovers import LABEL, NAME

Document = dict[str, Any]
HERE = "/hullguard"
# What the containers run; whatever goes wrong before a probe begins is written where their answers go.
BEGIN = f"""
import json, sys
sys.path.insert(0, {HERE!r})
try:
    from inside.__main__ import main
    main({HERE!r})
except BaseException as error:
    with open({HERE!r} + "/out/said", "a") as file:
        file.write(json.dumps({{"broken": "%s: %s" % (type(error).__name__, error)}}) + "\\n")
    raise
"""
# Each container's own, so that nothing a probe does can hurt its neighbours.
MEMORY, PIDS = 256 << 20, 256
ECHO, REGISTRY = 8080, 5000


@dataclass(frozen=True, slots=True)
class Place:
    """`words` say what kind of container it is, `options` are HostConfig's beyond the ordinary ones.

    `asks`: what the container asks for is the attack, so that an engine which refuses has blocked it.
    """

    words: str
    options: Mapping[str, Any] = field(default_factory=dict)
    asks: bool = False
    limits: bool = True


ORDINARY = "an ordinary container with the engine's defaults"
PLACES: Mapping[str, Place] = {
    "neighbour": Place(f"{ORDINARY} that others try to get at"),
    "plain": Place(ORDINARY),
    "other_network": Place(f"{ORDINARY}, in a network of its own"),
    "socket": Place(f"{ORDINARY}, with the engine's socket mounted", asks=True),
    "host_pid": Place(f"{ORDINARY}, with --pid host", {"PidMode": "host"}, asks=True),
    "host_network": Place(f"{ORDINARY}, with --network host", {"NetworkMode": "host"}, asks=True),
    "sys_admin": Place(f"{ORDINARY}, with --cap-add SYS_ADMIN", {"CapAdd": ["SYS_ADMIN"]}, asks=True),
    "override": Place(
        f"{ORDINARY}, with --security-opt seccomp=unconfined --security-opt no-new-privileges=false",
        {"SecurityOpt": ["seccomp=unconfined", "no-new-privileges=false"]},
        asks=True,
    ),
    "limitless": Place(f"{ORDINARY}, without limits of its own", limits=False),
    "account": Place("the host, as an account without rights there (uid 65534)"),
    "engine": Place("the engine itself, asked to do it"),
    "login": Place("a login shell of the host's root, which asks the engine"),
    "policy": Place("the host's trust policy, asked as `hullguard run-verified` asks it"),
}


def programs() -> tuple[str, list[str]]:
    """Return the interpreter's path and the bind mounts, all read-only, that it needs in an empty image.

    Raises HullguardError where the host has none for it.
    """
    wanted = [Path("/usr"), Path("/lib"), Path("/lib32"), Path("/lib64")]
    own = Path(sys.base_prefix).resolve()
    interpreter = Path(sys.executable).resolve()
    if not interpreter.is_relative_to("/usr"):
        system = Path("/usr/bin/python3")
        if system.exists():
            interpreter = system.resolve()
        elif own != Path("/"):
            wanted.append(own)
    if not interpreter.is_file():
        raise HullguardError("No Python is here for the probes' containers: install python3 (3.9 or newer).")
    binds = [f"{folder.resolve()}:{folder}:ro" for folder in wanted if folder.is_dir()]
    return str(interpreter), binds


def request(name: str, run: str, folder: Path, extra: Mapping[str, Any]) -> Document:
    """Return the create request of a place's container; `folder` is the run's own."""
    interpreter, binds = programs()
    place = PLACES[name]
    own = folder / name
    host: Document = {
        "AutoRemove": True,
        "Binds": [
            *binds,
            f"{folder / 'inside'}:{HERE}/inside:ro",
            f"{folder / 'alive'}:{HERE}/alive:ro",
            f"{own / 'ask.json'}:{HERE}/ask.json:ro",
            f"{own / 'out'}:{HERE}/out",
            *extra.get("binds", ()),
        ],
        **({"Memory": MEMORY, "PidsLimit": PIDS} if place.limits else {}),
        **place.options,
        **extra.get("host", {}),
    }
    return {
        "Image": f"{NAME}:{run}",
        "Cmd": [interpreter, "-I", "-S", "-B", "-c", BEGIN],
        "Env": ["PYTHONHASHSEED=0", *extra.get("env", ())],
        "Labels": {LABEL: run},
        "StopSignal": "SIGKILL",
        "HostConfig": host,
        **extra.get("config", {}),
    }


def lay_out(folder: Path) -> None:
    """Put the code for the containers into the run's folder, and the files that probes try to get at."""
    source = Path(__file__).parent / "inside"
    target = folder / "inside"
    target.mkdir(mode=0o755)
    for file in sorted(source.glob("*.py")):
        _write(target / file.name, file.read_bytes(), 0o644)
    attack = folder / "attack"
    attack.mkdir(mode=0o755)
    _write(attack / "owned", b"of the host's root\n", 0o600)
    (attack / "shared").mkdir()
    (attack / "shared").chmod(0o777)


def lay_out_place(folder: Path, name: str, ask: bytes) -> Path:
    """Make a place's own folder with what it is asked; return the file that it will write to."""
    own = folder / name
    own.mkdir(mode=0o755)
    _write(own / "ask.json", ask, 0o644)
    (own / "out").mkdir()
    # Whatever uid the container's root is on the host; only this run's own folder leads here.
    (own / "out").chmod(0o777)
    return own / "out" / "said"


def _write(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        os.fchmod(handle, mode)
        file.write(content)
