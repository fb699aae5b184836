"""The engine's image store: what is there, and how an image gets in without ever being half there."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import tarfile
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import docker
from docker.errors import BuildError, ImageNotFound

from lab import LABEL, LabError

REGISTRY_SECONDS = 2.5


def digest(parts: Iterable[str]) -> str:
    """Twelve characters that change when any part does."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()[:12]


def have(client: docker.DockerClient, tag: str) -> bool:
    """Whether the engine holds this image."""
    try:
        client.images.get(tag)
    except ImageNotFound:
        return False
    return True


@contextmanager
def only_one(tag: str) -> Iterator[None]:
    """Let two processes that want the same image build it once."""
    name = f"hullguard-lab-{os.geteuid()}-{digest([tag])}.lock"
    with (Path(tempfile.gettempdir()) / name).open("w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(client: docker.DockerClient, tag: str, files: Mapping[str, bytes]) -> None:
    """Build an image from a Dockerfile and the files beside it."""
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    context.seek(0)
    try:
        client.images.build(fileobj=context, custom_context=True, tag=tag, rm=True, forcerm=True)
    except BuildError as error:
        log = "".join(str(line.get("stream", "")) for line in error.build_log)
        raise LabError(f"{tag} could not be built: {error}\n{log[-2000:]}") from error


def import_tar(
    client: docker.DockerClient, tag: str, write: Callable[[Path], None], settings: Iterable[str]
) -> None:
    """Turn the root file system that `write` puts into a tar into an image."""
    # Not /tmp, which may be a small memory disk.
    with tempfile.TemporaryDirectory(prefix="hullguard-lab-", dir="/var/tmp") as directory:
        tar = Path(directory) / "root.tar"
        write(tar)
        repository, _, version = tag.partition(":")
        answer = client.api.import_image(
            src=str(tar), repository=repository, tag=version, changes=[f"LABEL {LABEL}=image", *settings]
        )
    if not have(client, tag):
        raise LabError(f"the engine refused to import {tag}: {answer}")


def answering_registry() -> str | None:
    """The prefix of base images at a registry that answers quickly; None when none does."""
    name = os.environ.get("HULLGUARD_LAB_REGISTRY", "docker.io/library").rstrip("/")
    host = name.split("/")[0]
    if not host or host == "none":
        return None
    url = f"https://{'registry-1.docker.io' if host == 'docker.io' else host}/v2/"
    answers: list[bool] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=REGISTRY_SECONDS):
                answers.append(True)
        except urllib.error.HTTPError as error:
            answers.append(error.code == 401)
        except OSError:
            answers.append(False)

    # A resolver takes its own time whatever the timeout says, so the question runs beside us.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(REGISTRY_SECONDS)
    return f"{name}/" if answers == [True] else None
