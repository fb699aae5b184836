"""What Trivy's JSON report (SchemaVersion 2) says, as findings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hullguard.scanners.base import DIR, DOCKERFILE, IMAGE, SBOM, TAR, Ran, Rubbish, Target, Tool
from hullguard.scanners.finding import (
    ASSUMED,
    LICENSE,
    MISCONFIGURATION,
    SECRET,
    VULNERABILITY,
    Finding,
    Location,
    Package,
    severity,
)
from hullguard.scanners.image_parts import mapping, rows, subject, text, urls, without

# Numbers of its Dockerfile checks: DS-0002 is DS002 or AVD-DS-0002 in older releases.
CONTROLS = {
    2: "image_user",
    5: "copy_not_add",
    17: "lone_package_update",
    26: "image_healthcheck",
    31: "image_secrets",
}
TYPES = {IMAGE: ("container_image",), TAR: ("container_image",), SBOM: ("cyclonedx", "spdx")}
# Values of the environment, build arguments, lines of files, instructions with passwords in addresses.
DROPPED = frozenset({"ImageConfig", "Code", "Match", "CreatedBy", "Message", "RenderedCause"})
PACKAGES = ("os-pkgs", "lang-pkgs")
_UNREAD = re.compile(r'Failed to parse file\s+file_path="((?:[^"\\]|\\.)+)"')


@dataclass(frozen=True, slots=True)
class _Report:
    target: Target
    tool: Tool
    artifact: str
    system: str

    def finding(self, rule: str, title: str, kind: str, **more: Any) -> Finding:
        more.setdefault("severity", ASSUMED)
        return Finding(
            rule, title, kind=kind, tool=self.tool.name, tool_version=self.tool.version,
            digest=self.target.digest, **more,
        )  # fmt: skip

    def unchecked(self, what: str, title: str, detail: str = "", place: Location | None = None) -> Finding:
        about = self.target if place is None else Target(self.target.kind, place.path)
        return self.finding(
            f"unchecked-{what}", title, MISCONFIGURATION, object=subject(about, detail), location=place
        )

    def inside(self, result: Mapping[str, Any]) -> str:
        """Return where in the target a result is from; "" for the target itself, whose name may be a path."""
        name = text(result, "Target")
        return "" if name == self.artifact or name.startswith(f"{self.artifact} (") else name

    def about(self, inside: str, detail: str, line: int = 0, end: int = 0) -> dict[str, Any]:
        """Return a finding's object and its place, if it has one that a person can open."""
        if self.target.kind == DIR and inside:
            return {
                "object": subject(Target(DIR, inside), detail),
                "location": Location(inside, line, end),
            }
        if self.target.kind == DOCKERFILE:
            return {"object": subject(self.target), "location": Location(self.target.name, line, end)}
        return {"object": subject(self.target, ": ".join(part for part in (inside, detail) if part))}


def findings(ran: Ran, target: Target, tool: Tool) -> Iterator[Finding]:
    """Return what the report says. Raises Rubbish, KeyError or TypeError when it is none."""
    data = mapping(ran.answer)
    if data["SchemaVersion"] != 2:
        raise Rubbish(f"its report has schema {data['SchemaVersion']!r}, not 2")
    kind = text(data, "ArtifactType")
    if kind not in TYPES.get(target.kind, ("filesystem", "repository")):
        raise Rubbish(f"its report is about another thing: {kind[:40]!r}")
    system = (data.get("Metadata") or {}).get("OS") or {}
    words = " ".join(str(system[key]) for key in ("Family", "Name") if system.get(key))
    report = _Report(target, tool, text(data, "ArtifactName"), words)
    results = rows(data, "Results")
    for result in results:
        yield from _result(report, result)
    yield from _left_out(report, results, system)
    if target.kind == DIR:
        for path in dict.fromkeys(_UNREAD.findall(ran.said)):
            place = Location(path.replace('\\"', '"'))
            yield report.unchecked(
                "file", "Trivy could not read this file and judged nothing of it", "", place
            )


def kept(ran: Ran) -> bytes:
    """Return the report without what may be secret."""
    return json.dumps(without(mapping(ran.answer), DROPPED), indent=1).encode()


def _result(report: _Report, result: Mapping[str, Any]) -> Iterator[Finding]:
    inside = report.inside(result)
    for row in rows(result, "Vulnerabilities"):
        yield _vulnerability(report, inside, row)
    for row in rows(result, "Misconfigurations"):
        if row["Status"] != "PASS":
            yield _misconfiguration(report, inside, row)
    for row in rows(result, "Secrets"):
        yield _secret(report, inside, row)
    for row in rows(result, "Licenses"):
        yield _license(report, inside, row)


