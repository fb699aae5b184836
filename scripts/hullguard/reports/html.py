"""The HTML format: one self-contained page that can be filed, printed and read on a phone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from hullguard.diff import one_host
from hullguard.reports import attacks, html_findings, vocabulary
from hullguard.reports.drifted import drifted
from hullguard.reports.page import page
from hullguard.reports.sanitize import anchor
from hullguard.reports.vocabulary import CHANGES, VERDICTS, is_audited, ordered, tally

if TYPE_CHECKING:
    from hullguard.reports import Diff, Options, Report

# A narrower part of a bar, in percent, has no room for its number; the text beside the bar has it.
LABEL_SHARE = 7.0


NO_HOST: Mapping[str, Any] = {"engine": None, "os": None, "collected_at": None, "errors": [], "results": []}
NO_RESULT: Mapping[str, Any] = dict.fromkeys(
    ("number", "level", "family", "why", "fix", "fixed_by", "breaks", "waiver")
)


def write(report: Report, stream: TextIO, options: Options) -> None:
    """Write one report, with what changed since ``options.before``."""
    stream.write(render(report, options.before))


def write_diff(diff: Diff, stream: TextIO, options: Options) -> None:
    """Write what changed between two reports."""
    stream.write(render_diff(diff))


def render(report: Report, before: Report | None = None) -> str:
    """The page of a report; with an earlier one, also what changed since."""
    report = ordered(report)
    earlier_hosts = _paired(before, report) if before else {}
    diffs = _diffs(earlier_hosts, report) if before else {}
    hosts = [
        _host(position, host, diffs.get(str(host["name"])))
        for position, host in enumerate(report["hosts"], 1)
    ]
    for view in hosts:
        earlier = earlier_hosts.get(view["name"], NO_HOST)["results"]
        view["families"] = _family_views(
            view, {f: tally(r) for f, r in vocabulary.by_family(earlier).items()}
        )
    counts = tally(result for host in report["hosts"] for result in host["results"])
    scanned = html_findings.view(report)
    found = scanned["filters"] if scanned else {}
    return page(
        "report.html.j2",
        report=report,
        hosts=hosts,
        scanned=scanned,
        filters={verdict: count + found.get(verdict, 0) for verdict, count in counts.items()},
        earlier=_run(before) if before else None,
        counts=counts,
        counts_before=_earlier_counts(diffs),
        missing=sorted(set(earlier_hosts) - {host["name"] for host in hosts}),
        times=_times(report["hosts"]),
    )


def render_diff(diff: Diff) -> str:
    """The page of a diff."""
    diff = ordered(diff)
    hosts = [
        {
            **host,
            "anchor": anchor(position),
            "groups": _change_groups(host),
            "drifted": drifted(host, diff["before"].get("collected_at")),
        }
        for position, host in enumerate(diff["hosts"], 1)
    ]
    totals = {kind: sum(len(host["groups"].get(kind, [])) for host in hosts) for kind in CHANGES}
    return page("diff.html.j2", diff=diff, hosts=hosts, totals=totals)


def _host(position: int, host: Mapping[str, Any], diff: Mapping[str, Any] | None) -> dict[str, Any]:
    seen: set[str] = set()
    results = []
    for result in host["results"]:
        identifier = anchor(position, result.get("id"))
        if identifier in seen:
            identifier = f"{identifier}-{len(seen)}"
        seen.add(identifier)
        results.append(
            {
                **NO_RESULT,
                **result,
                "anchor": identifier,
                "verdict": vocabulary.verdict_of(result),
                "severity": vocabulary.severity_of(result),
            }
        )
    return {
        **NO_HOST,
        **host,
        "name": str(host["name"]),
        "anchor": anchor(position),
        "audited": is_audited(host),
        "results": results,
        "counts": tally(results),
        "links": {result["id"]: result["anchor"] for result in results},
        "contradicted": attacks.contradicted({"results": results}),
        "probes": [{**probe, "about": attacks.about(probe)} for probe in attacks.probes_of(host)],
        "attack_counts": attacks.counts_of(attacks.probes_of(host)),
        "diff": {**diff, "groups": _change_groups(diff)} if diff else None,
    }


def _family_views(host: Mapping[str, Any], before: Mapping[str, Mapping[str, int]]) -> list[dict[str, Any]]:
    views = []
    for position, (family, results) in enumerate(vocabulary.by_family(host["results"]).items()):
        counts = tally(results)
        views.append(
            {
                "anchor": f"{host['anchor']}-family-{position}",
                "key": family,
                "title": vocabulary.family_title(family),
                "results": results,
                "counts": counts,
                "bar": bar(counts),
                "before": bar(before[family]) if family in before else None,
                "before_counts": before.get(family),
            }
        )
    return views


def bar(counts: Mapping[str, int]) -> list[dict[str, Any]]:
    """The parts of a stacked bar, in percent of its width."""
    total = sum(counts.values()) or 1
    parts: list[dict[str, Any]] = []
    start = 0.0
    for verdict in VERDICTS:
        if count := counts.get(verdict, 0):
            width = 100 * count / total
            parts.append(
                {
                    "verdict": verdict,
                    "count": count if width >= LABEL_SHARE else "",
                    "x": f"{start:.2f}%",
                    "width": f"{width:.2f}%",
                    "middle": f"{start + width / 2:.2f}%",
                }
            )
            start += width
    return parts


def _paired(before: Report, report: Report) -> dict[str, Mapping[str, Any]]:
    """The earlier hosts by name; a single host on each side is the same host, as in ``hullguard.diff``."""
    names = [str(host["name"]) for host in report["hosts"]]
    if len(before["hosts"]) == len(names) == 1:
        return {names[0]: before["hosts"][0]}
    return {str(host["name"]): host for host in before["hosts"]}


def _diffs(before: Mapping[str, Mapping[str, Any]], report: Report) -> dict[str, dict[str, Any]]:
    """What changed per host; a host that gave no evidence counts as absent, or it would look unchanged."""
    old = {name: host for name, host in before.items() if is_audited(host)}
    new = {str(host["name"]): host for host in report["hosts"] if is_audited(host)}
    return {name: one_host(name, old.get(name), new.get(name)) for name in sorted({*old, *new})}


def _change_groups(diff: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in CHANGES}
    for change in diff["changes"]:
        kind = change["kind"] if change["kind"] in CHANGES else "changed"
        verdicts = {key: vocabulary.verdict_of({"verdict": change[key]}) for key in ("before", "after")}
        groups[kind].append({**change, **verdicts, "severity": vocabulary.severity_of(change)})
    return {
        kind: sorted(group, key=lambda c: vocabulary.number_key(c["number"]))
        for kind, group in groups.items()
    }


def _earlier_counts(diffs: Mapping[str, Mapping[str, Any]]) -> dict[str, int] | None:
    """The earlier totals, unless the two reports saw different hosts: then the totals do not compare."""
    if not diffs or any(diff["only_in"] for diff in diffs.values()):
        return None
    return {verdict: sum(diff["summary_before"][verdict] for diff in diffs.values()) for verdict in VERDICTS}


def _run(report: Report) -> dict[str, Any]:
    return {
        "collected_at": _times(report["hosts"]),
        "benchmark": report["benchmark"]["title"],
        "profile": report["profile"],
    }


def _times(hosts: Iterable[Mapping[str, Any]]) -> str:
    times = sorted({vocabulary.moment(host["collected_at"]) for host in hosts if host.get("collected_at")})
    if len(times) < 2:
        return "".join(times) or "never"
    return f"{times[0]} to {times[-1]}"
