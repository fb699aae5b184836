"""The Markdown format's part about attacks: contradictions before everything else, the probes at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hullguard.reports.attacks import (
    HEADING,
    MEANING,
    about,
    contradicted,
    counts_of,
    outcome_of,
    probes_of,
    proofs,
)
from hullguard.reports.markdown_layout import NAME_LENGTH, Part, row, words
from hullguard.reports.markdown_text import code
from hullguard.reports.vocabulary import severity_of

Hosts = Sequence[Mapping[str, Any]]


def head(hosts: Hosts) -> list[str]:
    """Return the lines of the summary; none where no attack was made."""
    probes = [probe for host in hosts for probe in probes_of(host)]
    if not probes:
        return []
    count = sum(len(contradicted(host)) for host in hosts)
    loud = [f"- **{HEADING}: {count}**"] if count else []
    return [*loud, f"- **Attacks:** {counts_of(probes)}"]


def contradictions(hosts: Hosts) -> list[Part]:
    """Return the part about controls that an attack contradicts."""
    rows = [row(_contradiction(host, result)) for host in hosts for result in contradicted(host)]
    return [Part(HEADING, ("Severity", "Control", "Host", "What"), rows, MEANING)]


def parts(hosts: Hosts) -> list[Part]:
    """Return the probes that succeeded and those that are unknown."""
    found = [(host, probe) for host in hosts for probe in probes_of(host)]
    columns = ("Severity", "Attack", "Host", "What", "Stopped by")
    headings = {"succeeded": "Attacks that succeeded", "unknown": "Attacks that could not be carried out"}
    return [
        Part(heading, columns, [row(_probe(host, one)) for host, one in found if outcome_of(one) == outcome])
        for outcome, heading in headings.items()
    ]


def _contradiction(host: Mapping[str, Any], result: Mapping[str, Any]) -> list[str]:
    said = [f"{words(one.get('id'))} succeeded: {words(one.get('detail'))}" for one in proofs(result)]
    what = "<br>".join([words(result.get("title")), words(result.get("reason")), *said])
    control = f"{words(result.get('number'))} {code(result.get('id'), NAME_LENGTH)}".strip()
    return [severity_of(result), control, code(host["name"], NAME_LENGTH), what]


def _probe(host: Mapping[str, Any], probe: Mapping[str, Any]) -> list[str]:
    name, where = code(probe.get("id"), NAME_LENGTH), code(host["name"], NAME_LENGTH)
    what = f"{words(probe.get('tries'))}<br>{words(probe.get('detail'))}"
    return [severity_of(probe), name, where, what, words(about(probe))]
