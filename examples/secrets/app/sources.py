"""Where secrets come from: one small interface, and a module for each store behind it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, cast

KINDS = ("files", "vault", "aws", "azure", "kubernetes")


class Unavailable(Exception):
    """A secret that can't be had now; the message names it and why, never its value."""


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
    Raises ValueError when there is no such source or its settings can't be.
    """
    kind = settings.get("SECRETS_SOURCE", "files")
    if kind not in KINDS:
        raise ValueError(f"SECRETS_SOURCE is {kind!r}: it has to be one of {', '.join(KINDS)}")
    return cast(Source, importlib.import_module(f"source_{kind}").connect(settings))
