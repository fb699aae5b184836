"""The SARIF 2.1.0 format, as code-scanning services take it: a run for Hullguard's verdicts, one per scanner.

Paths are relative to the scanned folder. A container, image or host, which is no file, gets an address such
as `docker-host/NAME`. Verdicts that are a pass or not applicable are counted, not listed. A service takes at
most 25,000 results a run, so that longer ones are split; it takes 20 runs a file, and refuses one with more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from hullguard.errors import InputError
from hullguard.reports import sarif_parts as parts
from hullguard.reports import sarif_verdicts as verdicts
from hullguard.reports.findings import (
    OPEN,
    UNKNOWN,
    due_text,
    findings_of,
    package_text,
    scans_of,
    thing_text,
    waiver_text,
    web_addresses,
)
from hullguard.reports.markdown_text import block, prose
from hullguard.reports.sanitize import clean
from hullguard.reports.vocabulary import SEVERITIES, ordered, tally

if TYPE_CHECKING:
    from hullguard.reports import Diff, Options, Report

RUN_RESULTS = 25_000
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def write(report: Report, stream: TextIO, options: Options) -> None:
    """Write one report."""
    stream.write(json.dumps(build(report), indent=2, sort_keys=True, ensure_ascii=True) + "\n")


def write_diff(diff: Diff, stream: TextIO, options: Options) -> None:
    """Refuse: raises InputError."""
    raise InputError(
        "sarif can't show a difference: it holds what is found at one time, and code-scanning services "
        "compare two uploads themselves. Write the later report as sarif, or the difference as markdown."
    )


def build(report: Report) -> dict[str, Any]:
    """Return the document."""
    report = ordered(report)
    found, scans = findings_of(report), scans_of(report)
    answered = {str(finding["tool"]) for finding in found}
    answered |= {str(scan["tool"]) for scan in scans if scan["status"] == "ran"}
    strangers = {str(scan["tool"]) for scan in scans if scan["status"] == UNKNOWN} - answered
    runs = _verdict_runs(report, scans, strangers)
    for tool in sorted(answered):
        runs += _tool_runs(
            tool,
            [finding for finding in found if str(finding["tool"]) == tool],
            [scan for scan in scans if str(scan["tool"]) == tool and scan["status"] in ("ran", UNKNOWN)],
        )
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}


def _verdict_runs(
    report: Mapping[str, Any], scans: list[dict[str, Any]], strangers: set[str]
) -> list[dict[str, Any]]:
    hosts, tool = report["hosts"], report["tool"]
    driver = {
        "name": clean(tool.get("name"), 200) or "hullguard",
        "version": clean(tool.get("version"), 100) or "unknown",
        "notifications": verdicts.NOTIFICATIONS,
    }
    runs = _split(
        driver,
        verdicts.rules(hosts),
        list(verdicts.results(hosts, scans)),
        # A service compares uploads by this name: a scan without an audit must not look like a clean audit.
        "verdicts" if hosts else "scans",
        verdicts.invocations(report, scans, strangers),
    )
    runs[0]["properties"] = {
        "benchmark": clean(report["benchmark"].get("title"), 200),
        "profile": clean(report.get("profile"), 200),
        "verdicts": tally(result for host in hosts for result in host["results"]),
    }
    return runs


def _tool_runs(
    tool: str, findings: list[dict[str, Any]], scans: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    versions = sorted({clean(row.get("version"), 100) for row in scans if row.get("version")})
    versions = versions or sorted(
        {clean(row["tool_version"], 100) for row in findings if row["tool_version"]}
    )
    driver = {"name": clean(tool, 200) or "unnamed"} | ({"version": ", ".join(versions)} if versions else {})
    rules: dict[str, dict[str, Any]] = {}
    for finding in findings:  # worst first: a rule's severity is that of its worst finding
        rules.setdefault(_identifier(finding), _rule(finding))
    results = [_result(finding) for finding in findings]
    return _split(
        driver, rules, results, parts.segment(tool), [verdicts.scan_invocation(scan) for scan in scans]
    )


def _split(
    driver: Mapping[str, Any],
    rules: Mapping[str, dict[str, Any]],
    results: list[dict[str, Any]],
    category: str,
    invocations: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    pieces = [results[start : start + RUN_RESULTS] for start in range(0, len(results), RUN_RESULTS)] or [[]]
    names = [category, *(f"{category}/{number}" for number in range(2, len(pieces) + 1))]
    return [
        parts.run(driver, rules, piece, name, invocations) for piece, name in zip(pieces, names, strict=True)
    ]


def _identifier(finding: Mapping[str, Any]) -> str:
    return clean(finding.get("id"), 200) or "unnamed"


def _rule(finding: Mapping[str, Any]) -> dict[str, Any]:
    addresses = web_addresses(finding["references"])
    fix = finding["fix"] or "The tool names no fix."
    title = finding["title"] or _identifier(finding)
    links = "".join(f"\n- <{address}>" for address in addresses[:10] if not set(address) & set("<>"))
    return {
        "id": _identifier(finding),
        "shortDescription": parts.message(title),
        "fullDescription": parts.message(f"{title} ({finding['kind']})"),
        "help": {
            "text": parts.message("\n".join([str(fix), *addresses[:10]]), 4000)["text"],
            "markdown": f"{prose(title, 400)}\n\n{block(fix, 3000)}\n{links}\n",
        },
        **({"helpUri": addresses[0]} if addresses else {}),
        "defaultConfiguration": {"level": parts.LEVELS[finding["severity"]]},
        "properties": {
            "tags": _tags("security", finding["kind"], finding["control"]),
            "security-severity": parts.SECURITY_SEVERITY[finding["severity"]],
        },
    }


def _tags(*words: object) -> list[str]:
    return sorted({clean(word, 60) for word in words if word})


def _result(finding: Mapping[str, Any]) -> dict[str, Any]:
    about = [package_text(finding), due_text(finding)]
    text = f"{clean(finding['title'], 400) or _identifier(finding)} ({thing_text(finding['object'])})"
    accepted = waiver_text(finding["waiver"]) or f"the vulnerability policy: {due_text(finding)}"
    return {
        "ruleId": _identifier(finding),
        "kind": "fail",
        "level": parts.LEVELS[finding["severity"]],
        "message": parts.message("; ".join(part for part in [text, *about] if part)),
        "locations": [parts.location(finding["object"], finding["location"])],
        "partialFingerprints": parts.fingerprints(clean(finding["fingerprint"], 200)),
        **({"suppressions": parts.suppression(accepted)} if finding["state"] != OPEN else {}),
        "rank": 100.0 - 25.0 * SEVERITIES.index(finding["severity"]),
        "properties": {
            "severity": finding["severity"],
            "toolSeverity": clean(finding["tool_severity"], 60),
            "control": clean(finding["control"], 100),
            "digest": clean(finding["digest"], 200),
            "due": due_text(finding),
        },
    }
