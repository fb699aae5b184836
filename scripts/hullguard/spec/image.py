"""From an image's inspect output and history to the normalized image."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from hullguard.spec import Reader, Spec

UPDATE = re.compile(r"\b(apt-get|apt|yum|dnf|microdnf|zypper)\s+(-\S+\s+)*(update|makecache|refresh)\b|\bapk\s+(-\S+\s+)*update\b")
INSTALL = re.compile(r"\b(apt-get|apt|yum|dnf|microdnf|zypper)\s+(\S+\s+)*?(install|upgrade|dist-upgrade)\b|\bapk\s+(\S+\s+)*?(add|upgrade)\b")
UNVERIFIED = re.compile(
    r"--allow-unauthenticated|--force-yes|--allow-untrusted|--no-?gpg-?checks?|--trusted-host|\[trusted=yes\]|"
    r"\bcurl\b[^&|;]*\s(-k|--insecure)\b|\bwget\b[^&|;]*--no-check-certificate|gpgcheck=0",
    re.IGNORECASE,
)


def image(raw: Mapping[str, Any]) -> Spec:
    """Return the normalized image; fields that depend on a history which the image does not carry are left out."""
    reader, spec = Reader(raw), Spec()
    reader.into(spec, "id", "Id", str)
    tags = [tag for tag in reader.get("RepoTags", list, []) or [] if isinstance(tag, str) and not tag.startswith("<none>")]
    digests = [digest for digest in reader.get("RepoDigests", list, []) or [] if isinstance(digest, str)]
    spec["name"] = tags[0] if tags else (spec.get("id") or "?").removeprefix("sha256:")[:12]
    spec["registries"] = sorted({registry(digest.split("@", 1)[0]) for digest in digests if not digest.startswith("<none>")})
    reader.into(spec, "user", "Config.User", str)
    reader.into(spec, "environment", "Config.Env", list, [])
    if "Healthcheck" in (reader.get("Config", dict) or {}):
        test = reader.get("Config.Healthcheck.Test", list) or []
        spec["healthcheck"] = bool(test) and test[:1] != ["NONE"]
    history = reader.get("History", list)
    if history and any(isinstance(line, str) and line.strip() for line in history):
        lines = [line for line in history if isinstance(line, str)]
        spec["lone_update_layers"] = [short(line) for line in lines if UPDATE.search(line) and not INSTALL.search(line)]
        # History is newest first; the oldest ADD is how every base image gets its root file system.
        spec["add_instructions"] = [short(line) for line in lines[:-1] if re.search(r"(^|#\(nop\)\s+)ADD\s", line)]
        spec["unverified_installs"] = [short(line) for line in lines if UNVERIFIED.search(line)]
    reader.into(spec, "secret_history", "SecretsInHistory", list)
    return spec


def short(line: str) -> str:
    """Return a history line cut to one readable row."""
    return " ".join(line.split())[:120]


def registry(name: str) -> str:
    """Return the registry of an image name as the engine resolves it: no host part means docker.io."""
    first, slash, _ = name.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"
