from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hullguard.catalogue import load_benchmark, load_profile
from hullguard.lint import Judged, compose, dockerfile, judge
from hullguard.lint.project import Project

Write = Callable[..., Path]
Load = Callable[..., Project]
Lint = Callable[..., Judged]
BENCHMARK, PROFILE = load_benchmark(), load_profile()

# A service that every control which a file can decide is content with.
HARDENED = """\
services:
  web:
    image: registry.example.net/app:1
    user: "10001:10001"
    read_only: true
    privileged: false
    cap_add: [NET_BIND_SERVICE]
    cap_drop: [ALL]
    security_opt: [no-new-privileges:true, seccomp=strict.json]
    mem_limit: 512m
    pids_limit: 200
    cpus: 1.5
    restart: on-failure:5
    network_mode: none
    pid: ""
    ipc: private
    uts: ""
    userns_mode: ""
    cgroup_parent: ""
    devices: []
    ulimits: {}
    volumes: ["data:/data"]
    ports: ["127.0.0.1:8443:8443"]
    environment: [MODE=live]
    healthcheck: {test: ["CMD", "/app", "--health"]}
volumes:
  data:
"""


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file of the project and return it as a person in its folder would name it."""
    monkeypatch.chdir(tmp_path)

    def _write(text: str | bytes, name: str = "compose.yml") -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())
        return path

    return _write


@pytest.fixture
def load(write: Write) -> Load:
    """Load a compose file from its text."""

    def _load(
        text: str | bytes, *overrides: str, profiles: tuple[str, ...] = (), **environment: str
    ) -> Project:
        others = [write(other, f"override{number}.yml") for number, other in enumerate(overrides)]
        return compose.load(write(text), *others, environment=environment, profiles=profiles)

    return _load


@pytest.fixture
def lint(load: Load, write: Write) -> Lint:
    """Judge a compose file, or a Dockerfile (what starts with FROM or a comment), from its text."""

    def _lint(text: str, *overrides: str, **options: Any) -> Judged:
        if text.lstrip().startswith(("FROM", "#", "ARG")):
            return judge(dockerfile.load(write(text, "Dockerfile")), PROFILE, BENCHMARK)
        return judge(load(text, *overrides, **options), PROFILE, BENCHMARK)

    return _lint


@pytest.fixture
def hardened() -> str:
    return HARDENED
