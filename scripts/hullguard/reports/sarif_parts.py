"""The SARIF format's building blocks: addresses, rules, messages, suppressions.

Names become addresses: each part of a path is percent-encoded by itself, so that no name leads elsewhere.
Messages lose what SARIF takes for a link, since their text is another's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from hullguard.reports.findings import fingerprint_of, instant
from hullguard.reports.sanitize import clean

BASE = "%SRCROOT%"
LEVELS: Mapping[str, str] = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
# A code-scanning service rates a rule by this number; these are the middles of its four bands.
SECURITY_SEVERITY: Mapping[str, str] = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "2.0"}
TEXT_LENGTH = 1000
_FILES = ("file", "dir", "dockerfile", "compose", "sbom", "tar")


def message(text: object, limit: int = TEXT_LENGTH) -> dict[str, str]:
    """Return a message of untrusted text: printable, cut, without links."""
    return {"text": clean(text, limit, keep_newlines=True).replace("](", "] (") or "-"}


def segment(name: object) -> str:
    """Return one part of an address; dots alone, which lead to another folder, get a mark in front."""
    text = clean(name, 200)
    if len(str(name)) > 200:
        text += f" {fingerprint_of(name)[:8]}"
    return quote(f"~{text}" if not text.strip(".") else text, safe="")


def artifact(thing: Mapping[str, Any], path: object = "") -> dict[str, str]:
    """Return the address of an object, a target, or a file in it: relative to the scanned folder."""
    kind, name = str(thing.get("kind", "")), str(thing.get("name", ""))
    if kind not in _FILES:
        parts = [f"docker-{segment(kind)}", *(_segments(name) or ["scanned"]), *_segments(path)]
    elif str(path or name).startswith("/"):
        return {"uri": "file:///" + "/".join(_segments(path or name))}
    else:
        parts = _segments(path or name) or ["scanned"]
    return {"uri": "/".join(parts), "uriBaseId": BASE}


def _segments(path: object) -> list[str]:
    return [segment(part) for part in str(path or "").split("/") if part not in ("", ".")]


def location(
    thing: Mapping[str, Any], where: Mapping[str, Any] | None = None, within: str = ""
) -> dict[str, Any]:
    """Return a result's location. Services want a file and a line, so that a container or a host has an
    address that reads as one; its logical location says what it really is. `within` is the host's name.
    """
    where = where or {}
    line, end = (max(0, int(where.get(key) or 0)) for key in ("line", "end_line"))
    region = {"startLine": max(1, line)} | ({"endLine": end} if end > line > 0 else {})
    kind, name = clean(thing.get("kind"), 40), clean(thing.get("name"), TEXT_LENGTH)
    address = {"kind": "host", "name": within} if within else thing
    full = "/".join(part for part in (clean(within, TEXT_LENGTH), kind, name) if part)
    return {
        "physicalLocation": {
            "artifactLocation": artifact(address, where.get("path", "")),
            "region": region,
        },
        "logicalLocations": [{"name": name or kind or "-", "fullyQualifiedName": full or "-", "kind": kind}],
    }


def fingerprints(text: str) -> dict[str, str]:
    """Return a result's fingerprints: ours, and under the name that code-scanning services compare."""
    return {"hullguard/v1": text, "primaryLocationLineHash": f"{text}:1"}


def suppression(why: str) -> list[dict[str, str]]:
    """Return the mark of a result that somebody accepted."""
    return [{"kind": "external", "status": "accepted", "justification": why}]


def notification(identifier: str, level: str, text: str) -> dict[str, Any]:
    """Return what a run has to say beside its results."""
    return {"descriptor": {"id": identifier}, "level": level, "message": message(text)}


def invocation(
    successful: bool, when: object = None, notes: list[dict[str, Any]] | None = None, **properties: Any
) -> dict[str, Any]:
    """Return one call of a tool; `when` is the report's time."""
    ended = instant(when)
    return {
        "executionSuccessful": successful,
        **({"endTimeUtc": ended} if ended else {}),
        **({"toolExecutionNotifications": notes} if notes else {}),
        **({"properties": properties} if properties else {}),
    }


def run(
    driver: Mapping[str, Any],
    rules: Mapping[str, dict[str, Any]],
    results: list[dict[str, Any]],
    category: str,
    invocations: list[dict[str, Any]],
) -> dict[str, Any]:
    """Return one run with the rules that its results use. `category` tells runs of one file apart."""
    used = sorted({result["ruleId"] for result in results})
    position = {identifier: index for index, identifier in enumerate(used)}
    return {
        "tool": {"driver": {**driver, "rules": [rules[identifier] for identifier in used]}},
        "automationDetails": {"id": f"hullguard/{category}/"},
        "originalUriBaseIds": {
            BASE: {"description": {"text": "The folder that was scanned, such as a checkout."}}
        },
        "invocations": invocations,
        "results": [{**result, "ruleIndex": position[result["ruleId"]]} for result in results],
    }
