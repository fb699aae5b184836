"""What `hullguard diff` compares: an evidence file, a report, a run's folder, or a folder of runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hullguard import audit, evidence
from hullguard.errors import HullguardError
from hullguard.saved import Report, checked

Evidence = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: its report, and its evidence by host where it is evidence."""

    report: Report
    evidence: Mapping[str, Evidence] | None


def load_side(
    path: Path, plan: Callable[[], audit.Plan], generated_at: str, later: Side | None = None
) -> Side:
    """Return one side. A folder of runs (such as reports/) gives each host's last good evidence before the
    later side's. Raises InputError, or HullguardError when such a folder has none.
    """
    if path.is_dir():
        path = path / "evidence" if (path / "evidence").is_dir() else path
        if later is not None and not any(path.glob("*.json")) and runs(path):
            return judged(last_good(path, later), plan, generated_at)
        return judged(evidence.load_all(path), plan, generated_at)
    document = evidence.parse(path, 256 << 20)
    if isinstance(document, dict) and document.get("schema") == audit.SCHEMA:
        return Side(checked(document, path), None)
    return judged([evidence.checked(document, str(path))], plan, generated_at)


def judged(documents: Sequence[Evidence], plan: Callable[[], audit.Plan], generated_at: str) -> Side:
    """Return the side of some evidence."""
    named = {str(document["host"]["name"]): document for document in documents}
    return Side(audit.report(documents, plan(), generated_at), named)


def runs(folder: Path) -> list[Path]:
    """Return the evidence folders of the runs in a folder, by name."""
    return sorted(path for path in folder.glob("*/evidence") if path.is_dir())


def last_good(folder: Path, later: Side) -> list[Evidence]:
    """Return each host's newest evidence of the runs in a folder that is older than the later side's, and in
    which the host was seen. Raises HullguardError when there is none at all.
    """
    times = {host["name"]: host["collected_at"] for host in later.report["hosts"]}
    found: dict[str, Evidence] = {}
    for run in runs(folder):
        for path in sorted(run.glob("*.json")):
            document = evidence.load(path)
            name, when = str(document["host"]["name"]), str(document["collected_at"])
            if name not in times or when >= str(times[name]) or not good(document):
                continue
            if name not in found or when > str(found[name]["collected_at"]):
                found[name] = document
    if not found:
        raise HullguardError(
            f"{folder}: holds no earlier run in which one of these hosts was seen. "
            "Compare again after the next audit, or name an evidence file."
        )
    return [found[name] for name in sorted(found)]


def good(document: Evidence) -> bool:
    """Return whether a host was seen: at least one of its engines answered."""
    engines = document.get("engines")
    listed = engines if isinstance(engines, list) else []
    return any(isinstance(engine, dict) and engine.get("reachable") is True for engine in listed)
