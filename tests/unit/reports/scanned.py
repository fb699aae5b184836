"""A report with everything that scanners can bring: every state, severity and kind, and scans that failed."""

from __future__ import annotations

import hashlib
from copy import deepcopy
from typing import Any

from hullguard.scanners.finding import Finding, Location, Package, fingerprinted, to_json
from hullguard.verdict import Object

IMAGE = Object("image", "registry.example.org/billing:1.4")
DOCKERFILE = Object("file", "app/Dockerfile")
DIGEST = "sha256:" + "4f" * 32
WAIVER = {
    "reason": "The code path is switched off",
    "owner": "billing",
    "approver": "D. Marsh",
    "expires": "2027-01-31",
}
BREACH = {"state": "breach", "by": "2026-09-20", "days": -12, "reason": "critical: 7 days to fix"}
DUE = {"state": "due", "by": "2026-10-30", "days": 28, "reason": "high: 30 days to fix"}
FINE = {"state": "fine", "by": None, "days": None, "reason": "low: no day is set"}
IGNORED = {"state": "ignored", "by": None, "days": None, "reason": "no fixed version is known"}


def _vulnerability(number: int, severity: str, fixed: str = "", **more: Any) -> Finding:
    return Finding(
        id=f"CVE-2026-{number}", title=f"A parser reads past its buffer ({number})", severity=severity,
        kind="vulnerability", object=IMAGE, tool="trivy", tool_version="0.76.0",
        tool_severity=severity.upper(), package=Package("libssl3", "3.0.1-1", fixed), digest=DIGEST,
        fix=f"Install libssl3 {fixed}." if fixed else "",
        references=(f"https://security.example.org/CVE-2026-{number}",), **more,
    )  # fmt: skip


def findings() -> list[dict[str, Any]]:
    """As a report holds them: worst first, with fingerprints."""
    found = [
        _vulnerability(1001, "critical", "3.0.2-1", due=BREACH),
        _vulnerability(1002, "high", "3.0.2-1", due=DUE),
        _vulnerability(1003, "high", "3.0.2-1", waiver=WAIVER, due=DUE),
        _vulnerability(1004, "low", due=FINE),
        _vulnerability(1005, "medium", due=IGNORED),
        Finding(
            id="DL3002", title="Last user should not be root", severity="medium", kind="misconfiguration",
            object=DOCKERFILE, tool="hadolint", tool_version="2.15.1", tool_severity="warning",
            location=Location("app/Dockerfile", 7, 7), fix="Add a USER line.", control="image_user",
            references=("https://lint.example.org/DL3002",),
        ),
        Finding(
            id="generic-api-key", title="A key in clear", severity="high", kind="secret",
            object=DOCKERFILE, tool="gitleaks", tool_version="8.16.0",
            location=Location("app/Dockerfile", 12),
        ),
    ]  # fmt: skip
    # Fingerprints of their own: what a report looks like does not hang on how they are made.
    prints = {finding.id: hashlib.sha256(finding.id.encode()).hexdigest() for finding in found}
    return [{**to_json(finding), "fingerprint": prints[finding.id]} for finding in fingerprinted(found)]


def _scan(tool: str, kind: str, name: str, status: str, **more: Any) -> dict[str, Any]:
    target = {"kind": kind, "name": name, "digest": DIGEST if kind == "image" else ""}
    nothing = {"version": "", "reason": "", "get": "", "cached": False, "findings": 0, "raw": ""}
    return {"tool": tool, "target": target, "status": status, **nothing, **more}


def scans() -> list[dict[str, Any]]:
    """Sorted by target and tool, as a report holds them."""
    return [
        _scan("gitleaks", "dir", "app", "ran", version="8.16.0", findings=1),
        _scan("hadolint", "dockerfile", "app/Dockerfile", "ran", version="2.15.1", findings=1, cached=True),
        _scan("grype", "image", IMAGE.name, "not_run", reason="grype is not here", get="See its project."),
        _scan("syft", "image", IMAGE.name, "ran", version="1.18.1"),
        _scan("trivy", "image", IMAGE.name, "ran", version="0.76.0", findings=5),
        _scan("trivy", "image", "scratch:2", "unknown", version="0.76.0", reason="did not end within 300 s"),
        _scan("cosign", "image", IMAGE.name, "unknown", reason="its version is unknown: it said nothing"),
    ]


def added(report: dict[str, Any]) -> dict[str, Any]:
    """The same report with findings and scans."""
    return {**deepcopy(report), "findings": findings(), "scans": scans()}
