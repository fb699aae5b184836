"""From what a person names to what is scanned: checked, with the digest of what it stands for."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from hullguard.errors import HullguardError, InputError
from hullguard.scanners.base import COMPOSE, DIR, DOCKERFILE, HOST, IMAGE, SBOM, TAR, Target

FILES = (TAR, DOCKERFILE, COMPOSE, SBOM)
# Sources, not images: a file of this size is no Dockerfile.
LARGEST_SOURCE = 1 << 20
ENGINE_SECONDS = 30.0


def socket_path() -> str:
    """Return the engine's socket: DOCKER_HOST, or the system's.

    Raises InputError for what is no unix socket.
    """
    given = os.environ.get("DOCKER_HOST", "")
    if given and not given.startswith("unix://"):
        raise InputError(f"DOCKER_HOST={given}: images are read over a unix socket; write unix:///path.")
    return given.removeprefix("unix://") or "/var/run/docker.sock"


def images(names: Iterable[str], *, every: bool = False) -> list[Target]:
    """Return images of the local engine by name, or all that have one.

    Raises HullguardError when the engine does not answer, InputError for an image that is not there.
    """
    from hullguard.collect import Api, NotFound, Unseen

    path = socket_path()
    api = Api(path, ENGINE_SECONDS)
    found, missing = [], []
    try:
        wanted = list(names)
        if every:
            rows = api.rows("/images/json")
            wanted += sorted(
                {tag for row in rows for tag in row.get("RepoTags") or [] if "<none>" not in tag}
            )
        for name in dict.fromkeys(wanted):
            try:
                row = api.mapping(f"/images/{quote(name, safe='/:@')}/json")
            except NotFound:
                missing.append(name)
            else:
                found.append(Target(IMAGE, name, digest=str(row["Id"])))
    except (Unseen, KeyError, AttributeError, TypeError) as error:
        raise HullguardError(
            f"The engine at {path} does not tell its images: {error}. Start it, or scan a `docker save` tar."
        ) from None
    finally:
        api.close()
    if missing:
        raise InputError(
            f"The engine at {path} has no image {', '.join(missing)}. Pull it, or look at `docker images`."
        )
    if not found:
        raise InputError(f"The engine at {path} has no image with a name.")
    return found


def created(names: Iterable[str]) -> dict[str, str]:
    """Return when images of the local engine were built (ISO 8601); what nobody can tell is left out."""
    from hullguard.collect import Api, Unseen

    found: dict[str, str] = {}
    api = Api(socket_path(), ENGINE_SECONDS)
    try:
        for name in dict.fromkeys(names):
            try:
                found[name] = str(api.mapping(f"/images/{quote(name, safe='/:@')}/json")["Created"])
            except (Unseen, KeyError):
                continue
    finally:
        api.close()
    return found


def files(kind: str, names: Iterable[str]) -> list[Target]:
    """Return files or folders of one kind. Raises InputError for one that is not there, or is none."""
    wanted = dict.fromkeys(_plain(name) for name in names)
    return [_dir(name) if kind == DIR else _file(kind, name) for name in wanted]


def _plain(name: str) -> str:
    """Return a path without detours, relative where it lies below the present folder: a finding's fingerprint
    must not depend on how its file was named.
    """
    whole, here = os.path.abspath(name), str(Path.cwd())  # noqa: PTH100 (links are not followed)
    return os.path.relpath(whole, here) if whole.startswith(here + os.sep) else os.path.normpath(name)


def host() -> Target:
    """Return this machine."""
    return Target(HOST, os.uname().nodename)


def _dir(name: str) -> Target:
    path = Path(name)
    if not path.is_dir():
        raise InputError(f"{name}: is a file." if path.exists() else f"{name}: there is no such folder.")
    return Target(DIR, name, path.resolve())


def _file(kind: str, name: str) -> Target:
    path = Path(name)
    if not path.is_file():
        raise InputError(f"{name}: there is no such file." if not path.is_dir() else f"{name}: is a folder.")
    if kind != TAR and path.stat().st_size > LARGEST_SOURCE * (256 if kind == SBOM else 1):
        raise InputError(f"{name}: has {path.stat().st_size >> 20} MB; this is no {kind}.")
    if kind == TAR:
        _whole(path, name)
    if kind == COMPOSE:  # what it includes and extends counts as well
        return Target(kind, name, path.resolve())
    try:
        with path.open("rb") as handle:
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{name}: can't be read: {error.strerror}.") from None
    return Target(kind, name, path.resolve(), digest)


def _whole(path: Path, name: str) -> None:
    """Check that a tar is one that `docker save` writes, and not cut. Raises InputError."""
    try:
        with tarfile.open(path) as archive:
            names = set(archive.getnames())
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise InputError(
            f"{name}: can't be read as a tar: {error}. Write it anew with `docker save`."
        ) from None
    if not names & {"manifest.json", "index.json"}:
        raise InputError(
            f"{name}: holds no image (no manifest.json in it). `docker save IMAGE -o {path.name}` does."
        )
