"""A report that joins both views: each control's verdict by configuration, and by attack.

A control that is met by its configuration, and whose attack worked all the same, is contradicted: that is a
finding, and the loudest one. A pure function of report and documents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hullguard.catalogue import SEVERITIES
from hullguard.errors import InputError
from hullguard.prove.base import BLOCKED, SUCCEEDED, UNKNOWN
from hullguard.prove.document import TOOL, scan
from hullguard.scanners.finding import MISCONFIGURATION, Finding, fingerprinted, to_json
from hullguard.verdict import FAIL, NOT_APPLICABLE, PASS, WAIVED, Object

Document = dict[str, Any]
# What an attack says of a control's verdict.
CONTRADICTED, CONFIRMED, ELSEWHERE, SHOWN, UNSEEN = (
    "contradicted",
    "confirmed",
    "elsewhere",
    "shown",
    "unseen",
)
STANCES: Mapping[str, str] = {
    CONTRADICTED: "The configuration says that it is met, and an attack worked all the same.",
    SHOWN: "The configuration does not decide it; an attack worked.",
    CONFIRMED: "Attack and configuration say the same.",
    ELSEWHERE: "The configuration does not meet it, and the attacks were blocked by something else, or it is"
    " another control of the same attack that is not met.",
    UNSEEN: "No attack on it could be carried out.",
}
# A contradiction is never less: somebody relies on what is not so.
LEAST = SEVERITIES.index("high")


def joined(report: Document, documents: Sequence[Document]) -> Document:
    """Return the report with what each run of `prove` says of its host.

    Raises InputError for a run on a host that the report does not hold, and for two on the same.
    """
    names = [document["host"]["name"] for document in documents]
    known = {host["name"] for host in report["hosts"]}
    if strange := sorted(set(names) - known):
        raise InputError(
            f"The attacks were made on {', '.join(strange)}, of which the report says nothing: it holds "
            f"{', '.join(sorted(known)) or 'no host'}. Attack it with --name, and what the report calls it."
        )
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"Two runs are of {', '.join(twice)}: which one counts?")
    by_name = dict(zip(names, documents, strict=True))
    hosts = [_host(host, by_name.get(host["name"])) for host in report["hosts"]]
    own = [finding for host in hosts for finding in contradictions(host)]
    others = [row for row in report["findings"] if row["tool"] != TOOL]
    scans = [row for row in report.get("scans", ()) if row["tool"] != TOOL]
    scans += [scan(one, sum(row.object.name == one["host"]["name"] for row in own)) for one in documents]
    findings = [*map(to_json, fingerprinted(own)), *others]
    return {**report, "hosts": hosts, "findings": findings, "scans": scans}


def contradictions(host: Mapping[str, Any]) -> list[Finding]:
    """Return a finding for each control of a joined host that an attack contradicts."""
    rows = [result for result in host["results"] if result.get("attack", {}).get("stance") == CONTRADICTED]
    return [
        Finding(
            id=f"contradicted_{result['id']}",
            title=f"{result['title']}: {_words(result)} by configuration, and yet {_what(result)}",
            severity=SEVERITIES[max(LEAST, SEVERITIES.index(result["severity"]))],
            kind=MISCONFIGURATION,
            object=Object("host", host["name"], result["reason"]),
            tool=TOOL,
            tool_version=host["attack"]["version"],
            fix=result["fix"],
            control=result["id"],
        )
        for result in rows
    ]


def _words(result: Mapping[str, Any]) -> str:
    return str(result["verdict"]).replace("_", " ")


def _what(result: Mapping[str, Any]) -> str:
    worked = [one for one in result["attack"]["probes"] if one["outcome"] == SUCCEEDED]
    return "; ".join(f"{one['id']} succeeded ({one['detail']})" for one in worked)


def _host(host: Document, document: Document | None) -> Document:
    if document is None:
        return host
    verdicts = {result["id"]: result["verdict"] for result in host["results"]}
    attack = {
        "version": document["tool"]["version"],
        **{key: document[key] for key in ("made_at", "seconds", "places", "summary", "probes")},
    }
    results = []
    for result in host["results"]:
        found = against(result["id"], verdicts, document["probes"])
        results.append({**result, "attack": found} if found else result)
    return {**host, "results": results, "attack": attack}


def against(slug: str, verdicts: Mapping[str, str], probes: Iterable[Mapping[str, Any]]) -> Document | None:
    """Return what the attacks say of one control's verdict; None when none is about it."""
    mine = [probe for probe in probes if slug in probe["slugs"]]
    if not mine:
        return None
    worked = [probe for probe in mine if probe["outcome"] == SUCCEEDED]
    outcome = SUCCEEDED if worked else UNKNOWN if any(one["outcome"] == UNKNOWN for one in mine) else BLOCKED
    return {
        "outcome": outcome,
        "stance": _stance(verdicts[slug], worked, outcome, verdicts),
        "probes": [{key: probe[key] for key in ("id", "outcome", "detail")} for probe in mine],
    }


def _stance(
    verdict: str, worked: Sequence[Mapping[str, Any]], outcome: str, verdicts: Mapping[str, str]
) -> str:
    if outcome == UNKNOWN:
        return UNSEEN
    if verdict in (FAIL, WAIVED):
        return CONFIRMED if worked else ELSEWHERE
    if not worked:
        return CONFIRMED
    if verdict not in (PASS, NOT_APPLICABLE):
        return SHOWN
    # Where one of several controls of an attack is not met, its success is no contradiction of the others.
    unexplained = [
        one for one in worked if not any(verdicts.get(other) in (FAIL, WAIVED) for other in one["slugs"])
    ]
    return CONTRADICTED if unexplained else ELSEWHERE
