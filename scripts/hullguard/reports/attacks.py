"""What attacks said of hosts, as every format shows it: `hullguard prove`'s part of a joined report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hullguard.reports.vocabulary import SEVERITIES, severity_of

CONTRADICTED = "contradicted"
OUTCOMES: Mapping[str, str] = {
    "succeeded": "The attack worked.",
    "unknown": "It could not be carried out, so nothing is claimed.",
    "blocked": "Something kept the attack from working.",
}
HEADING = "Contradicted by an attack"
MEANING = "The configuration says that these are met. An attack worked all the same: trust the attack."


def outcome_of(probe: Mapping[str, Any]) -> str:
    """Return a probe's outcome; whatever isn't one counts as unknown."""
    outcome = probe.get("outcome")
    return outcome if isinstance(outcome, str) and outcome in OUTCOMES else "unknown"


def counts_of(probes: Iterable[Mapping[str, Any]]) -> str:
    """``9 succeeded · 2 unknown · 70 blocked``: the outcomes that occur."""
    outcomes = [outcome_of(probe) for probe in probes]
    return " · ".join(f"{outcomes.count(one)} {one}" for one in OUTCOMES if one in outcomes) or "no probes"


def probes_of(host: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the probes of a host, those that succeeded first, worst first; nothing where none were made."""
    rows = (host.get("attack") or {}).get("probes") or ()
    return in_order(rows)


def in_order(probes: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return probes by outcome, severity and id."""
    order = list(OUTCOMES)
    return sorted(
        probes,
        key=lambda one: (
            order.index(outcome_of(one)),
            SEVERITIES.index(severity_of(one)),
            str(one.get("id")),
        ),
    )


def contradicted(host: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the results of a host that an attack contradicts, worst first."""
    rows = [row for row in host["results"] if (row.get("attack") or {}).get("stance") == CONTRADICTED]
    return sorted(rows, key=lambda row: SEVERITIES.index(severity_of(row)))


def proofs(result: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the probes of a result that succeeded."""
    rows = (result.get("attack") or {}).get("probes") or ()
    return [one for one in rows if outcome_of(one) == "succeeded"]


def about(probe: Mapping[str, Any]) -> str:
    """Name what would stop a probe: controls of the host, controls of a container, roles."""
    parts = [*(probe.get("slugs") or ()), *(probe.get("roles") or ())]
    own = [f"{slug} (per container)" for slug in probe.get("per_container") or ()]
    return ", ".join(dict.fromkeys([*parts, *own]))
