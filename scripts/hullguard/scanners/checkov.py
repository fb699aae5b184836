"""Checkov: the rules of Dockerfiles and of pipelines' own files, and secrets in them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from hullguard.scanners.base import DIR, DOCKERFILE, Job, Ran, Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import ASSUMED, MISCONFIGURATION, SECRET, Finding, Location, severity
from hullguard.scanners.places import place
from hullguard.verdict import Object

# What Hullguard is about: images, and the pipelines that build them. Kubernetes and clouds are for others.
FRAMEWORKS = {
    DIR: ("dockerfile", "secrets", "github_actions", "gitlab_ci"),
    DOCKERFILE: ("dockerfile", "secrets"),
}
SECRETS = "secrets"
# Disorder alone, which may be no secret: Base64 and hexadecimal text.
GUESSES = ("CKV_SECRET_6", "CKV_SECRET_19")
CONTROLS = {
    "CKV_DOCKER_2": "image_healthcheck",
    "CKV_DOCKER_3": "image_user",
    "CKV_DOCKER_4": "copy_not_add",
    "CKV_DOCKER_5": "lone_package_update",
    "CKV_DOCKER_8": "image_user",
    "CKV2_DOCKER_2": "verified_packages",
    "CKV2_DOCKER_3": "verified_packages",
    "CKV2_DOCKER_4": "verified_packages",
    "CKV2_DOCKER_7": "verified_packages",
    "CKV2_DOCKER_8": "verified_packages",
    "CKV2_DOCKER_9": "verified_packages",
    "CKV2_DOCKER_11": "verified_packages",
}
# The only parts of its answer that hold no text of the scanned files.
KEPT = ("check_id", "check_name", "file_path", "file_line_range", "severity", "guideline", "check_class")


class Checkov(Scanner):
    """Without a network it rates nothing, so severities are assumed. Comments in the files that skip a check
    do not count, nor does a `.checkov.yaml` in the scanned folder. Where it found no file that it can check,
    that is no answer.
    """

    name = program = "checkov"
    handles = frozenset({DIR, DOCKERFILE})
    get = "./nox -s tools, or in an environment of its own: pip install checkov"

    def version(self, said: str) -> str:
        """Return its one word."""
        return said if re.fullmatch(r"\d+\.\d[\w.+-]*", said) else ""

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call. It knows Dockerfiles by their name only, so it gets one of that name."""
        if target.kind == DIR:
            # As one word: of `-d FOLDER` it would take the folder's own settings.
            what = [f"--directory={target.path}"]
        else:
            file = folder / "Dockerfile"
            file.symlink_to(str(target.path))
            what = ["--file", str(file)]
        options = ["--skip-download", "--output", "json", "--compact", "--enable-secret-scan-all-files"]
        frameworks = ["--framework", *FRAMEWORKS[target.kind]]
        return Job([str(tool.path), *options, *frameworks, *what], good=frozenset({0, 1}))

    def kept(self, ran: Ran) -> bytes:
        """Return the answer without the lines of the scanned files, which it quotes with their secrets."""
        parts = [
            {
                "check_type": part["check_type"],
                "summary": part["summary"],
                **{
                    name: [{key: row.get(key) for key in KEPT} for row in part["results"].get(name, [])]
                    for name in ("failed_checks", "skipped_checks")
                },
            }
            for part in _parts(ran.answer)
        ]
        return json.dumps(parts, indent=1).encode()

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return one finding per check that failed or was skipped, and one per file it could not read."""
        parts = _parts(ran.answer)
        checked = {part["check_type"] for part in parts if _checks(part["summary"])}
        unread = [str(path) for part in parts for path in part["results"].get("parsing_errors", [])]
        if target.kind == DOCKERFILE and "dockerfile" not in checked:
            raise Rubbish("could not read the file as a Dockerfile")
        if not checked:
            raise Rubbish("could not read the files" if unread else "found nothing that it can check")
        if ran.code == 1 and not any(part["summary"]["failed"] for part in parts):
            raise Rubbish("it says that it found something, and tells nothing")
        found = [_finding(part["check_type"], row, target, tool) for part in parts for row in _rows(part)]
        return [*found, *(_unread(path, target, tool) for path in unread)]


def _parts(answer: bytes) -> list[dict[str, Any]]:
    """Return what each framework found: a list of several, one of one, and none where nothing was checked."""
    whole = json.loads(answer)
    parts = whole if isinstance(whole, list) else [whole] if "check_type" in whole else []
    if not parts and whole != [] and "passed" not in whole:
        raise Rubbish("its answer is of another form")
    return parts


def _checks(summary: dict[str, int]) -> int:
    return summary["passed"] + summary["failed"] + summary["skipped"]


def _rows(part: dict[str, Any]) -> Iterator[dict[str, Any]]:
    rows = part["results"]["failed_checks"]
    if len(rows) != part["summary"]["failed"]:
        raise Rubbish(f"counts {part['summary']['failed']} findings and tells {len(rows)}")
    yield from rows
    yield from part["results"].get("skipped_checks", [])


def _finding(framework: str, row: dict[str, Any], target: Target, tool: Tool) -> Finding:
    rule, (first, last) = str(row["check_id"]), row["file_line_range"]
    secret = framework == SECRETS
    path = target.name if target.kind == DOCKERFILE else place(str(row["file_abs_path"]), target)
    weight = "high" if secret and rule not in GUESSES else severity(row["severity"])
    inside = target.kind == DOCKERFILE and weight == "high"
    return Finding(
        id=rule,
        title=str(row["check_name"]),
        severity=weight,
        kind=SECRET if secret else MISCONFIGURATION,
        object=Object("file", path),
        tool=tool.name,
        tool_version=tool.version,
        tool_severity=str(row["severity"] or ""),
        # Of a secret it tells the line after as the last.
        location=Location(path, int(first), int(last) if last > first > 0 and not secret else 0),
        references=tuple(url for url in [row["guideline"]] if url and str(url).startswith("https://")),
        control="image_secrets" if secret and inside else CONTROLS.get(rule),
    )


def _unread(path: str, target: Target, tool: Tool) -> Finding:
    name = target.name if target.kind == DOCKERFILE else place(path, target)
    return Finding(
        id="parsing-error",
        title="The file could not be read: nothing is known of it",
        severity=ASSUMED,
        kind=MISCONFIGURATION,
        object=Object("file", name),
        tool=tool.name,
        tool_version=tool.version,
        location=Location(name),
    )


SCANNER = Checkov()
