"""`hullguard scan` on a live engine with the tools that `./nox -s tools` installs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from scanners_support import trivy_db

from hullguard.scanners import load, tools
from hullguard.yamlfile import check
from lab import engine, workload

TOOLS = ("syft", "trivy")
CVE = "CVE-2031-1234"
# A scanner takes about a second for each; HULLGUARD_MANY=50 takes as many as the aim was set for.
MANY = int(os.environ.get("HULLGUARD_MANY", "8"))


@pytest.fixture(scope="module")
def client() -> docker.DockerClient:
    return engine.ensure()


@pytest.fixture(scope="module")
def image(client: docker.DockerClient) -> str:
    workload.ensure(client)
    return workload.tag()


@pytest.fixture
def scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in TOOLS:
        if tools.find(load(name)) is None:
            pytest.skip(f"{name} is not here: ./nox -s tools")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> tuple[int, Any, str, float]:
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "hullguard", "scan", *arguments, "--format", "json"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "Traceback" not in done.stderr
        document = json.loads(done.stdout) if done.stdout else None
        if document:
            check(document, "report", "the report")
        return done.returncode, document, done.stderr, time.monotonic() - begun

    return run


@pytest.fixture
def databases(tmp_path: Path) -> str:
    trivy_db.write(tmp_path / "trivy", [trivy_db.Advisory(CVE, "nothing")])
    return str(tmp_path / "trivy")


def test_without_a_database_nothing_is_claimed(scan: Any, image: str) -> None:
    """An inventory alone is no answer to the question what is wrong."""
    code, document, err, _ = scan("image", image)
    assert (code, document) == (1, None)
    assert "No scanner could look" in err
    assert "no vulnerability database" in err


def test_a_second_scan_comes_from_the_cache(scan: Any, image: str, databases: str) -> None:
    _, first, _, _ = scan("image", image, "--databases", databases, "--fail-on", "never")
    _, again, _, seconds = scan("image", image, "--databases", databases, "--fail-on", "never")
    ran = [row for row in again["scans"] if row["status"] == "ran"]
    assert {row["tool"] for row in ran} == {"syft", "trivy"}
    assert all(row["cached"] for row in ran)
    assert again["findings"] == first["findings"]
    assert seconds < 2  # 0.6 s on an idle machine


def test_an_image_that_is_not_there(scan: Any) -> None:
    code, document, err, _ = scan("image", "hullguard-e2e/none:1")
    assert (code, document) == (2, None)
    assert "has no image hullguard-e2e/none:1" in err


def test_no_engine(scan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent.sock")
    code, document, err, _ = scan("image", "x")
    assert (code, document) == (1, None)
    assert "does not tell its images" in err


@pytest.fixture
def many(client: docker.DockerClient, image: str) -> Iterator[list[str]]:
    names = [f"hullguard-e2e/many:{number}" for number in range(MANY)]
    for name in names:
        client.images.get(image).tag(name)
    yield names
    for name in names:
        client.images.remove(name, noprune=True)


def test_many_images_with_bounded_memory(scan: Any, many: list[str]) -> None:
    script = (
        "import resource, subprocess, sys;"
        "code = subprocess.run(sys.argv[1:], stdout=open('out.json', 'w')).returncode;"
        "print(code, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, sys.executable, "-m", "hullguard", "scan", "image", *many,
         "--tool", "syft", "--format", "json", "--raw", "raw"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, kilobytes = map(int, done.stdout.split())
    document = json.loads(Path("out.json").read_text())
    assert code == 0
    assert [row["status"] for row in document["scans"]] == ["ran"] * MANY
    assert len(list(Path("raw").iterdir())) == MANY
    assert kilobytes < 400_000  # syft's own memory counts among the children


def test_the_exit_code_table(scan: Any, tmp_path: Path) -> None:
    if tools.find(load("hadolint")) is None:
        pytest.skip("hadolint is not here: ./nox -s tools")
    (tmp_path / "Dockerfile").write_text("FROM debian:12@sha256:" + "0" * 64 + "\nUSER root\n")
    code, document, _, _ = scan("dockerfile", "Dockerfile", "--tool", "hadolint")
    worst = document["findings"][0]["severity"]
    assert code == {"low": 10, "medium": 11, "high": 12, "critical": 13}[worst]
    assert scan("dockerfile", "Dockerfile", "--tool", "hadolint", "--fail-on", "critical")[0] == 0
    assert scan("dockerfile", "Dockerfile", "--fail-on", "never")[0] == 0
