"""Hullguard's own verdicts as one SARIF run: a rule per control, a result per host, control and object."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hullguard.reports import sarif_parts as parts
from hullguard.reports.findings import (
    NOT_RUN,
    UNKNOWN,
    fingerprint_of,
    scan_text,
    thing_text,
    waiver_text,
    web_addresses,
)
from hullguard.reports.markdown_text import block, prose
from hullguard.reports.sanitize import clean
from hullguard.reports.vocabulary import is_audited, severity_of, verdict_of

# SARIF's word for a verdict. Only a fail has a level; the format forbids one for the other kinds.
KINDS: Mapping[str, str] = {"fail": "fail", "waived": "fail", "unknown": "open", "manual": "review"}
NOT_AUDITED, NO_ANSWER, NO_TOOL, NOT_SEEN = (
    "host_not_audited",
    "scanner_unknown",
    "scanner_not_run",
    "not_seen",
)
_OWN: Mapping[str, str] = {
    NOT_AUDITED: "A host gave no evidence: nothing is known about it.",
    NO_ANSWER: "A scanner gave no answer: nothing is known of what it would have found.",
    NO_TOOL: "A scanner is not here and did not run: nothing is known of what it would have found.",
    NOT_SEEN: "A part of the evidence could not be collected.",
}
_HELP = {"text": "Mend what the message says and look again."}
_DESCRIPTIONS = ("shortDescription", "fullDescription")
NOTIFICATIONS = [
    {"id": identifier, "help": _HELP, **{key: {"text": _OWN[identifier]} for key in _DESCRIPTIONS}}
    for identifier in (NO_TOOL, NO_ANSWER, NOT_SEEN)
]


def rules(hosts: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return a rule per control, and those for what could not be looked at at all."""
    found = {
        identifier: {
            "id": identifier,
            **{key: {"text": _OWN[identifier]} for key in _DESCRIPTIONS},
            "help": _HELP,
            "defaultConfiguration": {"level": "error"},
            "properties": {"tags": ["security", "not-seen"], "security-severity": "5.5"},
        }
        for identifier in (NOT_AUDITED, NO_ANSWER)
    }
    for host in hosts:
        for result in host["results"]:
            found.setdefault(_identifier(result), _rule(result))
    return found


def _identifier(result: Mapping[str, Any]) -> str:
    return clean(result.get("id"), 200) or "unnamed"


def _rule(result: Mapping[str, Any]) -> dict[str, Any]:
    severity = severity_of(result)
    why, fix, breaks = (result.get(key) or "" for key in ("why", "fix", "breaks"))
    addresses = web_addresses(result.get("references") or ())
    return {
        "id": _identifier(result),
        "shortDescription": parts.message(result.get("title")),
        "fullDescription": parts.message(why),
        "help": {
            "text": parts.message(f"{fix}\n\nWhat it can break: {breaks}", 4000)["text"],
            "markdown": f"{block(fix, 3000)}\n\n**What it can break:** {prose(breaks, 1000)}\n",
        },
        **({"helpUri": addresses[0]} if addresses else {}),
        "defaultConfiguration": {"level": parts.LEVELS[severity]},
        "properties": {
            "tags": sorted({"security", "docker", clean(result.get("family"), 40) or "other"}),
            "security-severity": parts.SECURITY_SEVERITY[severity],
            "benchmark-number": clean(result.get("number"), 40),
        },
    }


