"""What a run makes, all of it labelled and named by the run, and how it is found and taken away again."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

from hullguard.errors import HullguardError
from hullguard.prove.engine import Engine, Refused

LABEL = "io.hullguard.prove"
NAME = "hullguard-prove"
FOLDERS = Path("/var/tmp")  # noqa: S108 - on a disk, unlike /run: a setuid file means something there
# An engine that is busy removes a container some seconds after it has said that it would.
REMOVE_SECONDS = 30.0


@contextmanager
def only_one(engine: Engine) -> Iterator[None]:
    """Let one run at a time work with an engine; the kernel forgets it with the process.

    Raises HullguardError when another one is at it.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as lock:
        try:
            lock.bind(f"\0{NAME}-{_of(engine)}")
        except OSError:
            raise HullguardError(
                f"Another `hullguard prove` is at work on {engine.path}: wait until it has ended."
            ) from None
        yield


@contextmanager
def guarded(engine: Engine) -> Iterator[None]:
    """Have a process of its own remove everything, should this one be killed meanwhile.

    It waits for the end of its standard input, which the kernel closes with this process, and does nothing
    when it was told before that all is well.
    """
    program = (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "if not sys.stdin.buffer.read():\n"
        f"    from hullguard.prove import leftovers; leftovers.orphaned({engine.path!r})\n"
    )
    quiet = subprocess.DEVNULL
    guard = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE, stdout=quiet, stderr=quiet, start_new_session=True, cwd="/",
    )  # fmt: skip
    try:
        yield
    finally:
        guard.communicate(b"well")


def orphaned(path: str) -> None:
    """Remove what a run that was killed has left on the engine at a path, unless another run does it."""
    engine = Engine(path)
    with suppress(HullguardError, Refused), only_one(engine):
        clean(engine)


def make_folder(engine: Engine) -> Path:
    """Make the run's folder, for its owner only."""
    return Path(tempfile.mkdtemp(prefix=f"{NAME}-{_of(engine)}-", dir=FOLDERS))


def clean(engine: Engine, *, run: str = "") -> list[str]:
    """Remove what the run has made, or with "" every run's; return what was removed.

    Raises HullguardError naming what is left when something can't be removed.
    """
    removed, left = [], []
    for kind, number, name in found(engine, run):
        try:
            remove(engine, kind, number)
            removed.append(f"{kind} {name}")
        except Refused as error:
            left.append(f"{kind} {name} ({error})")
    for folder in folders(engine) if not run else []:
        shutil.rmtree(folder, ignore_errors=True)
        (left if folder.exists() else removed).append(f"folder {folder}")
    if left:
        raise HullguardError(f"Could not be removed: {'; '.join(left)}. Try again: hullguard prove --clean")
    return removed


def found(engine: Engine, run: str = "") -> list[tuple[str, str, str]]:
    """Return (kind, id, name) of what runs have left on the engine, in the order of its removal.

    Raises Refused.
    """
    label = f"{LABEL}={run}" if run else LABEL
    query = urlencode({"filters": f'{{"label":["{label}"]}}'})
    containers = engine.rows(f"/containers/json?all=1&{query}")
    networks = engine.rows(f"/networks?{query}")
    images = engine.rows(f"/images/json?{query}")
    return [
        *(("container", str(row["Id"]), _first(row.get("Names")).lstrip("/")) for row in containers),
        *(("network", str(row["Id"]), str(row.get("Name"))) for row in networks),
        *(("image", str(row["Id"]), _first(row.get("RepoTags"))) for row in images),
    ]


def remove(engine: Engine, kind: str, number: str) -> None:
    """Remove a container, network or image, and wait until it is gone. Raises Refused."""
    path = {
        "container": f"/containers/{number}?force=1&v=1",
        "network": f"/networks/{number}",
        "image": f"/images/{quote(number, safe=':')}?force=1",
    }[kind]
    deadline = time.monotonic() + REMOVE_SECONDS
    while True:
        try:
            engine.ask("DELETE", path)
        except Refused as error:
            # 409: its removal is under way, or a container that uses it is still going.
            if error.status == 404:
                return
            if error.status not in (409, 403) or time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            if time.monotonic() > deadline:
                raise Refused(0, "it was removed, and is still there")


def folders(engine: Engine) -> list[Path]:
    """Return the folders that this account's runs have left."""
    rows = []
    for path in sorted(FOLDERS.glob(f"{NAME}-{_of(engine)}-*")):
        with suppress(OSError):
            if path.lstat().st_uid == os.geteuid() and path.is_dir() and not path.is_symlink():
                rows.append(path)
    return rows


def _first(names: object) -> str:
    return str(names[0]) if isinstance(names, list) and names else "without a name"


def _of(engine: Engine) -> str:
    return hashlib.sha256(os.path.realpath(engine.path).encode()).hexdigest()[:8]
