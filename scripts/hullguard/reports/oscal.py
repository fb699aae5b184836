"""The OSCAL 1.1.3 format: assessment results. One result per host, one for the scanners.

Only a pass and what does not apply are `satisfied`. What could not be seen, needs a person, or is waived is
`not-satisfied`, and the status says so; an accepted risk is a risk with an approved deviation until a day.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TextIO

from hullguard.errors import InputError
from hullguard.reports.findings import (
    instant,
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
from hullguard.reports.oscal_scanners import scanners
from hullguard.reports.vocabulary import counts_text, is_audited, ordered, severity_of, tally, verdict_of

if TYPE_CHECKING:
    from hullguard.reports import Diff, Options, Report

VERSION = "1.1.3"
# For a report whose time can't be read.
NO_TIME = "1970-01-01T00:00:00Z"
# (state, reason, what the status means) of each verdict.
STATUS: Mapping[str, tuple[str, str, str]] = {
    "pass": ("satisfied", "pass", ""),
    "not_applicable": (
        "satisfied",
        "other",
        "Not applicable: it concerns something this host does not have.",
    ),
    "fail": ("not-satisfied", "fail", ""),
    "waived": ("not-satisfied", "other", "Not met, and accepted as a risk until a day."),
    "manual": ("not-satisfied", "other", "Evidence can't decide it: a person has to check and attest."),
    "unknown": ("not-satisfied", "other", "Not seen: nothing is claimed."),
}


def write(report: Report, stream: TextIO, options: Options) -> None:
    """Write one report."""
    stream.write(json.dumps(build(report), indent=2, sort_keys=True, ensure_ascii=True) + "\n")


def write_diff(diff: Diff, stream: TextIO, options: Options) -> None:
    """Refuse: raises InputError."""
    raise InputError(
        "oscal can't show a difference: assessment results hold what was found at one time. Write both "
        "reports as oscal (the same host, control and object has the same UUID), or the difference as json."
    )


def build(report: Report) -> dict[str, Any]:
    """Return the document."""
    report = ordered(report)
    when = instant(report.get("generated_at")) or NO_TIME
    content = json.dumps(report, sort_keys=True, ensure_ascii=True, default=str)
    plan = identifier("plan", report["benchmark"].get("name"), report.get("profile"))
    results = [_host(host, report["tool"], when) for host in report["hosts"]]
    if report.get("findings") or report.get("scans"):
        results.append(scanners(report, when))
    if not results:
        results = [assessed("Nothing", "This report holds no host and no scan: it says nothing.", when, [])]
    return {
        "assessment-results": {
            "uuid": identifier("document", content),
            "metadata": {
                "title": line(f"Docker compliance: {report['benchmark'].get('title')}"),
                "last-modified": when,
                "version": when,
                "oscal-version": VERSION,
                **properties(
                    benchmark=report["benchmark"].get("name"),
                    profile=report.get("profile"),
                    tool=report["tool"].get("name"),
                    tool_version=report["tool"].get("version"),
                ),
            },
            "import-ap": {"href": f"#{plan}"},
            "results": results,
            "back-matter": {
                "resources": [
                    {
                        "uuid": plan,
                        "title": line(f"Assessment plan: profile {report.get('profile')}"),
                        "description": "The profile and the benchmark say what is assessed.",
                    }
                ]
            },
        }
    }


def _host(host: Mapping[str, Any], tool: Mapping[str, Any], made: str) -> dict[str, Any]:
    name = str(host["name"])
    when = instant(host.get("collected_at")) or made
    inventory, seen = Inventory(name), Counter[str]()
    observations, findings, risks, controls = [], [], [], []
    for result in host["results"]:
        control = token(result.get("id"))
        seen[control] += 1
        keys = (name, control, seen[control])
        controls.append(control)
        observation = _observation(result, inventory, tool, when, keys)
        observations.append(observation)
        related = [{"observation-uuid": observation["uuid"]}]
        risk = accepted(result, when, keys, related) if result.get("waiver") else None
        risks += [risk] if risk else []
        findings.append(_finding(result, keys, related, risk))
    about = f"{counts_text(tally(host['results']))}." if host["results"] else ""
    if not is_audited(host):
        about = "This host gave no evidence: nothing is known about it."
    unseen = [f"Could not be seen: {e.get('what')}: {e.get('reason')}" for e in host.get("errors") or ()]
    found = assessed(
        name, about, when, controls, inventory, observations=observations, risks=risks, findings=findings
    )
    return {**found, **({"remarks": prose(*unseen)} if unseen else {})}


def _observation(
    result: Mapping[str, Any],
    inventory: Inventory,
    tool: Mapping[str, Any],
    when: str,
    keys: tuple[object, ...],
) -> dict[str, Any]:
    things = result.get("objects") or [{"kind": "host", "name": keys[0]}]
    details = [f"{thing_text(thing)}: {thing['detail']}" for thing in things if thing.get("detail")]
    return {
        "uuid": identifier("observation", *keys),
        "title": line(result.get("title")),
        "description": prose(result.get("reason"), *details),
        **properties(verdict=verdict_of(result)),
        "methods": ["TEST"],
        "types": ["control-objective"],
        **inventory.origins(tool.get("name"), tool.get("version")),
        **inventory.subjects(things),
        "collected": when,
    }


def _finding(
    result: Mapping[str, Any],
    keys: tuple[object, ...],
    related: list[dict[str, str]],
    risk: Mapping[str, Any] | None,
) -> dict[str, Any]:
    verdict = verdict_of(result)
    state, reason, meaning = STATUS[verdict]
    return {
        "uuid": identifier("finding", *keys),
        "title": line(result.get("title")),
        "description": prose(result.get("reason")),
        **properties(
            verdict=verdict,
            severity=severity_of(result),
            number=result.get("number"),
            family=result.get("family"),
        ),
        "target": {
            "type": "objective-id",
            "target-id": str(keys[1]),
            "status": {"state": state, "reason": reason, **({"remarks": meaning} if meaning else {})},
        },
        "related-observations": related,
        **({"related-risks": [{"risk-uuid": risk["uuid"]}]} if risk else {}),
        "remarks": prose(
            *(f"{title}: {result[key]}" for key, title in _REMARKS.items() if result.get(key)),
            f"Waived: {waiver_text(result['waiver'])}" if result.get("waiver") else "",
        ),
    }


_REMARKS: Mapping[str, str] = {"why": "Why it matters", "fix": "How to fix it", "breaks": "What it can break"}
