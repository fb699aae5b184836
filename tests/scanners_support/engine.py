"""Put a tiny image into the local engine, and take it away again."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def loaded(tar: Path) -> Iterator[str]:
    """Yield the name of an image that was loaded from a tar; it is removed by its id. Skips without an
    engine.
    """
    docker = pytest.importorskip("docker", reason="the docker package is not here: ./nox -s e2e installs it")
    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException as error:
        pytest.skip(f"no engine answers: {error}")
    (image,) = client.images.load(tar.read_bytes())
    name = f"hullguard-test:{uuid.uuid4().hex[:12]}"
    image.tag(name)
    try:
        yield name
    finally:
        client.images.remove(image.id, force=True)
        client.close()
