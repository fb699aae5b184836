"""The audit: evidence in, report out. Pure: time, evidence and choices are arguments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from hullguard import __version__
from hullguard.catalogue import SEVERITIES, Benchmark, Control, Profile, load_controls
from hullguard.effective import member
from hullguard.evaluate import HostContext, judge
from hullguard.verdict import FAIL, UNKNOWN, VERDICTS, Result
from hullguard.waivers import Waiver, apply

SCHEMA = "hullguard/report/1"
# Exit codes by worst failing severity; 0 is clean, 1 the tool failed, 2 wrong usage.
EXIT_CODES = {"low": 10, "medium": 11, "high": 12, "critical": 13}
EXIT_UNKNOWN = 10


@dataclass(frozen=True, slots=True)
class Plan:
    """What is judged, by which measure."""

    benchmark: Benchmark
    profile: Profile
    controls: Mapping[str, Control]
    waivers: Sequence[Waiver] = field(default=())
    today: date = date.max
    # Filled while judging, for those that covered nothing are worth a word.
    used: set[Waiver] = field(default_factory=set, compare=False)

    @classmethod
    def make(
        cls, benchmark: Benchmark, profile: Profile, waivers: Sequence[Waiver] = (), today: date = date.max
    ) -> Plan:
        """Return the plan with the controls that the profile selects from the benchmark, and those
        it adds.
        """
        slugs = [entry.slug for entry in benchmark.entries if profile.selects(entry)]
        extra = sorted(profile.enable - set(slugs))
        return cls(benchmark, profile, load_controls([*slugs, *extra]), waivers, today)

    def numbered(self) -> list[tuple[str, int | None, Control]]:
        """Return (number, level, control) in the benchmark's order; controls outside of it come last,
        unnumbered.
        """
        rows = [
            (entry.number, entry.level, self.controls[entry.slug])
            for entry in self.benchmark.entries
            if entry.slug in self.controls
        ]
        inside = {control.id for _number, _level, control in rows}
        return rows + [
            ("", None, control) for slug, control in sorted(self.controls.items()) if slug not in inside
        ]


def results(evidence: Mapping[str, Any], plan: Plan) -> list[Result]:
    """Return one result per control for one host's evidence."""
    host, name = HostContext(evidence, plan.profile.params), str(evidence["host"]["name"])
    found = []
    for number, level, control in plan.numbered():
        verdict, waiver = apply(judge(control, host), control.id, name, plan.waivers, plan.today, plan.used)
        found.append(
            Result(
                id=control.id,
                number=number,
                title=control.title,
                family=control.family,
                severity=control.severity,
                level=level,
                verdict=verdict.verdict,
                reason=verdict.reason,
                objects=tuple(sorted(set(verdict.objects))),
                why=control.why,
                fix=control.fix_text,
                fixed_by=control.fixed_by,
                breaks=control.breaks,
                waiver=waiver,
            )
        )
    return found


def host_report(evidence: Mapping[str, Any], plan: Plan) -> dict[str, Any]:
    """Return the part of a report that is about one host."""
    rows = results(evidence, plan)
    engines = evidence.get("engines")
    versions = [
        member(engine, "info", "ServerVersion") for engine in (engines if isinstance(engines, list) else [])
    ]
    system = evidence["host"].get("os")
    errors = evidence.get("errors")
    return {
        "name": str(evidence["host"]["name"]),
        "collected_at": str(evidence["collected_at"]),
        "engine": ", ".join(version for version in versions if isinstance(version, str)) or None,
        "os": str(system.get("pretty_name") or "") if isinstance(system, Mapping) else "",
        "errors": [
            {"what": str(row.get("what", "")), "reason": str(row.get("reason", ""))}
            for row in (errors if isinstance(errors, list) else [])
            if isinstance(row, Mapping)
        ],
        "summary": {verdict: sum(row.verdict == verdict for row in rows) for verdict in VERDICTS},
        "results": [asdict(row) for row in rows],
    }


def report(
    documents: Iterable[Mapping[str, Any]],
    plan: Plan,
    generated_at: str,
    progress: Callable[[str], None] = lambda _host: None,
) -> dict[str, Any]:
    """Return the whole report, JSON-ready, of schema hullguard/report/1.

    `generated_at` is an ISO 8601 time.
    """
    hosts = []
    for evidence in documents:
        progress(str(evidence["host"]["name"]))
        hosts.append(host_report(evidence, plan))
    return {
        "schema": SCHEMA,
        "tool": {"name": "hullguard", "version": __version__},
        "generated_at": generated_at,
        "benchmark": {"name": plan.benchmark.name, "title": plan.benchmark.title},
        "profile": plan.profile.name,
        "hosts": sorted(hosts, key=lambda host: host["name"]),
        "findings": [],
    }


def exit_code(document: Mapping[str, Any], fail_on: str | None, *, strict: bool) -> int:
    """Return the exit code of a report: by the worst fail or finding at or above `fail_on`; unknown verdicts
    and scanners whose answer is unknown count under `strict`.

    What is waived does not count, nor does a vulnerability that the policy leaves time for.
    """
    rows = [row for host in document["hosts"] for row in host["results"]]
    failing = {row["severity"] for row in rows if row["verdict"] == FAIL}
    failing |= {row["severity"] for row in document.get("findings", []) if counts(row)}
    threshold = SEVERITIES.index(fail_on) if fail_on else len(SEVERITIES)
    counted = [severity for severity in SEVERITIES[threshold:] if severity in failing]
    if counted:
        return EXIT_CODES[counted[-1]]
    unseen = any(row["verdict"] == UNKNOWN for row in rows)
    unseen |= any(row["status"] == "unknown" or row.get("unseen") for row in document.get("scans", []))
    return EXIT_UNKNOWN if strict and unseen else 0


def counts(finding: Mapping[str, Any]) -> bool:
    """Return whether a finding, as it stands in a report, is one that a gate stops for."""
    due = finding.get("due")
    return not finding.get("waiver") and (not due or due["state"] == "breach")
