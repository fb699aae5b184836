"""Each role says what it may change, so that a restore point holds it."""

from __future__ import annotations

import re
import sys
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).parents[3] / "roles"
sys.path.insert(0, str(ROLES / "_restore_point/files"))

from restore_point import points  # noqa: E402

# Those that change nothing of their own: what _subids writes is in the lists of the roles that call it.
WITHOUT = {"_controls", "_evidence", "_restore_point", "_subids"}
ROOTS = re.compile(r"(?<![\w.])(/(?:etc|usr/local|var/lib)/[\w./-]*hullguard[\w.-]*)")


def restores(role: str) -> dict[str, Any]:
    """Return what a role says."""
    file = ROLES / role / "vars/restore.yml"
    assert file.is_file(), f"roles/{role}/vars/restore.yml is missing: what does the role change?"
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    name = f"__{role.lstrip('_')}_restore"
    assert list(document) == [name]
    found: dict[str, Any] = document[name]
    return found


@pytest.mark.parametrize("role", sorted({path.name for path in ROLES.iterdir()} - WITHOUT))
def test_each_role_says_what_it_may_change(role: str) -> None:
    for part, value in restores(role).items():
        assert part in points.PARTS
        assert isinstance(value, points.PARTS[part]) or "{{" in str(value)


def named(role: str) -> set[str]:
    """Return the paths with the project's name that a role's variables and tasks write out."""
    found = set()
    for file in [*(ROLES / role / "vars").rglob("*.yml"), *(ROLES / role / "tasks").glob("*.yml")]:
        if file.name != "restore.yml":
            text = "\n".join(
                line
                for line in file.read_text(encoding="utf-8").splitlines()
                if not line.lstrip().startswith("#")
            )
            found |= set(ROOTS.findall(text))
    return found


# Not a file of the role's, or one that stays: what timers have collected is evidence.
NOT_KEPT = {"/var/lib/hullguard", "/etc/hullguard"}


@pytest.mark.parametrize("role", sorted({path.name for path in ROLES.iterdir()} - WITHOUT))
def test_a_path_that_a_role_writes_out_is_in_its_list_by_name_or_variable(role: str) -> None:
    text = (ROLES / role / "vars/restore.yml").read_text(encoding="utf-8")
    variables = {}
    for file in (ROLES / role / "vars").rglob("*.yml"):
        if file.name != "restore.yml":
            variables.update(yaml.safe_load(file.read_text(encoding="utf-8")) or {})

    def resolved(within: str, depth: int = 0) -> str:
        more = [str(variables[name]) for name in re.findall(r"__\w+", within) if name in variables]
        return within if depth > 3 else "\n".join([within, *(resolved(one, depth + 1) for one in more)])

    reached = re.findall(r"/[\w./*@-]+", resolved(text))
    missing = {path for path in named(role) - NOT_KEPT if not any(fnmatch(path, one) for one in reached)}
    assert missing == set()
