"""What came of a run: a document of schema hullguard/prove/1, and the same as findings of a report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from hullguard import __version__, collect, evidence, yamlfile
from hullguard.audit import SCHEMA as REPORT
from hullguard.catalogue import DEFAULT_BENCHMARK, DEFAULT_PROFILE, load_benchmark
from hullguard.errors import InputError
from hullguard.prove.base import OUTCOMES, SUCCEEDED, UNKNOWN, Outcome, Probe, row
from hullguard.prove.places import PLACES
from hullguard.scanners.finding import MISCONFIGURATION, Finding
from hullguard.verdict import Object

Document = dict[str, Any]
SCHEMA = "hullguard/prove/1"
TOOL = "hullguard-prove"
LARGEST_BYTES = 8 << 20


def make(
    probes: Iterable[Probe],
    found: Mapping[str, Outcome],
    engine: str,
    made_at: str,
    seconds: float,
    name: str | None = None,
) -> Document:
    """Return the document, JSON-ready.

    `engine` is its version, `seconds` is what the run took, `name` what the host is called where that is not
    its host name.
    """
    rows = [row(probe, found[probe.id]) for probe in probes]
    host = collect.host_facts()
    return {
        "schema": SCHEMA,
        "tool": {"name": "hullguard", "version": __version__},
        "host": {
            "name": name or host["name"],
            "kernel": host["kernel"],
            "os": host["os"]["pretty_name"],
            "euid": os.geteuid(),
        },
        "engine": engine,
        "made_at": made_at,
        "seconds": round(seconds, 1),
        "places": {name: PLACES[name].words for name in PLACES if name in {one["place"] for one in rows}},
        "summary": {outcome: sum(one["outcome"] == outcome for one in rows) for outcome in OUTCOMES},
        "probes": rows,
    }


def load(path: Path) -> Document:
    """Return a saved document after checking it against its schema. Raises InputError."""
    document = evidence.parse(path, LARGEST_BYTES)
    found = document.get("schema") if isinstance(document, dict) else None
    if found != SCHEMA:
        raise InputError(
            f"{path}: not of `hullguard prove` ('schema' is {str(found)[:60]!r}, not {SCHEMA!r})."
        )
    yamlfile.check(document, "prove", str(path))
    return dict(document)


def findings(document: Document) -> list[Finding]:
    """Return a finding for each probe that succeeded, without fingerprints."""
    return [
        Finding(
            id=one["id"],
            title=f"{one['tries']} It worked: {one['detail']}",
            severity=one["severity"],
            kind=MISCONFIGURATION,
            object=Object("host", document["host"]["name"], document["places"][one["place"]]),
            tool=TOOL,
            tool_version=document["tool"]["version"],
            control=next(iter((*one["slugs"], *one["per_container"])), None),
        )
        for one in document["probes"]
        if one["outcome"] == SUCCEEDED
    ]


def scan(document: Document, count: int) -> Document:
    """Return the run as a scan of a report, with so many findings; what is unknown counts as unseen."""
    unseen = document["summary"][UNKNOWN]
    return {
        "tool": TOOL,
        "version": document["tool"]["version"],
        "target": {"kind": "host", "name": document["host"]["name"], "digest": ""},
        "status": "ran" if unseen < len(document["probes"]) else "unknown",
        "reason": f"{unseen} of {len(document['probes'])} probes are unknown" if unseen else "",
        "get": "",
        "cached": False,
        "findings": count,
        "unseen": unseen,
        "raw": "",
    }


def report(document: Document, rows: list[Document]) -> Document:
    """Return a report of the run alone, of schema hullguard/report/1; `rows` are its findings as JSON."""
    benchmark = load_benchmark(DEFAULT_BENCHMARK)
    return {
        "schema": REPORT,
        "tool": {"name": "hullguard", "version": __version__},
        "generated_at": document["made_at"],
        "benchmark": {"name": benchmark.name, "title": benchmark.title},
        "profile": DEFAULT_PROFILE,
        "hosts": [],
        "findings": rows,
        "scans": [scan(document, len(rows))],
    }
