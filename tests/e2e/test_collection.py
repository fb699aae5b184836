"""The checkout is a collection: it builds, installs from git, and explains its roles."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
ROLES = sorted(path.parent.parent.name for path in ROOT.glob("roles/[!_]*/tasks/main.yml"))


def run(*command: str, collections: Path) -> str:
    """Run one of Ansible's commands with that collections path only; what it prints."""
    config = collections / "ansible.cfg"
    config.touch()
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_CONFIG": str(config)}
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=collections,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the collection was installed into, from this checkout's git repository."""
    folder = tmp_path_factory.mktemp("collections")
    run(
        *("ansible-galaxy", "collection", "install", "--no-deps", "--pre", f"git+file://{ROOT}"),
        *("-p", str(folder)),
        collections=folder,
    )
    return folder


def test_it_builds_without_what_only_development_needs(tmp_path: Path) -> None:
    run(
        "ansible-galaxy",
        "collection",
        "build",
        str(ROOT),
        "--output-path",
        str(tmp_path),
        collections=tmp_path,
    )
    (archive,) = tmp_path.glob("hullguard-docker-*.tar.gz")
    listed = subprocess.run(["tar", "-tzf", str(archive)], capture_output=True, text=True, check=True)
    names = set(listed.stdout.split())
    assert {"scripts/hullguard/collect.py", "playbooks/harden.yml", "compliance/profiles/strict.yml"} <= names
    assert not [name for name in names if name.startswith(("tests/", "molecule/", "scripts/lab/", ".nox/"))]


def test_every_role_is_explained(installed: Path) -> None:
    command = ("ansible-doc", "--type", "role", "--json", *(f"hullguard.docker.{role}" for role in ROLES))
    found = json.loads(run(*command, collections=installed))
    assert sorted(name.rpartition(".")[2] for name in found) == ROLES
    for role in found.values():
        assert role["entry_points"]["main"]["short_description"]


@pytest.mark.parametrize("playbook", ["preflight", "harden", "audit", "site", "rollback"])
def test_its_playbooks_are_found_by_name(installed: Path, playbook: str) -> None:
    run(
        *("ansible-playbook", "--syntax-check", "-i", "localhost,", "-e", "hullguard_hosts=localhost"),
        f"hullguard.docker.{playbook}",
        collections=installed,
    )