def _vulnerability(report: _Report, inside: str, row: Mapping[str, Any]) -> Finding:
    package = Package(text(row, "PkgName"), text(row, "InstalledVersion"), row.get("FixedVersion") or "")
    rule = text(row, "VulnerabilityID")
    place = report.about(row.get("PkgPath") or inside, "" if inside else report.system)
    return report.finding(
        rule, row.get("Title") or rule, VULNERABILITY,
        severity=severity(text(row, "Severity")), tool_severity=row["Severity"], package=package,
        fix=f"Update {package.name} to {package.fixed}." if package.fixed else "",
        references=urls([row.get("PrimaryURL")], rows(row, "References")), **place,
    )  # fmt: skip


def _misconfiguration(report: _Report, inside: str, row: Mapping[str, Any]) -> Finding:
    # Its message is left out: it may quote an instruction with a password in it.
    rule, cause = text(row, "ID"), row.get("CauseMetadata") or {}
    line, end = int(cause.get("StartLine") or 0), int(cause.get("EndLine") or 0)
    detail = ""
    if report.target.kind in (IMAGE, TAR) and not inside:
        detail = f"configuration, step {line}" if line else "configuration"
    number = re.fullmatch(r"(?:AVD-)?DS-?(\d{3,4})", rule)
    return report.finding(
        rule, text(row, "Title"), MISCONFIGURATION,
        severity=severity(text(row, "Severity")), tool_severity=row["Severity"],
        fix=row.get("Resolution") or "", references=urls([row.get("PrimaryURL")], rows(row, "References")),
        control=CONTROLS.get(int(number[1])) if number else None,
        **report.about(inside, detail, line, end),
    )  # fmt: skip


def _secret(report: _Report, inside: str, row: Mapping[str, Any]) -> Finding:
    line, end = int(row["StartLine"]), int(row["EndLine"])
    image = report.target.kind in (IMAGE, TAR)
    where = inside or ("configuration" if image else "")
    place = report.about(where, f"line {line}" if image and inside else "", line, end)
    return report.finding(
        text(row, "RuleID"), text(row, "Title"), SECRET,
        severity=severity(text(row, "Severity")), tool_severity=row["Severity"],
        fix="Replace the secret at its issuer, then remove it from the file and from the history.",
        control="image_secrets" if image else None, **place,
    )  # fmt: skip


def _license(report: _Report, inside: str, row: Mapping[str, Any]) -> Finding:
    name, package = text(row, "Name"), row.get("PkgName") or ""
    path = row.get("FilePath") or ("" if package else inside)
    return report.finding(
        name, f"License {name} ({row.get('Category') or 'unknown'})", LICENSE,
        severity=severity(text(row, "Severity")), tool_severity=row["Severity"],
        references=urls([row.get("Link")]), package=Package(package, "") if package else None,
        **report.about(path, ""),
    )  # fmt: skip


def _left_out(report: _Report, results: list[Any], system: Mapping[str, Any]) -> Iterator[Finding]:
    """Return what was to be judged and was not, though the tool ended well."""
    kind = report.target.kind
    read = [row for row in results if row.get("Class") == "config"]
    if kind == DOCKERFILE and not read:
        raise Rubbish("it could not read the file and judged nothing")
    if kind in (DIR, DOCKERFILE):
        return
    packages = [p for row in results if row.get("Class") in PACKAGES for p in rows(row, "Packages")]
    if not packages or system.get("Family") == "none":
        title = "No packages of a system were recognised here: their vulnerabilities are unknown"
        yield report.unchecked("packages", title)
    if system.get("EOSL"):
        title = f"{report.system} gets no security updates any more: few of its vulnerabilities are known"
        yield report.finding("end-of-life", title, MISCONFIGURATION, object=subject(report.target))
    if kind != SBOM and not any(row.get("Type") == "dockerfile" for row in read):
        title = "The image's history can't be read: its configuration (user, health check) was not judged"
        yield report.unchecked("configuration", title)
    if strange := [p for p in packages if _other_source(p)]:
        title = "The SBOM names these packages' source in a way that Trivy does not read: it misses findings"
        names = [str(package.get("Name")) for package in strange]
        more = [f"{len(names) - 5} more"] if len(names) > 5 else []
        yield report.unchecked("sources", title, ", ".join([*names[:5], *more]))


def _other_source(package: Mapping[str, Any]) -> bool:
    """Tell whether a package's own SBOM entry names a source package that Trivy did not take over."""
    purl = (package.get("Identifier") or {}).get("PURL") or ""
    told = re.search(r"[?&]upstream=([^&@]+)", purl)
    return told is not None and told[1] not in (package.get("SrcName"), package.get("Name"))
