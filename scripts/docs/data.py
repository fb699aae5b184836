"""The data that several documents are made of, as the files in compliance/ have them."""

from __future__ import annotations

from typing import Any

from hullguard import yamlfile
from hullguard.paths import compliance_dir

Rows = list[dict[str, Any]]


def load_threats() -> Rows:
    """Return the threats in their order. Raises InputError when the file does not keep its schema."""
    return _rows("threats")


def load_detections() -> Rows:
    """Return the detections in their order. Raises InputError when the file does not keep its schema."""
    return _rows("detections")


def load_practices() -> dict[str, Any]:
    """Return the best practices and their sources.

    Raises InputError when the file does not keep its schema.
    """
    found: dict[str, Any] = yamlfile.validated(compliance_dir() / "best_practices.yml", "best_practices")
    return found


def by_id(rows: Rows) -> dict[str, dict[str, Any]]:
    """Return {id: row}."""
    return {row["id"]: row for row in rows}


def _rows(name: str) -> Rows:
    found: Rows = yamlfile.validated(compliance_dir() / f"{name}.yml", name)[name]
    return found
