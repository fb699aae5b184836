"""The seccomp profiles as the role docker_seccomp writes them, and what tells whether they have changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from hullguard import yamlfile

# A policy, and those that it builds on.
CHAINS = {"baseline": ("default", "baseline"), "strict": ("default", "baseline", "strict")}


def policies(root: Path) -> dict[str, Any]:
    """Return {name: policy} as compliance/policies/seccomp/ has them. Raises InputError."""
    folder = root / "compliance" / "policies" / "seccomp"
    return {path.stem: yamlfile.load(path) for path in sorted(folder.glob("*.yml"))}


def profile(root: Path, name: str, allow: Iterable[str] = ()) -> dict[str, Any]:
    """Return a profile in the engine's form; `allow` is the role's docker_seccomp_allow."""
    # It writes JSON, not a page.
    environment = Environment(
        loader=FileSystemLoader(root / "roles" / "docker_seccomp" / "templates"),
        autoescape=False,  # noqa: S701
    )
    environment.filters["to_nice_json"] = lambda value, **_: json.dumps(value)
    text = environment.get_template("profile.json.j2").render(
        policies=policies(root), chain=list(CHAINS[name]), allow=list(allow)
    )
    found: dict[str, Any] = json.loads(text)
    return found


def digest(root: Path, name: str) -> str:
    """Return the SHA-256 of a profile's content, whatever its layout."""
    return hashlib.sha256(json.dumps(profile(root, name), sort_keys=True).encode()).hexdigest()
