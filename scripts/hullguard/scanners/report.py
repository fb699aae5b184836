"""From scans to a report: waivers, the vulnerability policy, and what must not look like "nothing found"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from hullguard import __version__, first_seen, vulnerabilities
from hullguard import waivers as accepted
from hullguard.audit import SCHEMA
from hullguard.catalogue import DEFAULT_BENCHMARK, DEFAULT_PROFILE, load_benchmark
from hullguard.errors import HullguardError, InputError
from hullguard.scanners import scan
from hullguard.scanners.finding import Finding, Location, fingerprinted, to_json
from hullguard.scanners.targets import created
from hullguard.spec.dockerfile import Instruction, bases

# These list what there is, and never find anything.
INVENTORIES = frozenset({"syft"})


@dataclass
class Measure:
    """By what findings are judged; `notes` collects what has to be said beside the report."""

    waivers: Sequence[accepted.Waiver]
    policy: vulnerabilities.Policy | None
    seen: Path | None
    today: date
    host: str = ""
    notes: list[str] = field(default_factory=list)

    @classmethod
    def make(
        cls,
        waivers: Path | None,
        policy: Path | None,
        exploited: Path | None,
        seen: Path | None,
        today: date,
        host: str = "",
    ) -> Measure:
        """Return it from files; `default` is our own policy. Raises InputError."""
        for name, given in (("--first-seen", seen), ("--exploited", exploited)):
            if given and not policy:
                raise InputError(f"{name} is for --policy, which was not given.")
        file = None if policy == Path("default") else policy
        chosen = vulnerabilities.load(file, exploited) if policy else None
        return cls(accepted.load(waivers, today) if waivers else [], chosen, seen, today, host)

    def judge(self, findings: list[Finding]) -> list[Finding]:
        """Return the findings with what waivers and policy say of them. Raises HullguardError."""
        judged = accepted.apply_findings(findings, self.waivers, self.today, self.host)
        self.notes += accepted.reported(self.waivers, judged, self.today, self.host)
        if self.policy is None:
            return judged
        if self.seen is None:
            self.notes.append("without --first-seen every term begins today, and nothing is ever late")
        seen = first_seen.remember(self.seen, judged, self.today) if self.seen else {}
        return vulnerabilities.judge(judged, self.policy, self.today, seen)

    def bases(self, path: str, instructions: Sequence[Instruction]) -> list[Finding]:
        """Return what the policy says of the images that a Dockerfile builds on; the local engine tells their
        age.
        """
        if self.policy is None:
            return []
        used = bases(instructions)
        known = created(name for name, _ in used if name)
        return [
            replace(finding, location=Location(path, line, line))
            for name, line in used
            for finding in vulnerabilities.base_images(
                known.get(name or "", ""), [name] if name else [], self.policy, self.today
            )
        ]


def make(scans: Sequence[scan.Scan], measure: Measure, generated_at: str, *, raw: bool) -> dict[str, Any]:
    """Return the report, JSON-ready, of schema hullguard/report/1; `raw`: raw output is kept."""
    benchmark = load_benchmark(DEFAULT_BENCHMARK)
    findings = measure.judge(fingerprinted(finding for one in scans for finding in one.findings))
    return {
        "schema": SCHEMA,
        "tool": {"name": "hullguard", "version": __version__},
        "generated_at": generated_at,
        "benchmark": {"name": benchmark.name, "title": benchmark.title},
        "profile": DEFAULT_PROFILE,
        "hosts": [],
        "findings": [to_json(finding) for finding in findings],
        "scans": scan.rows(scans, raw=raw),
    }


def raw_folder(given: Path | None, output: Path | None) -> Path | None:
    """Return (and make, mode 0700) the folder for raw output: the given one, or `NAME.raw` beside the report.

    Raises InputError.
    """
    folder = given or (output.with_name(output.name + ".raw") if output else None)
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700, parents=given is not None, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: can't be made: {error.strerror}.") from None
    return folder


def in_words(one: scan.Scan) -> str:
    """Return what came of a scan, for the progress display."""
    if one.status == scan.RAN:
        return f"{len(one.findings)} findings" + (" (remembered)" if one.cached else "")
    return f"{one.status.replace('_', ' ')}: {one.reason}"


def refuse_nothing(scans: Sequence[scan.Scan], asked: tuple[str, ...]) -> None:
    """Refuse to give a result when nobody looked, or a scanner that was asked for by name is not here.

    Raises HullguardError.
    """
    absent = {one.tool: one for one in scans if one.status == scan.NOT_RUN}
    if missing := sorted(set(asked) & set(absent)):
        words = "; ".join(f"{absent[name].reason}: {absent[name].get}" for name in missing)
        raise HullguardError(f"{words}")
    if not any(
        one.status == scan.RAN and (one.tool not in INVENTORIES or one.tool in asked) for one in scans
    ):
        words = "; ".join(sorted({f"{one.tool}: {one.reason}" for one in scans if one.reason}))
        hint = " `./nox -s tools` gets those that can be had." if absent else ""
        raise HullguardError(f"No scanner could look: {words}.{hint}")
