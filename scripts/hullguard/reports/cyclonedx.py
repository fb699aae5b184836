"""The CycloneDX 1.6 format: which vulnerabilities scanners report in which packages of which images.

A bill of vulnerabilities, not of materials: it lists the affected packages only. What CycloneDX has no place
for (verdicts, misconfigurations, secrets, scanners that gave no answer) is in the metadata's properties, so
that a document without a vulnerability says by itself whether anything was looked at.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from hullguard.errors import InputError
from hullguard.reports.findings import (
    NOT_RUN,
    RAN,
    due_text,
    findings_of,
    fingerprint_of,
    instant,
    place_text,
    scan_text,
    scans_of,
    thing_text,
    waiver_text,
    web_addresses,
)
from hullguard.reports.sanitize import clean
from hullguard.reports.vocabulary import is_audited, ordered, severity_of, tally, verdict_of

if TYPE_CHECKING:
    from hullguard.reports import Diff, Options, Report

SCHEMA = "http://cyclonedx.org/schema/bom-1.6.schema.json"
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:hullguard:cyclonedx")
TEXT_LENGTH = 4000
_TYPES: Mapping[str, str] = {"image": "container", "file": "file", "host": "operating-system"}
Property = dict[str, str]


def write(report: Report, stream: TextIO, options: Options) -> None:
    """Write one report."""
    stream.write(json.dumps(build(report), indent=2, sort_keys=True, ensure_ascii=True) + "\n")


def write_diff(diff: Diff, stream: TextIO, options: Options) -> None:
    """Refuse: raises InputError."""
    raise InputError(
        "cyclonedx can't show a difference: it holds vulnerabilities, and a difference is of verdicts. "
        "Write it as markdown, html, csv or json."
    )


def build(report: Report) -> dict[str, Any]:
    """Return the document."""
    report = ordered(report)
    found, scans = findings_of(report), scans_of(report)
    vulnerabilities = [finding for finding in found if finding["kind"] == "vulnerability"]
    seen: Counter[str] = Counter()
    made = instant(report.get("generated_at"))
    bom = {
        "$schema": SCHEMA,
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            **({"timestamp": made} if made else {}),
            "tools": {"components": _tools(report, found, scans)},
            "properties": [
                _property("vulnerabilities", _claim(vulnerabilities, scans)),
                *_scans(scans),
                *_verdicts(report["hosts"]),
                *_others(found),
            ],
        },
        "components": _components(vulnerabilities, scans),
        "vulnerabilities": [_vulnerability(finding, seen) for finding in vulnerabilities],
    }
    content = json.dumps(bom, sort_keys=True, ensure_ascii=True)
    return {**bom, "serialNumber": f"urn:uuid:{uuid.uuid5(NAMESPACE, content)}"}


def _property(name: str, value: object) -> Property:
    return {"name": f"hullguard:{name}", "value": clean(value, TEXT_LENGTH)}


def _claim(vulnerabilities: list[dict[str, Any]], scans: list[dict[str, Any]]) -> str:
    if not any(scan["status"] == RAN for scan in scans) and not vulnerabilities:
        return "No scanner ran: this document says nothing about vulnerabilities."
    silent = sum(scan["status"] != RAN for scan in scans)
    rest = f" {silent} scans gave no answer: nothing is claimed for them." if silent else ""
    return f"{len(vulnerabilities)} reported by the scanners that ran.{rest}"


def _tools(
    report: Mapping[str, Any], found: list[dict[str, Any]], scans: list[dict[str, Any]]
) -> list[dict[str, str]]:
    named = {(str(scan["tool"]), str(scan["version"])) for scan in scans if scan["status"] == RAN}
    named |= {(str(finding["tool"]), str(finding["tool_version"])) for finding in found}
    named.add((str(report["tool"].get("name")), str(report["tool"].get("version"))))
    return [
        {"type": "application", "name": name or "-"} | ({"version": version} if version else {})
        for name, version in sorted({(clean(name, 200), clean(version, 100)) for name, version in named})
    ]


def _scans(scans: Iterable[Mapping[str, Any]]) -> Iterator[Property]:
    for scan in scans:
        status = "not-run" if scan["status"] == NOT_RUN else scan["status"]
        text = f"{scan.get('tool')} on {thing_text(scan['target'])}: {scan_text(scan)}"
        yield _property(f"scan:{status}", text)


def _verdicts(hosts: Iterable[Mapping[str, Any]]) -> Iterator[Property]:
    for host in hosts:
        name = clean(host["name"], 200)
        for verdict, count in tally(host["results"]).items():
            yield _property(f"verdicts:{verdict}", f"{name}: {count}")
        if not is_audited(host):
            yield _property("host:not-audited", f"{name} gave no evidence: nothing is known about it.")
        for result in host["results"]:
            if (verdict := verdict_of(result)) in ("fail", "unknown", "manual", "waived"):
                words = (clean(result.get("id"), 100), clean(result.get("reason"), 400))
                text = ": ".join([name, severity_of(result), *words])
                yield _property(
                    f"verdict:{verdict}", "; ".join(filter(None, [text, waiver_text(result.get("waiver"))]))
                )


def _others(found: Iterable[Mapping[str, Any]]) -> Iterator[Property]:
    for finding in found:
        if finding["kind"] != "vulnerability":
            words = [finding["severity"], f"{finding['tool']} {clean(finding.get('id'), 200)}"]
            words += [thing_text(finding["object"]), place_text(finding), clean(finding["title"], 400)]
            words += [waiver_text(finding["waiver"])]
            yield _property(f"finding:{finding['kind']}", "; ".join(filter(None, words)))


def _reference(*parts: object) -> str:
    return f"urn:uuid:{uuid.uuid5(NAMESPACE, fingerprint_of(*parts))}"


def _thing_reference(thing: Mapping[str, Any]) -> str:
    return _reference("thing", thing.get("kind"), thing.get("name"))


def _package_reference(finding: Mapping[str, Any]) -> str:
    package = finding["package"]
    if not package:
        return _thing_reference(finding["object"])
    thing = finding["object"]
    return _reference(
        "package", thing.get("kind"), thing.get("name"), package.get("name"), package.get("installed")
    )


def _components(vulnerabilities: list[dict[str, Any]], scans: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was scanned, with the affected packages inside."""
    found: dict[str, dict[str, Any]] = {}
    inside: dict[str, dict[str, dict[str, Any]]] = {}
    things = [(scan["target"], scan["target"].get("digest")) for scan in scans if scan["status"] == RAN]
    things += [(finding["object"], finding["digest"]) for finding in vulnerabilities]
    for thing, digest in things:
        component = found.setdefault(_thing_reference(thing), _component(thing))
        if digest and "version" not in component:
            component["version"] = clean(digest, 200)
    for finding in vulnerabilities:
        if package := finding["package"]:
            reference = _package_reference(finding)
            inside.setdefault(_thing_reference(finding["object"]), {})[reference] = {
                "type": "library",
                "bom-ref": reference,
                "name": clean(package.get("name"), 400) or "-",
                "version": clean(package.get("installed"), 400),
            }
    for reference, packages in inside.items():
        found[reference]["components"] = [packages[key] for key in sorted(packages)]
    return [found[key] for key in sorted(found)]


