"""detect-secrets: secrets in files, by the form of their text, its disorder and the names beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

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
from hullguard.scanners.finding import ASSUMED, SECRET, Finding, Location
from hullguard.scanners.places import partial, place
from hullguard.verdict import Object

ALLOWLIST = "detect_secrets.filters.allowlist.is_line_allowlisted"
# Those that guess, or tell of something that is no secret; all others know the form of what they look for.
SEVERITIES = {
    "Base64 High Entropy String": ASSUMED,
    "Hex High Entropy String": ASSUMED,
    "Public IP (ipv4)": "low",
}


class DetectSecrets(Scanner):
    """It tells the place and a hash of the secret; the hash goes no further (`kept`).

    Comments that allow a line do not count. It tells one finding where several secrets of one kind look alike
    to it in one file, and leaves out files by their ending (pictures, archives, `.lock`, `.css`).
    """

    name = program = "detect-secrets"
    handles = frozenset({DIR, DOCKERFILE, COMPOSE})
    get = "./nox -s tools, or: pip install detect-secrets"

    def version(self, said: str) -> str:
        """Return its one word."""
        return said if re.fullmatch(r"\d+\.\d[\w.+-]*", said) else ""

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call. Without `-C` it finds nothing outside of the working directory, and says nothing;
        without `--all-files` it looks only at what Git tracks; without `-v` it does not tell what it can't
        read.
        """
        assert target.path is not None  # noqa: S101 - files and folders have one
        root = target.path if target.kind == DIR else target.path.parent
        options = ["scan", "--all-files", "--no-verify", "--disable-filter", ALLOWLIST]
        return Job([str(tool.path), "-v", "-C", str(root), *options, str(target.path)])

    def kept(self, ran: Ran) -> bytes:
        """Return the answer without hashes: that of a short password is soon undone."""
        answer = json.loads(ran.answer)
        for rows in answer["results"].values():
            for row in rows:
                row.pop("hashed_secret", None)
        return json.dumps(answer, indent=1).encode()

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return one finding per secret, and one more where it could not read everything."""
        answer = json.loads(ran.answer)
        if not answer["plugins_used"]:
            raise Rubbish("looked for nothing (plugins_used is empty)")
        found = [
            _finding(str(path), row, target, tool) for path, rows in answer["results"].items() for row in rows
        ]
        unread = "Unable to open file" in ran.said
        if not found and (unread or "Checking file:" not in ran.said):
            raise Rubbish("could not read everything" if unread else "found nothing that it can read")
        if unread:
            found.append(partial(target, tool))
        return found


def _finding(path: str, row: dict[str, Any], target: Target, tool: Tool) -> Finding:
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise Rubbish("names a file outside of what was scanned")
    kind = str(row["type"])
    return Finding(
        id=re.sub(r"[^a-z0-9]+", "-", kind.lower()).strip("-"),
        title=kind,
        severity=SEVERITIES.get(kind, "high"),
        kind=SECRET,
        object=Object("file", place(path, target)),
        tool=tool.name,
        tool_version=tool.version,
        location=Location(place(path, target), int(row["line_number"])),
        fix="Replace the secret where it was issued, then take it out of the file and its history.",
        control="image_secrets" if target.kind == DOCKERFILE and kind not in SEVERITIES else None,
    )


SCANNER = DetectSecrets()
