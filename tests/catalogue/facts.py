"""Every fact of an evidence document that can go missing, one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

Path = tuple[str | int, ...]
MISSING = object()
# Mappings that list what there is: an absent member of these says "there is none", not "it was not seen".
LISTINGS = {
    "flags", "content", "IndexConfigs", "Labels", "Options", "Ports", "PortBindings", "ExposedPorts",
    "login_environment", "groups", "sysctl", "Runtimes",
}  # fmt: skip
# Lists whose length is a fact of its own, so that a row that is gone shows.
COUNTED = {"containers", "images", "networks", "volumes"}


def facts(document: Any, at: Path = ()) -> Iterator[Path]:
    """Yield the path of every fact whose absence has to show."""
    if isinstance(document, dict):
        for key, value in document.items():
            if not (at and at[-1] in LISTINGS):
                yield (*at, key)
            yield from facts(value, (*at, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            if at[-1] in COUNTED:
                yield (*at, index)
            yield from facts(value, (*at, index))


@contextmanager
def without(document: Any, path: Path) -> Iterator[None]:
    """Take one fact out of a document for a while."""
    for key in path[:-1]:
        document = document[key]
    items = None if isinstance(document, list) else list(document.items())
    value = document.pop(path[-1])
    try:
        yield
    finally:
        if items is None:
            document.insert(path[-1], value)
        else:
            document.clear()
            document.update(items)


def shown(path: Path) -> str:
    return ".".join(map(str, path))


GOOD = ("pass", "not_applicable")


def became_better(before: str, after: str) -> bool:
    """Whether a verdict claims more without a fact than with it."""
    allowed = {before, "unknown", "fail"} | ({"manual"} if before == "pass" else set())
    return after not in allowed
