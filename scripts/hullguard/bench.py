"""docker-bench-security's verdicts beside ours. Pure but for the known differences, which are data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from hullguard import yamlfile
from hullguard.catalogue import load_benchmark, load_controls, natural
from hullguard.paths import compliance_dir
from hullguard.scanners.docker_bench import BENCHMARK, INFO, NOTE, PASS, WARN, Check
from hullguard.verdict import FAIL, MANUAL, NOT_APPLICABLE, WAIVED
from hullguard.verdict import PASS as PASSED

SCHEMA = "hullguard/bench/1"
NEWER = "cis_docker_1_8_0"
NONE = "none"
SAME, KNOWN, UNEXPLAINED, ALONE = "same", "known", "unexplained", "alone"
STATES = {
    SAME: "both say the same",
    KNOWN: "they differ for a known reason",
    UNEXPLAINED: "they differ, and nobody knows why yet",
    ALONE: "the profile leaves the control out",
}
# What says the same in other words. A host that does not have a thing gets a PASS or an INFO for it.
_SAME = {
    (WARN, FAIL), (PASS, PASSED), (PASS, NOT_APPLICABLE), (NOTE, MANUAL), (NOTE, NOT_APPLICABLE),
    (INFO, MANUAL), (INFO, NOT_APPLICABLE), (NONE, NOT_APPLICABLE),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Difference:
    """A known difference; `theirs` and `ours` are the words that it explains. `seen` is for the table."""

    controls: tuple[str, ...]
    theirs: tuple[str, ...]
    ours: tuple[str, ...]
    why: str
    seen: Mapping[str, str]
    stopped: bool = False

    def covers(self, row: Row, running: frozenset[str]) -> bool:
        """Return whether it explains a row; `running` are the names of running containers."""
        if self.stopped and (not row.containers or set(row.containers) & running):
            return False
        return row.theirs in self.theirs and row.ours in self.ours and self.names(row.slug)

    def names(self, slug: str) -> bool:
        """Return whether it speaks of a control."""
        return any(fnmatchcase(slug, pattern) for pattern in self.controls)


@dataclass(frozen=True, slots=True)
class Row:
    """One control: their word and ours. `containers` are those that we name, where all objects are such."""

    slug: str
    number: str
    newer: str
    title: str
    theirs: str
    ours: str
    details: str = ""
    reason: str = ""
    containers: tuple[str, ...] = ()
    state: str = ""
    why: str = ""

    def shown(self) -> dict[str, str]:
        """Return the row as it stands in JSON."""
        return {
            "id": self.slug, "number": self.number, "number_1_8_0": self.newer, "title": self.title,
            "docker_bench": self.theirs, "details": self.details,
            "hullguard": self.ours, "reason": self.reason,
            "agreement": self.state, "why": self.why,
        }  # fmt: skip


def differences() -> list[Difference]:
    """Return the known differences, in order: the first that covers a row counts."""
    path = compliance_dir() / "docs" / "docker-bench-differences.yml"
    found = []
    for raw in yamlfile.validated(path, "bench_differences")["differences"]:
        lists = {key: tuple(raw[key]) for key in ("controls", "theirs", "ours")}
        found.append(
            Difference(**lists, why=raw["why"].strip(), seen=raw.get("seen", {}), stopped="stopped" in raw)
        )
    return found


def compare(
    checks: Mapping[str, Check],
    results: Iterable[Mapping[str, Any]],
    known: Iterable[Difference],
    running: frozenset[str] = frozenset(),
) -> list[Row]:
    """Return one row per control of CIS 1.6.0, by number.

    `results` are one host's, of a report; `running` are the names of its running containers.
    """
    ours = {row["id"]: row for row in results}
    explained = list(known)
    found = []
    for row in rows(checks):
        result = ours.get(row.slug)
        if result is None:
            found.append(replace(row, state=ALONE))
            continue
        verdict = FAIL if result["verdict"] == WAIVED else result["verdict"]
        named = result["objects"]
        containers = tuple(o["name"] for o in named) if all(o["kind"] == "container" for o in named) else ()
        row = replace(row, ours=verdict, reason=result["reason"], containers=containers)
        if (row.theirs, row.ours) in _SAME:
            found.append(replace(row, state=SAME))
            continue
        why = next((one.why for one in explained if one.covers(row, running)), None)
        found.append(replace(row, state=KNOWN if why else UNEXPLAINED, why=why or ""))
    return found


def rows(checks: Mapping[str, Check]) -> list[Row]:
    """Return docker-bench-security's word on every control of CIS 1.6.0, with 1.8.0's number."""
    entries = load_benchmark(BENCHMARK).entries
    newer = {entry.slug: entry.number for entry in load_benchmark(NEWER).entries}
    controls = load_controls(entry.slug for entry in entries)
    found = []
    for entry in sorted(entries, key=lambda one: natural(one.number)):
        check = checks.get(entry.number)
        title, number = controls[entry.slug].title, newer.get(entry.slug, "")
        theirs, details = (check.result, check.details) if check else (NONE, "")
        found.append(Row(entry.slug, entry.number, number, title, theirs, "", details))
    return found


def running(evidence: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the containers that run, from a host's evidence."""
    found = set()
    for engine in evidence.get("engines") or []:
        for container in engine.get("containers") or []:
            if isinstance(container, Mapping) and (container.get("State") or {}).get("Running"):
                found.add(str(container.get("Name", "")).removeprefix("/"))
    return frozenset(found)


def table() -> list[tuple[str, ...]]:
    """Return the known differences as rows of a table: number, control, theirs, ours, why."""
    entries = load_benchmark(BENCHMARK).entries
    found: list[tuple[str, ...]] = []
    for one in differences():
        fits = [entry for entry in entries if one.names(entry.slug)]
        numbers = one.seen.get("number") or ", ".join(entry.number for entry in fits)
        theirs = one.seen.get("theirs") or " or ".join(one.theirs)
        ours = one.seen.get("ours") or " or ".join(one.ours).replace("_", " ")
        names = ", ".join(one.controls) if one.controls != ("*",) else "all of containers"
        found.append((numbers, names.replace("*", "\\*"), theirs, ours, one.why))
    return found
