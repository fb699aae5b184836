"""Grype: vulnerabilities of images, folders and SBOMs.

Nothing of this was ever run against Grype itself: it is in no package registry that the project builds from.
The translation is tested on small answers in the documented form of `grype -o json`.

Offline it is not started without a database. One older than five days it refuses by itself, which is
`unknown` here too. Of the packages it looked at, its report names only those that it found something for; so
an image whose system it did not recognise, and for which it found nothing, is told as `unchecked-packages`.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from hullguard.scanners.base import DIR, IMAGE, SBOM, TAR, Job, Ran, Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import (
    ASSUMED,
    MISCONFIGURATION,
    VULNERABILITY,
    Finding,
    Location,
    Package,
    severity,
)
from hullguard.scanners.image_parts import cache_folder, mapping, rows, source, subject, text, urls, without

# The image's configuration and labels, and Grype's own with what it logs in with.
DROPPED = frozenset({"config", "manifest", "labels", "configuration"})


class Grype(Scanner):
    """Written for the JSON of 0.80 to 0.117."""

    name = program = "grype"
    handles = frozenset({IMAGE, TAR, DIR, SBOM})
    get = "https://github.com/anchore/grype#installation"

    def version(self, said: str) -> str:
        """Return what stands in `grype 0.90.0`."""
        found = re.search(r"grype\s+v?(\d+\.\d+\S*)", said)
        if not found:
            raise Rubbish(f"told no version: {said[:100]!r}")
        return found[1]

    def database(self, tool: Tool, settings: Settings) -> str:
        """Return time and size of its database; never the same twice where it looks for a newer one."""
        if not settings.offline:
            return f"asked at {time.time_ns()}"
        files = [path.stat() for path in _databases(settings)]
        return ", ".join(f"{file.st_mtime_ns}:{file.st_size}" for file in files)

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call. Raises Rubbish where there is no database, offline."""
        databases = _folder(settings)
        if settings.offline and not _databases(settings):
            raise Rubbish(
                f"there is no vulnerability database in {databases}; with network: "
                f"GRYPE_DB_CACHE_DIR={databases} grype db update"
            )
        environment = {
            "GRYPE_DB_AUTO_UPDATE": "false" if settings.offline else "true",
            "GRYPE_CHECK_FOR_APP_UPDATE": "false",
            "GRYPE_DB_CACHE_DIR": str(databases),
        }
        return Job([str(tool.path), source(target), "--quiet", "--output", "json"], environment=environment)

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return one finding per match."""
        data = mapping(ran.answer)
        if data["descriptor"]["name"] != "grype":
            raise Rubbish("its answer is no report of Grype")
        matches = data["matches"]
        if not isinstance(matches, list):
            raise Rubbish("its matches are no list")
        found = [_finding(match, target, tool) for match in matches]
        known = (data.get("distro") or {}).get("name")
        return found if found or known or target.kind == DIR else [_nothing(target, tool)]

    def kept(self, ran: Ran) -> bytes:
        """Return its answer without the image's configuration, which holds its environment."""
        return json.dumps(without(mapping(ran.answer), DROPPED), indent=1).encode()


def _folder(settings: Settings) -> Path:
    if settings.databases is not None:
        return settings.databases.absolute()
    return Path(os.environ.get("GRYPE_DB_CACHE_DIR") or cache_folder("grype") / "db").absolute()


def _databases(settings: Settings) -> list[Path]:
    """Return the databases, one per schema: 5/vulnerability.db, 6/vulnerability.db."""
    return sorted(_folder(settings).glob("[0-9]*/vulnerability.db"))


def _finding(match: Mapping[str, Any], target: Target, tool: Tool) -> Finding:
    hole, artifact = match["vulnerability"], match["artifact"]
    rule, word = text(hole, "id"), text(hole, "severity")
    fix = hole.get("fix") or {}
    fixed = (
        ", ".join(str(version) for version in rows(fix, "versions")) if fix.get("state") == "fixed" else ""
    )
    package = Package(text(artifact, "name"), str(artifact["version"]), fixed)
    path = next(_paths(artifact), "")
    inside = target.kind == DIR and path != ""
    return Finding(
        rule, _title(hole, rule), severity(word), VULNERABILITY,
        subject(Target(DIR, path)) if inside else subject(target, path),
        tool.name, tool.version, word,
        location=Location(path) if inside else None, package=package,
        fix=f"Update {package.name} to {fixed}." if fixed else "",
        references=urls([hole.get("dataSource")], rows(hole, "urls")), digest=target.digest,
    )  # fmt: skip


def _paths(artifact: Mapping[str, Any]) -> Iterator[str]:
    for row in rows(artifact, "locations"):
        if path := str(row.get("path") or "").lstrip("/"):
            yield path


def _title(hole: Mapping[str, Any], rule: str) -> str:
    """Return the first line of the description; Grype has no titles."""
    line = str(hole.get("description") or "").strip().partition("\n")[0]
    return line[:200] or rule


def _nothing(target: Target, tool: Tool) -> Finding:
    return Finding(
        "unchecked-packages",
        "No system was recognised here: the vulnerabilities of its packages are unknown",
        ASSUMED, MISCONFIGURATION, subject(target), tool.name, tool.version, digest=target.digest,
    )  # fmt: skip


SCANNER = Grype()
