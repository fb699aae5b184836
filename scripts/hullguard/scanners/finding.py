"""What a scanner found, in the one form that every report and gate reads."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from hullguard.catalogue import SEVERITIES
from hullguard.verdict import Object

VULNERABILITY, MISCONFIGURATION, SECRET, LICENSE, SIGNATURE = (
    "vulnerability",
    "misconfiguration",
    "secret",
    "license",
    "signature",
)
KINDS = (VULNERABILITY, MISCONFIGURATION, SECRET, LICENSE, SIGNATURE)
# What a tool that does not rate is taken for: high enough to be seen, too low for a gate at high.
ASSUMED = "medium"
_WORDS = {
    "critical": "critical", "severe": "critical", "blocker": "critical",
    "high": "high", "error": "high", "important": "high", "major": "high",
    "medium": "medium", "moderate": "medium", "warning": "medium", "warn": "medium",
    "low": "low", "minor": "low", "info": "low", "note": "low", "style": "low", "negligible": "low",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file: `path` as the person named it or relative to the folder that was scanned; lines
    count from 1, 0 is the whole file.
    """

    path: str
    line: int = 0
    end_line: int = 0


@dataclass(frozen=True, slots=True)
class Package:
    """The package that a vulnerability is in; `fixed` is empty where no fixed version is known."""

    name: str
    installed: str
    fixed: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that one tool found. `id` is the rule in the tool's own words (CVE-2025-1, DL3008, a slug).

    `severity` is one of ours, `tool_severity` the tool's own word ("" when it has none: then `severity` is
    assumed). `control` is the slug of the control that says the same, where there is one. `digest` is what an
    image's name stood for. `fingerprint` names the finding across runs; lines are no part of it.
    """

    id: str
    title: str
    severity: str
    kind: str
    object: Object
    tool: str
    tool_version: str
    tool_severity: str = ""
    location: Location | None = None
    package: Package | None = None
    fix: str = ""
    references: tuple[str, ...] = ()
    control: str | None = None
    digest: str = ""
    fingerprint: str = ""
    waiver: dict[str, str] | None = field(default=None, compare=False)
    due: dict[str, Any] | None = field(default=None, compare=False)


def severity(word: object) -> str:
    """Return our severity for a tool's word (any case), `ASSUMED` for one that nobody knows."""
    return _WORDS.get(str(word or "").strip().lower(), ASSUMED)


def fingerprinted(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings sorted, each once, with their fingerprints: SHA-256 over tool, rule, object, path
    and package (for secrets: and the object's detail); equal ones are told apart by their order.
    """
    ordered = sorted(set(findings), key=_order)
    seen: Counter[str] = Counter()
    found = []
    for finding in ordered:
        parts = [
            finding.tool, finding.id, finding.object.kind, finding.object.name,
            finding.location.path if finding.location else "",
            finding.package.name if finding.package else "",
            # Where in an image a secret lies.
            finding.object.detail if finding.kind == SECRET else "",
        ]  # fmt: skip
        key = "\0".join(parts)
        seen[key] += 1
        text = f"{key}\0{seen[key]}".encode("utf-8", "surrogatepass")
        found.append(replace(finding, fingerprint=hashlib.sha256(text).hexdigest()))
    return found


def _order(finding: Finding) -> tuple[Any, ...]:
    location = finding.location or Location("")
    package = finding.package or Package("", "")
    return (
        -SEVERITIES.index(finding.severity), finding.object.kind, finding.object.name, location.path,
        finding.tool, finding.id, package.name, package.installed, location.line, finding.title,
        location.end_line, finding.object.detail,
    )  # fmt: skip


def to_json(finding: Finding) -> dict[str, Any]:
    """Return the finding as it stands in a report and in the cache."""
    row = asdict(finding)
    row["references"] = list(finding.references)
    return row


def from_json(row: Mapping[str, Any]) -> Finding:
    """Return a finding from what `to_json` gave. Raises KeyError or TypeError for anything else."""
    parts = dict(row)
    parts["object"] = Object(**row["object"])
    parts["location"] = Location(**row["location"]) if row["location"] else None
    parts["package"] = Package(**row["package"]) if row["package"] else None
    parts["references"] = tuple(row["references"])
    return Finding(**parts)
