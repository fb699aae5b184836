"""gitleaks: secrets in files, by the form of their text."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hullguard.scanners import process
from hullguard.scanners.base import (
    COMPOSE,
    DIR,
    DOCKERFILE,
    Job,
    Ran,
    Rubbish,
    Scanner,
    Settings,
    Target,
    Tool,
)
from hullguard.scanners.finding import SECRET, Finding, Location
from hullguard.scanners.places import partial, place
from hullguard.verdict import Object

UNVERSIONED = "without a version"
REDACTED = "REDACTED"
HELP_SECONDS = 30.0
# The name under which it sees a folder, see `job`.
SEEN = "seen"


class Gitleaks(Scanner):
    """It reports the place, never the secret: an answer that holds one is refused.

    A `.gitleaks.toml` or `.gitleaksignore` in the scanned folder does not count, nor do comments that allow a
    line, where the release can ignore them (8.26 can, 8.16 can not). What it leaves out by itself (pictures,
    lock files, `node_modules`) stays out.
    """

    name = program = "gitleaks"
    handles = frozenset({DIR, DOCKERFILE, COMPOSE})
    get = "./nox -s tools, or Debian's package gitleaks"

    def version_command(self) -> list[str]:
        """Return its own command for that."""
        return ["version"]

    def version(self, said: str) -> str:
        """Return the version; Debian's builds do not know theirs."""
        if "set by build process" in said:
            return UNVERSIONED
        found = re.search(r"v?(\d+\.\d+[\w.+-]*)", said)
        return found[1] if found else ""

    def database(self, tool: Tool, settings: Settings) -> str:
        """Return the program's SHA-256 where it has no version: its rules are compiled in."""
        if tool.version != UNVERSIONED:
            return ""
        with tool.path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call. It sees a folder through a link, under a path that no `.gitleaksignore` knows."""
        source, answer, config = str(target.path), folder / "gitleaks.json", folder / "gitleaks.toml"
        if target.kind == DIR:
            (folder / SEEN).symlink_to(source, target_is_directory=True)
            source = f"{folder / SEEN}/"  # without the slash it is a link, and none is followed
        config.write_text("[extend]\nuseDefault = true\n", encoding="ascii")
        options = ["--no-git", "--redact", "--no-banner", "--exit-code", "0", "--config", str(config)]
        if "--ignore-gitleaks-allow" in _help(tool, folder / "help"):
            options.append("--ignore-gitleaks-allow")
        report = ["--report-format", "json", "--report-path", str(answer)]
        # 1: a part could not be read.
        return Job(
            [str(tool.path), "detect", *options, *report, "--source", source],
            answer=answer,
            good=frozenset({0, 1}),
        )

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return one finding per leak, and one more where it could not read everything."""
        rows = json.loads(ran.answer)
        if not isinstance(rows, list):
            raise Rubbish("its answer is no list")
        found = [_finding(row, target, tool) for row in rows]
        said = re.sub(r"\x1b\[[0-9;]*m", "", ran.said)
        if ran.code or re.search(r"partial scan|Skipping file|\bERR\b", said):
            if not found:
                raise Rubbish("could not read everything, and found nothing in the rest")
            found.append(partial(target, tool))
        if not found and re.search(r"scanned ~0 bytes", said):
            raise Rubbish("found nothing that it can read")
        return found


def _help(tool: Tool, folder: Path) -> str:
    folder.mkdir()
    ran = process.run(Job([str(tool.path), "detect", "--help"]), folder, HELP_SECONDS)
    return ran.answer.decode("utf-8", "replace")


def _finding(row: dict[str, Any], target: Target, tool: Tool) -> Finding:
    if row["Secret"] != REDACTED or REDACTED not in row["Match"]:
        raise Rubbish("its answer holds a secret in clear, and was not kept")
    rule, line, end = str(row["RuleID"]), int(row["StartLine"]), int(row["EndLine"])
    path = str(row["File"])
    if target.kind == DIR:
        path = path.split(f"/{SEEN}/", 1)[1]
    return Finding(
        id=rule,
        title=str(row["Description"]) or rule,
        severity="high",
        kind=SECRET,
        object=Object("file", place(path, target)),
        tool=tool.name,
        tool_version=tool.version,
        location=Location(place(path, target), line, end if end > line else 0),
        fix="Replace the secret where it was issued, then take it out of the file and its history.",
        control="image_secrets" if target.kind == DOCKERFILE else None,
    )


SCANNER = Gitleaks()