def _component(thing: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": _TYPES.get(str(thing.get("kind")), "application"),
        "bom-ref": _thing_reference(thing),
        "name": clean(thing.get("name"), 1000) or "this machine",
    }


def _vulnerability(finding: Mapping[str, Any], seen: Counter[str]) -> dict[str, Any]:
    key = str(finding["fingerprint"])
    seen[key] += 1
    package = finding["package"] or {}
    accepted, due = waiver_text(finding["waiver"]), due_text(finding)
    tool = clean(finding["tool"], 200)
    properties = [
        _property(name, value)
        for name, value in (
            *(("fingerprint", key), ("tool-severity", finding["tool_severity"]), ("state", finding["state"])),
            *(("waiver", accepted), ("due", due), ("fixed-in", package.get("fixed"))),
        )
        if value
    ]
    affected: dict[str, Any] = {"ref": _package_reference(finding)}
    if installed := clean(package.get("installed"), 400):
        affected["versions"] = [{"version": installed, "status": "affected"}]
    return {
        "bom-ref": _reference("vulnerability", key, seen[key]),
        "id": clean(finding.get("id"), 400) or "-",
        "source": {"name": tool or "-"},
        "ratings": [{"severity": finding["severity"], "method": "other", "source": {"name": tool or "-"}}],
        "description": clean(finding["title"], TEXT_LENGTH),
        "recommendation": clean(finding["fix"], TEXT_LENGTH, keep_newlines=True),
        "advisories": [{"url": address} for address in dict.fromkeys(web_addresses(finding["references"]))],
        "affects": [affected],
        # An accepted risk is still one: no state that says "not affected".
        **({"analysis": {"response": ["will_not_fix"], "detail": accepted}} if accepted else {}),
        "properties": properties,
    }
