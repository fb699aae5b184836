"""The lists in a role's README."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from docs.markdown import table
from hullguard import yamlfile

# What Galaxy calls a release, and what people do. The lab has hosts of the first two.
RELEASES = {
    ("Debian", "bookworm"): "Debian 12",
    ("Debian", "trixie"): "Debian 13",
    ("Ubuntu", "jammy"): "Ubuntu 22.04",
    ("Ubuntu", "noble"): "Ubuntu 24.04",
    ("EL", "9"): "EL 9",
}
RUN_HERE = ("Debian 12", "Debian 13")
EVERY_ROLE = """

All roles: `hullguard_profile` (`cis_level2`; a shipped profile or the path of your own), `hullguard_only` and
`hullguard_skip` (lists of slugs; run tags count as the former), `hullguard_restart` (`now`; with `later` the
play restarts the engine once for all roles, as playbooks/harden.yml does)."""

UNDO = """\
`playbooks/rollback.yml` brings back what a run of `playbooks/harden.yml` has changed, for all of its roles
([but for this](../_restore_point/README.md#what-does-not-come-back)). A play of your own takes no restore
point; after one, or for this role alone:"""


def lists(role: Path) -> dict[str, Callable[[], str]]:
    """Return what makes each of the lists, by its marker's name."""
    return {
        "support": lambda: table(("on", "is it run here?"), support(role)),
        "variables": lambda: table(("variable", "default", "means"), variables(role)) + EVERY_ROLE,
        "undo": lambda: UNDO,
    }


def specification(role: Path) -> dict[str, Any]:
    """Return a role's argument specification."""
    found: dict[str, Any] = yamlfile.load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]
    return found


def variables(role: Path) -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of a role's variables; those of a mapping's members below it."""
    for name, option in specification(role)["options"].items():
        default = json.dumps(option["default"]) if "default" in option else "required"
        yield f"`{name}`", f"`{default}`", meaning(option)
        for member, inner in (option.get("options") or {}).items():
            default = f"`{json.dumps(inner['default'])}`" if "default" in inner else ""
            yield (
                f"`{name}` … `{member}`",
                default or ("required" if inner.get("required") else ""),
                meaning(inner),
            )


def meaning(option: dict[str, Any]) -> str:
    """Say what a variable takes and does, on one line."""
    described = option["description"]
    text = " ".join(" ".join(described).split() if isinstance(described, list) else described.split())
    # Ansible's own mark-up: C(code), O(option=value), V(value).
    text = re.sub(r"\b[CVO]\(([^)]*)\)", r"`\1`", text)
    if choices := option.get("choices"):
        text += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    return text


def support(role: Path) -> Iterator[tuple[str, str]]:
    """Each release that a role is written for, and whether its scenario runs there."""
    platforms = yamlfile.load(role / "meta" / "main.yml")["galaxy_info"]["platforms"]
    for platform in platforms:
        for version in platform["versions"]:
            name = RELEASES[platform["name"], str(version)]
            yield name, "yes" if name in RUN_HERE else "no: written for it, not run"