def results(
    hosts: Iterable[Mapping[str, Any]], scans: Iterable[Mapping[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Yield fails, waived fails, unknowns, manual controls, hosts and scanners that gave nothing.

    Passes and controls that don't apply are left out: code-scanning services take every result for an alert.
    Their number is in the run's properties.
    """
    seen: Counter[str] = Counter()
    for host in hosts:
        name = str(host["name"])
        if not is_audited(host):
            text = f"{clean(name, 200)} gave no evidence: nothing is known about it."
            yield _result(NOT_AUDITED, "open", "none", text, {"kind": "host", "name": name}, name, seen)
        for result in host["results"]:
            verdict = verdict_of(result)
            if verdict not in KINDS:
                continue
            things = result.get("objects") if KINDS[verdict] == "fail" else None
            for thing in things or [{"kind": "host", "name": name}]:
                level = parts.LEVELS[severity_of(result)] if KINDS[verdict] == "fail" else "none"
                row = _result(
                    _identifier(result),
                    KINDS[verdict],
                    level,
                    _text(verdict, result, thing),
                    thing,
                    name,
                    seen,
                )
                if verdict == "waived":
                    row["suppressions"] = parts.suppression(
                        waiver_text(result.get("waiver")) or "accepted, by nobody knows whom"
                    )
                yield row
    for scan in scans:
        if scan["status"] == UNKNOWN:
            text = _scan_line(scan)
            yield _result(
                NO_ANSWER, "open", "none", text, scan["target"], "", seen, clean(scan.get("tool"), 200)
            )


def _text(verdict: str, result: Mapping[str, Any], thing: Mapping[str, Any]) -> str:
    words = {"unknown": "Not seen: ", "manual": "A person has to check: ", "waived": "Accepted risk: "}
    about = "" if thing.get("kind") == "host" and not thing.get("detail") else f" ({thing_text(thing)})"
    if thing.get("detail"):
        about = f" ({thing_text(thing)}: {clean(thing['detail'], 400)})"
    text = f"{clean(result.get('title'), 200)}: {clean(result.get('reason'), 400)}"
    return f"{words.get(verdict, '')}{text}{about}"


def _result(
    identifier: str,
    kind: str,
    level: str,
    text: str,
    thing: Mapping[str, Any],
    host: str,
    seen: Counter[str],
    extra: str = "",
) -> dict[str, Any]:
    key = fingerprint_of(host, identifier, thing.get("kind"), thing.get("name"), extra)
    seen[key] += 1
    fingerprint = key if seen[key] == 1 else fingerprint_of(key, seen[key])
    return {
        "ruleId": identifier,
        "kind": kind,
        "level": level,
        "message": parts.message(text),
        "locations": [parts.location(thing, within=host)],
        "partialFingerprints": parts.fingerprints(fingerprint),
    }


def _scan_line(scan: Mapping[str, Any]) -> str:
    return f"{clean(scan.get('tool'), 80)} on {thing_text(scan['target'])}: {scan_text(scan)}"


def invocations(
    report: Mapping[str, Any], scans: list[dict[str, Any]], strangers: set[str]
) -> list[dict[str, Any]]:
    """Return Hullguard's own call with all it has to say, and those of scanners that never answered
    (`strangers`): these have no run of their own, or the lack of results in it would look clean.
    """
    notes = [
        parts.notification(NOT_SEEN, "warning", f"{host['name']}: {error.get('what')}: {error.get('reason')}")
        for host in report["hosts"]
        for error in host.get("errors") or ()
    ]
    notes += [
        parts.notification(NO_TOOL, "note", _scan_line(scan)) for scan in scans if scan["status"] == NOT_RUN
    ]
    audited = all(is_audited(host) for host in report["hosts"])
    own = parts.invocation(audited, report.get("generated_at"), notes)
    return [own, *(scan_invocation(scan) for scan in scans if scan.get("tool") in strangers)]


def scan_invocation(scan: Mapping[str, Any]) -> dict[str, Any]:
    """Return one scanner's call on one target; a failed one says why."""
    unknown = scan["status"] == UNKNOWN
    return parts.invocation(
        not unknown,
        notes=[parts.notification(NO_ANSWER, "error", _scan_line(scan))] if unknown else None,
        tool=clean(scan.get("tool"), 200),
        target=thing_text(scan["target"], 1000),
        digest=clean(scan["target"].get("digest"), 200),
    )
