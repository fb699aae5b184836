"""Where secrets come from: one small interface, and a module for each store behind it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

KINDS = ("files", "vault", "aws", "azure", "kubernetes")


class Unavailable(Exception):
    """A secret that can't be had now; the message names it and why, never its value.

    `store` says that nothing else can be had there either: it does not answer, or knows nobody who asks.
    """

    def __init__(self, message: str, *, store: bool = False) -> None:
        super().__init__(message)
        self.store = store


@dataclass(frozen=True, slots=True)
class Secret:
    """One secret as a store gave it. Its value is in no text that Python makes of it."""

    name: str
    value: str = field(repr=False)
    version: str
    """Changes when the value does, and tells nothing about it: a store's own, or a file's time and inode."""
    expires_at: float | None = None
    """Unix time in seconds after which the value must not be used; None when it does not expire."""


class Source(Protocol):
    """A store. Calls come one at a time, so that it need not guard against threads."""

    def read(self, name: str) -> Secret:
        """Return what the store holds under a name now. Raises Unavailable."""
        ...

    def close(self) -> None:
        """Give back what was taken for reading: leases, tokens, connections."""
        ...


def source(settings: Mapping[str, str]) -> Source:
    """Return the source that SECRETS_SOURCE names, made by `connect` of the module source_KIND.

    A module is imported when it is asked for, so that nobody needs the libraries of other stores.
    Raises ValueError when there is no such source, when its libraries are missing, or its settings can't be.
    """
    kind = settings.get("SECRETS_SOURCE", "files")
    if kind not in KINDS:
        raise ValueError(f"SECRETS_SOURCE is {kind!r}: it has to be one of {', '.join(KINDS)}")
    try:
        return cast(Source, importlib.import_module(f"source_{kind}").connect(settings))
    except ValueError:
        raise
    except ImportError as error:
        raise ValueError(
            f"SECRETS_SOURCE is {kind}, and this image was built without {error.name}: "
            f"build it with --build-arg REQUIREMENTS=vault/requirements/{kind}.txt"
        ) from error
    except Exception as error:  # of a library, which may quote what it read
        raise ValueError(
            f"SECRETS_SOURCE is {kind}, and its client can't be made ({type(error).__name__}): "
            f"look at the settings that source_{kind}.py names"
        ) from error
