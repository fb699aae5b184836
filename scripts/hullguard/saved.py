"""Read saved reports, and tell them from evidence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hullguard import audit, evidence, yamlfile
from hullguard.errors import InputError

Report = dict[str, Any]


def load_report(path: Path) -> Report:
    """Return a saved JSON report after checking it against its schema. Raises InputError."""
    try:
        if path.stat().st_size > evidence.LARGEST_BYTES:
            raise InputError(f"{path}: too large for a report.")
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise InputError(f"{path}: no such file.") from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON: {error}. Was it made by `hullguard audit --format json`?") from None
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}.") from None
    found = document.get("schema") if isinstance(document, dict) else None
    if found != audit.SCHEMA:
        raise InputError(f"{path}: no report ('schema' is {str(found)[:60]!r}, not {audit.SCHEMA!r}).")
    yamlfile.check(document, "report", str(path))
    return dict(document)


def load_report_or_evidence(path: Path, plan: Callable[[], audit.Plan], generated_at: str) -> Report:
    """Return a saved report, or the report of evidence (a file or a folder) judged by `plan()`. Raises InputError."""
    if path.is_file():
        with path.open("rb") as stream:
            start = stream.read(1)
        if start == b"{" and _schema(path) == audit.SCHEMA:
            return load_report(path)
    return audit.report(evidence.load_all(path), plan(), generated_at)


def _schema(path: Path) -> Any:
    try:
        document = json.loads(path.read_bytes())
    except (ValueError, OSError, RecursionError):
        return None  # evidence.load says what is wrong with it
    return document.get("schema") if isinstance(document, dict) else None
