"""What playbooks/harden.yml runs, held against the roles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]


def tasks(path: str) -> list[dict[str, Any]]:
    """Return a task file's tasks."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    return found


def listed(tags: str | list[str]) -> set[str]:
    """Return tags, however they are written."""
    return {tags} if isinstance(tags, str) else set(tags)


def after() -> dict[str, set[str]]:
    """Return {role: tags} of the tasks that follow the engine's restart."""
    found = {}
    for task in tasks("playbooks/tasks/harden.yml"):
        role = task.get("ansible.builtin.import_role", {})
        if role.get("tasks_from") == "after.yml":
            found[role["name"]] = listed(task["tags"])
    return found


def test_whatever_has_something_to_do_after_the_restart_is_asked_to() -> None:
    assert set(after()) == {path.parents[1].name for path in ROOT.glob("roles/*/tasks/after.yml")}


@pytest.mark.parametrize("role", sorted(after()))
def test_a_tag_that_chooses_a_role_chooses_what_it_does_after_the_restart(role: str) -> None:
    (block,) = (task for task in tasks(f"roles/{role}/tasks/main.yml") if "block" in task)
    assert after()[role] == listed(block["tags"])


def test_the_one_restart_is_reached_with_every_tag() -> None:
    (flush,) = (
        task["ansible.builtin.include_role"]
        for task in tasks("playbooks/tasks/harden.yml")
        if task.get("ansible.builtin.include_role", {}).get("tasks_from") == "flush.yml"
    )
    # An include hands its own tags to nobody.
    assert flush["apply"] == {"tags": "always"}


def test_both_plays_are_one_but_for_their_hosts() -> None:
    canaries, others = tasks("playbooks/harden.yml")
    own = {"name", "hosts", "serial"}
    assert {key: value for key, value in canaries.items() if key not in own} == {
        key: value for key, value in others.items() if key not in own
    }
    # Roles tell plays apart by their names.
    assert canaries["name"] != others["name"]
    assert "serial" not in canaries


@pytest.mark.parametrize("path", sorted(ROOT.glob("playbooks/**/*.yml")), ids=lambda path: path.name)
def test_no_playbook_ignores_an_error(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "ignore_errors" not in text
    assert "failed_when: false" not in text
