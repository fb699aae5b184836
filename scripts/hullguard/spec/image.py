"""From an image's inspect output and history to the normalized image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hullguard.spec import Reader, Spec

_MANAGER = r"\b(?:apt-get|apt|yum|dnf|microdnf|zypper|apk)\s+(?:[^\s;&|]+\s+)*?"
UPDATE = re.compile(_MANAGER + r"(?:update|makecache|refresh)\b")
INSTALL = re.compile(_MANAGER + r"(?:install|add|upgrade|dist-upgrade)\b")
ADD = re.compile(r"(?:^|#\(nop\)\s+)ADD\s")
FILES = re.compile(r"(?:^|#\(nop\)\s+)(?:ADD|COPY|RUN)\s|/bin/sh -c (?!#)")
UNVERIFIED = re.compile(
    r"--allow-unauthenticated|--force-yes|--allow-untrusted|--no-?gpg-?checks?|--trusted-host"
    r"|\[[^\]\n]*trusted=yes|gpgcheck=0"
    r"|\bcurl\b[^&|;\n]*\s(?:-[a-zA-Z]*k|--insecure)\b|\bwget\b[^&|;\n]*--no-check-certificate",
    re.IGNORECASE,
)
# What the collector writes where it cut a line, and the length from which on a line is cut here.
CUT, LONGEST = "<cut>", 8200


def image(raw: Mapping[str, Any]) -> Spec:
    """Return the normalized image.

    Fields that depend on a history which the image does not carry are left out.
    """
    reader, spec = Reader(raw), Spec()
    reader.into(spec, "id", "Id", str)
    tags = [tag for tag in reader.get("RepoTags", list, []) or [] if isinstance(tag, str)]
    spec["name"] = next((tag for tag in tags if not tag.startswith("<none>")), None) or (
        spec.get("id") or "?"
    ).removeprefix("sha256:")[:12]  # fmt: skip
    digests = reader.get("RepoDigests", list, [])
    if digests is not None:
        known = [digest for digest in map(str, digests) if not digest.startswith("<none>")]
        spec["registries"] = sorted({registry(digest.split("@", 1)[0]) for digest in known})
    reader.into(spec, "user", "Config.User", str)
    reader.into(spec, "environment", "Config.Env", list, [])
    if "Healthcheck" in (reader.get("Config", dict) or {}):
        test = reader.get("Config.Healthcheck.Test", list) or []
        spec["healthcheck"] = bool(test) and test[0] != "NONE"
    _history(reader.get("History", list), spec)
    reader.into(spec, "secret_history", "SecretsInHistory", list)
    return spec


def _history(history: list[Any] | None, spec: Spec) -> None:
    """Add what the build steps tell; history is newest first.

    An imported base tells nothing of itself; any other step without its command is one that was not seen.
    """
    if not history or not all(isinstance(line, str) for line in history):
        return
    lines = [line[:LONGEST] for line in history if line.strip()]
    bad = [short(line) for line in lines if UNVERIFIED.search(line)]
    lone = [short(line) for line in lines if UPDATE.search(line) and not INSTALL.search(line)]
    # The oldest ADD, when no other step filled the image before, is how every base gets its root file system.
    first = next((line for line in reversed(lines) if FILES.search(line)), None)
    added = [short(line) for line in lines if ADD.search(line) and line is not first]
    whole = len(lines) >= max(1, len(history) - 1) and not any(
        line.endswith(CUT) or len(line) == LONGEST for line in lines
    )
    for field, found in (
        ("lone_update_layers", lone),
        ("add_instructions", added),
        ("unverified_installs", bad),
    ):
        if found or (whole and (history[-1] == "" or len(lines) == len(history))):
            spec[field] = found


def short(line: str) -> str:
    """Return a history line cut to one readable row."""
    return " ".join(line.split())[:120]


def registry(name: str) -> str:
    """Return the registry of an image name as the engine resolves it: no host part means docker.io."""
    first, slash, _ = name.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
