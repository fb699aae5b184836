"""What scanners found, as an OSCAL result: an observation per scan, an observation and a risk per finding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hullguard.reports.findings import (
    OPEN,
    RAN,
    due_text,
    findings_of,
    instant,
    package_text,
    place_text,
    scan_text,
    scans_of,
    thing_text,
    waiver_text,
)
from hullguard.reports.oscal_parts import (
    Inventory,
    accepted,
    assessed,
    identifier,
    line,
    properties,
    prose,
    token,
)


def scanners(report: Mapping[str, Any], when: str) -> dict[str, Any]:
    """Return the result that holds every scan and every finding. `when` is the report's time, ISO 8601."""
    found, scans = findings_of(report), scans_of(report)
    inventory, seen = Inventory("scanned"), Counter[str]()
    observations = [_scan(scan, inventory, when) for scan in scans]
    risks = []
    for finding in found:
        key = str(finding["fingerprint"])
        seen[key] += 1
        observation = _found(finding, inventory, when, ("scanned", key, seen[key]))
        observations.append(observation)
        risks.append(_risk(finding, when, ("scanned", key, seen[key]), observation["uuid"]))
    silent = sum(scan["status"] != RAN for scan in scans)
    about = (
        f"{len(found)} findings of {len(scans)} scans; {silent} of these gave no answer, "
        "and nothing is claimed for them."
    )
    controls = [token(finding["control"]) for finding in found if finding["control"]]
    return assessed("Scanners", about, when, controls, inventory, observations=observations, risks=risks)


def _scan(scan: Mapping[str, Any], inventory: Inventory, when: str) -> dict[str, Any]:
    target = scan["target"]
    return {
        "uuid": identifier("scan", scan.get("tool"), target.get("kind"), target.get("name")),
        "title": line(f"{scan.get('tool')} on {thing_text(target)}"),
        "description": prose(scan_text(scan)),
        **properties(status=scan["status"], digest=target.get("digest"), raw_output=scan["raw"]),
        "methods": ["TEST"],
        "types": ["discovery"],
        **inventory.origins(scan.get("tool"), scan["version"]),
        **inventory.subjects([target]),
        "collected": when,
    }


def _found(
    finding: Mapping[str, Any], inventory: Inventory, when: str, keys: tuple[object, ...]
) -> dict[str, Any]:
    about = [package_text(finding), place_text(finding), due_text(finding), waiver_text(finding["waiver"])]
    return {
        "uuid": identifier("observation", *keys),
        "title": line(f"{finding.get('id')}: {finding['title']}"),
        "description": prose(finding["title"], *about),
        **properties(
            severity=finding["severity"],
            tool_severity=finding["tool_severity"],
            state=finding["state"],
            kind=finding["kind"],
            fingerprint=finding["fingerprint"],
            control=finding["control"],
        ),
        "methods": ["TEST"],
        "types": ["finding"],
        **inventory.origins(finding["tool"], finding["tool_version"]),
        **inventory.subjects([finding["object"]]),
        "collected": when,
    }


def _risk(
    finding: Mapping[str, Any], when: str, keys: tuple[object, ...], observation: str
) -> dict[str, Any]:
    related = [{"observation-uuid": observation}]
    if finding["waiver"]:
        return accepted(finding, when, keys, related)
    deadline = instant((finding["due"] or {}).get("by"))
    return {
        "uuid": identifier("risk", *keys),
        "title": line(f"{finding.get('id')}: {finding['title']}"),
        "description": prose(finding["title"], package_text(finding)),
        "statement": prose(
            due_text(finding) or f"Severity {finding['severity']}.",
            finding["fix"] and f"Fix: {finding['fix']}",
        ),
        **properties(severity=finding["severity"]),
        "status": "open" if finding["state"] == OPEN else "deviation-approved",
        **({"deadline": deadline} if deadline else {}),
        "related-observations": related,
    }
