"""From decisions to the report that every format and gate reads."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from hullguard.audit import EXIT_CODES
from hullguard.scanners import report, scan
from hullguard.scanners.base import IMAGE, Target
from hullguard.scanners.finding import SIGNATURE, Finding, fingerprinted
from hullguard.trust.decide import ACCEPTED, MISSING, NOT_REQUIRED, REFUSED, UNKNOWN, Decision
from hullguard.verdict import Object

SEVERITY = "high"
_STATUS = {
    ACCEPTED: scan.RAN,
    NOT_REQUIRED: scan.RAN,
    REFUSED: scan.RAN,
    UNKNOWN: scan.UNKNOWN,
    MISSING: scan.NOT_RUN,
}
FIXES = {
    "registry": "Take it from a registry that the policy names, or have that registry added.",
    "no-rule": "Add a rule that says who has to sign it, or verify without --strict.",
    "tag": "Name it by the digest that was reviewed.",
    "unsigned": "Find out where this image comes from; sign the right one by its digest.",
    "wrong-key": "Find out who signed this image; have the right one sign the right image by its digest.",
    "expired": "Have this image looked at again and signed anew, or take a newer one.",
    "wrong-digest": "Find out who put that signature there; sign the right image by its digest.",
    "attestation": "Have the pipeline that builds it attest it with the same key.",
}


def make(decisions: Iterable[Decision], generated_at: str, today: date) -> dict[str, Any]:
    """Return the report, JSON-ready, of schema hullguard/report/1: a scan for each image, a finding for each
    that is refused.
    """
    scans = sorted((_scan(one) for one in decisions), key=lambda one: (one.target.name, one.tool))
    measure = report.Measure.make(None, None, None, None, today)
    return report.make(scans, measure, generated_at, raw=False)


def exit_code(decisions: Iterable[Decision]) -> int:
    """Return 12 when an image is refused, 1 when one could not be looked at, else 0."""
    states = {one.status for one in decisions}
    if REFUSED in states:
        return EXIT_CODES[SEVERITY]
    return 1 if states & {UNKNOWN, MISSING} else 0


def _scan(one: Decision) -> scan.Scan:
    target = Target(IMAGE, one.reference.written, digest=one.digest)
    found = tuple(fingerprinted([_finding(one)])) if one.status == REFUSED else ()
    return scan.Scan(
        one.tool, target, _STATUS[one.status], one.version, reason=one.reason, get=one.get, findings=found
    )


def _finding(one: Decision) -> Finding:
    return Finding(
        id=one.id,
        title=f"Refused: {one.reason}",
        severity=SEVERITY,
        kind=SIGNATURE,
        object=Object("image", one.reference.written, one.digest),
        tool=one.tool,
        tool_version=one.version,
        fix=FIXES[one.id],
        control="signed_artifacts",
        digest=one.digest,
    )
