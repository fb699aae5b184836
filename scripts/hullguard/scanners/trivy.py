"""Trivy: vulnerabilities, misconfiguration and secrets in images, folders, Dockerfiles and SBOMs.

One tool has one status, so a scan that has to look for vulnerabilities and has no database is not started at
all: it is `unknown`, with how to get one, also for the secrets and the misconfiguration that it could have
found. Less would look like an image without vulnerabilities. What Trivy was asked to judge and leaves out in
silence (a system it does not know, a history it can't read) is a finding of its own, `unchecked-...`.

In a Dockerfile, comments that switch checks off do not count. In a folder they do: Trivy has no option
against it.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from hullguard.scanners import trivy_answer
from hullguard.scanners.base import (
    DIR,
    DOCKERFILE,
    IMAGE,
    SBOM,
    TAR,
    Job,
    Ran,
    Rubbish,
    Scanner,
    Settings,
    Target,
    Tool,
)
from hullguard.scanners.finding import Finding
from hullguard.scanners.image_parts import cache_folder

COMMANDS = {IMAGE: "image", TAR: "image", DIR: "filesystem", DOCKERFILE: "config", SBOM: "sbom"}
# What its answers depend on besides the program, below its cache folder.
PARTS = {"db": "db/metadata.json", "java": "java-db/metadata.json", "checks": "policy/metadata.json"}
OFFLINE = ("--skip-db-update", "--skip-java-db-update", "--offline-scan")
SWITCH_OFF = re.compile(rb"(trivy|tfsec):(ignore)", re.IGNORECASE)


class Trivy(Scanner):
    """Known to work with 0.76."""

    name = program = "trivy"
    handles = frozenset(COMMANDS)
    get = "./nox -s tools, or https://trivy.dev/latest/getting-started/installation/"

    def version(self, said: str) -> str:
        """Return what stands in `Version: 0.76.0`."""
        found = re.search(r"Version:\s*v?(\d+\.\d+\S*)", said)
        if not found:
            raise Rubbish(f"told no version: {said[:100]!r}")
        return found[1]

    def database(self, tool: Tool, settings: Settings) -> str:
        """Return when its databases and checks were made, and what is looked for; never the same twice where
        Trivy would fetch newer ones.
        """
        rows = {part: _metadata(_folder(settings) / file) for part, file in PARTS.items()}
        told = [
            f"{part} {row.get('Version', '')} {row.get('UpdatedAt') or row.get('DownloadedAt', '')}".strip()
            for part, row in rows.items()
            if row
        ]
        due = str(rows["db"].get("NextUpdate", ""))
        if not settings.offline and due <= datetime.now(UTC).isoformat():
            told.append(f"asked at {time.time_ns()}")
        return ", ".join([*told, *(["licenses"] if settings.licenses else [])])

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call. Raises Rubbish where it needs a vulnerability database and there is none."""
        databases = _folder(settings)
        if target.kind != DOCKERFILE and settings.offline and not _complete(databases):
            raise Rubbish(
                f"there is no vulnerability database in {databases}; with network: "
                f"trivy image --download-db-only --cache-dir {databases}"
            )
        answer = folder / "trivy.json"
        options = ["--format", "json", "--output", str(answer), "--cache-dir", str(databases)]
        # Its own limit (5 minutes) may not come first. An empty name: no list of what to ignore.
        options += ["--timeout", f"{int(settings.timeout) + 5}s", "--ignorefile", ""]
        options += ["--disable-telemetry", "--skip-version-check"]
        options += OFFLINE if settings.offline and target.kind != DOCKERFILE else ()
        return Job(
            [
                str(tool.path),
                COMMANDS[target.kind],
                *options,
                *_chosen(target, settings),
                *_what(target, folder),
            ],
            answer,
        )

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return what it found, without a line of the files that it found it in."""
        return trivy_answer.findings(ran, target, tool)

    def kept(self, ran: Ran) -> bytes:
        """Return what of its answer may be kept: it holds the image's environment, its build's arguments and
        lines of files.
        """
        return trivy_answer.kept(ran)


def _folder(settings: Settings) -> Path:
    if settings.databases is not None:
        return settings.databases.absolute()
    return Path(os.environ.get("TRIVY_CACHE_DIR") or cache_folder("trivy")).absolute()


def _complete(databases: Path) -> bool:
    return (databases / "db" / "trivy.db").is_file() and (databases / PARTS["db"]).is_file()


def _metadata(path: Path) -> dict[str, object]:
    try:
        row = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return row if isinstance(row, dict) else {}


def _chosen(target: Target, settings: Settings) -> list[str]:
    """Return what is looked for."""
    if target.kind == DOCKERFILE:
        return ["--cache-backend", "memory", *(["--skip-check-update"] if settings.offline else [])]
    wanted = ["vuln", *(["license"] if settings.licenses else [])]
    if target.kind == SBOM:
        return ["--list-all-pkgs", "--scanners", ",".join(wanted)]
    found = [
        "--list-all-pkgs",
        "--scanners",
        ",".join([*wanted, "misconfig", "secret"]),
        "--cache-backend",
        "memory",
    ]
    found += ["--skip-check-update"] if settings.offline else []
    # The image's own configuration (user, environment, history) is left out unless it is asked for.
    return found if target.kind == DIR else [*found, "--image-config-scanners", "misconfig,secret"]


def _what(target: Target, folder: Path) -> list[str]:
    if target.path is None:
        return ["--image-src", "docker", "--", target.name]
    if target.kind == TAR:
        return ["--input", str(target.path)]
    if target.kind != DOCKERFILE:
        return ["--", str(target.path)]
    copy = folder / "Dockerfile"
    copy.write_bytes(SWITCH_OFF.sub(rb"\1-\2", target.path.read_bytes()))
    return ["--", str(copy)]


SCANNER = Trivy()
