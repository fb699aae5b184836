"""Secrets as files: what Compose, Swarm, Kubernetes and a Vault agent mount."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sources import Secret, Unavailable

FOLDER = "/run/secrets"
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
LARGEST = 64 << 10
ATTEMPTS = 3


class Files:
    """A folder with one file for each secret. It is read at each use, so that a change is seen at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> Secret:
        """Return what the file of that name holds, without a newline at its end. Raises Unavailable."""
        if not NAME.fullmatch(name):
            raise Unavailable(f"{name!r} can't be the name of a secret")
        path = self._folder / name
        try:
            for _ in range(ATTEMPTS):
                if (secret := self._whole(name, path)) is not None:
                    return secret
        except OSError as error:
            raise Unavailable(f"{name}: {path} can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            # What could not be decoded is part of that error: it must not get any further.
            raise Unavailable(f"{name}: {path} is not text in UTF-8") from None
        raise Unavailable(f"{name}: {path} is being written")

    def close(self) -> None:
        """Nothing was taken."""

    def _whole(self, name: str, path: Path) -> Secret | None:
        """Return the secret, or None when somebody wrote to the file meanwhile.

        A writer that rests between two writes can't be told from one that is done: what is there by then is
        taken for the whole. A file that is moved into its place is always whole.
        """
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            data = file.read(LARGEST + 1)
            after = os.fstat(file.fileno())
        if len(data) > LARGEST:
            raise Unavailable(f"{name}: {path} is larger than {LARGEST} bytes")
        if before.st_mtime_ns != after.st_mtime_ns or len(data) != after.st_size:
            return None
        value = data.decode().removesuffix("\n").removesuffix("\r")
        if not value:
            raise Unavailable(f"{name}: {path} is empty")
        return Secret(name, value, f"{after.st_mtime_ns}-{after.st_ino}")


def connect(settings: Mapping[str, str]) -> Files:
    """Return the folder that SECRETS_DIR names, else /run/secrets. It may be filled later."""
    return Files(Path(settings.get("SECRETS_DIR", FOLDER)))
