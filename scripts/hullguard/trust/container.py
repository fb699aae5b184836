"""Start a container of an image that was verified, and of no other."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from hullguard.errors import HullguardError, InputError


def docker() -> str:
    """Return Docker's command line. Raises HullguardError where there is none."""
    found = shutil.which("docker")
    if found is None:
        raise HullguardError("docker is not here: install Docker's command line.")
    return found


def pull(name: str) -> str:
    """Pull `repository@sha256:...`; return the image's id in the engine. Raises HullguardError.

    The engine checks what it gets against the digest, down to every layer.
    """
    done = subprocess.run([docker(), "pull", "--quiet", name], stdout=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise HullguardError(f"{name}: could not be pulled; docker says why above.")
    return str(_inspected("image", name)["Id"])


def check(name: str, image: str, options: Sequence[str], command: Sequence[str]) -> None:
    """Check that docker takes these words for a container of an image that is here, by creating one that is
    never started.

    `image` is the id it has to have: an option that takes one word more or less makes docker read another
    word as the image's name. Raises InputError then, HullguardError when docker refuses.
    """
    if any(word.startswith("--cidfile") for word in options):
        raise InputError("--cidfile can't be given: a container is created to try the options first.")
    done = subprocess.run(
        [docker(), "create", *_words(name, options, command)], stdout=subprocess.PIPE, check=False
    )
    identity = done.stdout.decode("utf-8", "replace").strip()
    # With --help among its options it ends well, and has created nothing.
    if done.returncode != 0 or not re.fullmatch(r"[0-9a-f]+", identity):
        raise HullguardError(f"{name}: docker could not create the container; it says why above.")
    try:
        found = _inspected("container", identity)
    finally:
        subprocess.run(
            [docker(), "rm", "--force", "--volumes", identity], stdout=subprocess.DEVNULL, check=False
        )
    if found["Image"] != image:
        raise InputError(
            f"With these options docker would start {found['Config']['Image']}, which was not verified. What "
            "stands between the image and `--` are options of docker, the container's command comes after "
            "`--`. Nothing was started."
        )


def start(name: str, options: Sequence[str], command: Sequence[str], *, detach: bool) -> None:
    """Become the `docker run` that was checked, so that its terminal, signals and exit code are the
    container's. Raises HullguardError.
    """
    program = docker()
    # What stands before the same words changes nothing of how they are read.
    first = ["--detach"] if detach else []
    try:
        os.execv(program, [program, "run", *first, *_words(name, options, command)])  # noqa: S606
    except OSError as error:
        raise HullguardError(f"{program}: could not be started: {error.strerror}.") from None


def _words(name: str, options: Sequence[str], command: Sequence[str]) -> list[str]:
    # First, so that a word that is taken for the image's name is not pulled; last, so that it holds.
    return ["--pull=never", *options, "--pull=never", name, *command]


def _inspected(kind: str, name: str) -> dict[str, Any]:
    done = subprocess.run([docker(), kind, "inspect", name], stdout=subprocess.PIPE, check=False)
    try:
        rows = json.loads(done.stdout)
    except ValueError:
        rows = []
    if done.returncode != 0 or len(rows) != 1:
        raise HullguardError(f"{name}: the engine does not tell what it is.")
    row: dict[str, Any] = rows[0]
    return row
