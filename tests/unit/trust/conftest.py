"""Verifiers that answer as a test tells them, in the words of the real ones."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from unit.cli.conftest import run

__all__ = ["run"]
Script = Callable[[str, str], Path]
DIGEST = f"sha256:{'1' * 64}"
OTHER = f"sha256:{'2' * 64}"


def signature(digest: str = DIGEST) -> str:
    """What `cosign verify --output json` prints of a signature."""
    row = {
        "critical": {"image": {"docker-manifest-digest": digest}, "type": "cosign container image signature"}
    }
    return json.dumps([row])


def attestation(digest: str = DIGEST) -> str:
    """What `cosign verify-attestation` prints of an attestation."""
    statement = {"subject": [{"digest": {"sha256": digest.removeprefix("sha256:")}}], "predicate": {}}
    return json.dumps({"payload": base64.b64encode(json.dumps(statement).encode()).decode()})


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """Put a program of that name, with that body of shell, where tools are looked for; `$LOG` is a file that
    tells how it was called.
    """
    folder = tmp_path / "tools"
    folder.mkdir()
    monkeypatch.setenv("HULLGUARD_TOOLS", str(folder))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.delenv("HULLGUARD_COSIGN", raising=False)
    monkeypatch.delenv("HULLGUARD_NOTATION", raising=False)
    version = 'if [ "$1" = version ]; then echo "GitVersion: v2.5.0"; echo "Version:     v1.3.2"; exit; fi\n'

    def write(name: str, body: str) -> Path:
        path = folder / name
        path.write_text(f'#!/bin/sh\n{version}LOG={tmp_path / "log"}\necho "$*" >> $LOG\n{body}\n')
        path.chmod(0o755)
        return path

    return write
