"""Relative host paths of one file, rewritten so that they count from another one's folder."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import Any

from hullguard.lint.tree import Row, Table, Tagged


def project(document: Table, here: Path, there: Path) -> Table:
    """Return a document with relative paths rewritten so that they count from another folder."""
    result = Table()
    for kind, value in document.items():
        if isinstance(value, Table) and kind in ("services", "secrets", "configs"):
            rows = Table()
            for name, item in value.items():
                item = service(item, here, there) if isinstance(item, Table) else item
                rows.put(name, item, value.at[name])
            value = rows
        result.put(kind, value, document.at[kind])
    return result


def service(table: Table, here: Path, there: Path) -> Table:
    """Return a service, a secret or a config whose relative host paths count from another folder."""
    way = os.path.relpath(os.path.realpath(here), os.path.realpath(there))
    if way == ".":
        return table
    result = Table()
    for key, value in table.items():
        if key == "volumes" and isinstance(value, Row):
            rows = Row()
            for item, at in zip(value, value.at, strict=True):
                rows.put(_moved_volume(item, way), at)
            value = rows
        elif key == "file" and isinstance(value, str):
            value = _moved_path(value, way)
        result.put(key, value, table.at[key])
    return result


def _moved_volume(item: Any, way: str) -> Any:
    if isinstance(item, Tagged):
        return Tagged(item.tag, _moved_volume(item.value, way))
    if isinstance(item, str) and item.startswith("."):
        first, colon, rest = item.partition(":")
        return _moved_path(first, way) + colon + rest if colon else item
    if isinstance(item, Table) and item.get("type") == "bind" and isinstance(item.get("source"), str):
        result = Table()
        for key, value in item.items():
            result.put(key, _moved_path(value, way) if key == "source" else value, item.at[key])
        return result
    return item


def _moved_path(path: str, way: str) -> str:
    return path if path.startswith(("/", "~")) else "./" + posixpath.join(way, path)
