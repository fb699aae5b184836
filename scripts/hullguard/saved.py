"""Read saved reports, and tell them from evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hullguard import audit, evidence, yamlfile
from hullguard.errors import InputError

Report = dict[str, Any]
NO_HOSTS = (
    "A report of a scan holds findings and no host: only audits can be compared. "
    "Findings carry fingerprints, which stay the same from scan to scan."
)
# A report of a thousand hosts has about 150 MB.
LARGEST_BYTES = 256 << 20


def load_report(path: Path) -> Report:
    """Return a saved JSON report after checking it against its schema. Raises InputError."""
    return checked(evidence.parse(path, LARGEST_BYTES), path)


def checked(document: Any, path: Path) -> Report:
    """Return the document when it is a report as its schema says. Raises InputError."""
    found = document.get("schema") if isinstance(document, dict) else None
    if found != audit.SCHEMA:
        raise InputError(f"{path}: no report ('schema' is {str(found)[:60]!r}, not {audit.SCHEMA!r}).")
    yamlfile.check(document, "report", str(path))
    return dict(document)


def load_report_or_evidence(path: Path, plan: Callable[[], audit.Plan], generated_at: str) -> Report:
    """Return a saved report, or the report of evidence (a file or a folder) judged by `plan()`.

    Raises InputError.
    """
    if not path.is_dir():
        document = evidence.parse(path, LARGEST_BYTES)
        if isinstance(document, dict) and document.get("schema") == audit.SCHEMA:
            return checked(document, path)
        return audit.report([evidence.checked(document, str(path))], plan(), generated_at)
    return audit.report(evidence.load_all(path), plan(), generated_at)
