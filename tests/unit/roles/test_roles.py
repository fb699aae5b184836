"""Each role's parts agree with one another and with the catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if (path / "tasks").is_dir())
PUBLIC = [name for name in ROLES if not name.startswith("_")]
CONTROLS = {
    path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "compliance/controls").glob("*/*.yml")
}

KEYWORDS = """name block rescue always when vars tags register loop loop_control until retries delay timeout no_log diff
check_mode changed_when failed_when run_once environment delegate_to become throttle"""


def read(role: str, path: str) -> Any:
    """Return a YAML file of a role, or nothing where it has none."""
    file = ROOT / "roles" / role / path
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None


def options(role: str) -> dict[str, Any]:
    """Return what the role's argument specification says of its variables."""
    found: dict[str, Any] = (
        read(role, "meta/argument_specs.yml")["argument_specs"]["main"].get("options") or {}
    )
    return found


def owner(control: dict[str, Any]) -> str | None:
    """Return the role that brings a control about."""
    fix = control["fix"]
    return "docker_daemon" if {"daemon", "daemon_absent"} & fix.keys() else fix.get("role")


def tasks(role: str) -> list[tuple[Path, dict[str, Any]]]:
    """Return every task of a role, those inside blocks too, with its file."""
    found: list[tuple[Path, dict[str, Any]]] = []

    def walk(file: Path, items: list[dict[str, Any]] | None) -> None:
        for task in items or []:
            found.append((file, task))
            for part in ("block", "rescue", "always"):
                walk(file, task.get(part))

    for file in sorted((ROOT / "roles" / role / "tasks").glob("*.yml")):
        walk(file, yaml.safe_load(file.read_text(encoding="utf-8")))
    return found


@pytest.mark.parametrize("role", ROLES)
def test_defaults_and_argument_specs_say_the_same(role: str) -> None:
    specified = {name: option.get("default") for name, option in options(role).items()}
    assert (read(role, "defaults/main.yml") or {}) == specified


@pytest.mark.parametrize("role", ROLES)
def test_every_variable_is_explained_and_typed(role: str) -> None:
    for name, option in options(role).items():
        assert option["description"], name
        assert option["type"], name


@pytest.mark.parametrize("role", PUBLIC)
def test_public_variables_carry_the_roles_name(role: str) -> None:
    assert [name for name in options(role) if not name.startswith(f"{role}_")] == []


@pytest.mark.parametrize("role", PUBLIC)
def test_a_role_is_tagged_with_the_controls_it_serves(role: str) -> None:
    serves = {slug for slug, control in CONTROLS.items() if owner(control) == role}
    tagged = {tag for _, task in tasks(role) if isinstance(task.get("tags"), list) for tag in task["tags"]}
    assert tagged == {role, *serves}


def test_every_control_that_is_not_for_a_person_has_a_role() -> None:
    homeless = [
        slug
        for slug, control in CONTROLS.items()
        if "manual" not in control["fix"] and owner(control) not in PUBLIC
    ]
    assert homeless == []


def test_the_families_that_roles_read_hold_all_their_controls() -> None:
    text = (ROOT / "roles/_controls/vars/main.yml").read_text(encoding="utf-8")
    folders = {
        path.parent.name
        for path in (ROOT / "compliance/controls").glob("*/*.yml")
        if owner(CONTROLS[path.stem])
    }
    assert {name for name in folders if f"/controls/{name}/*.yml" in text} == folders


@pytest.mark.parametrize("role", PUBLIC)
def test_the_readme_names_every_variable(role: str) -> None:
    text = (ROOT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert [name for name in options(role) if f"`{name}`" not in text] == []


@pytest.mark.parametrize("role", ROLES)
def test_no_error_is_ignored(role: str) -> None:
    for file, task in tasks(role):
        assert "ignore_errors" not in task, file
        assert task.get("failed_when") is not False, file


@pytest.mark.parametrize("role", ROLES)
def test_commands_say_when_they_change_something(role: str) -> None:
    for file, task in tasks(role):
        if {"ansible.builtin.command", "ansible.builtin.shell", "ansible.builtin.script"} & task.keys():
            assert "changed_when" in task, f"{file.name}: {task['name']}"


@pytest.mark.parametrize("role", ROLES)
def test_modules_are_named_in_full(role: str) -> None:
    keywords = set(KEYWORDS.split())
    for file, task in tasks(role):
        assert [key for key in task if key not in keywords and "." not in key] == [], (
            f"{file.name}: {task['name']}"
        )


@pytest.mark.parametrize("role", ROLES)
def test_files_stay_small(role: str) -> None:
    long = [
        file.name
        for file in (ROOT / "roles" / role).rglob("tasks/*.yml")
        if len(file.read_text().splitlines()) > 70
    ]
    assert long == []


def test_roles_hold_no_benchmark_numbers() -> None:
    numbers = set(
        yaml.safe_load((ROOT / "compliance/benchmarks/cis_docker_1_8_0.yml").read_text())["controls"]
    )
    for file in (ROOT / "roles").rglob("*.yml"):
        words = {word.strip("\"'(),:") for word in file.read_text(encoding="utf-8").split()}
        assert words & {number for number in numbers if number.count(".") == 2} == set(), file


@pytest.mark.parametrize("role", ROLES)
def test_variables_of_a_task_carry_the_roles_name(role: str) -> None:
    """So that nobody's `-e users=...`, and no variable of a play that includes the role, takes their place."""
    prefix = f"__{role.lstrip('_')}_"
    for file, task in tasks(role):
        taken = ("ansible_", "hullguard_", "_", "docker_")
        assert [name for name in task.get("vars", {}) if not name.startswith((prefix, *taken))] == [], file
