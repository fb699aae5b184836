"""The real docker-bench-security on this machine's engine, beside our own verdicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hullguard.scanners import load, scan, targets, tools
from hullguard.scanners.base import Settings, Tool
from hullguard.scanners.docker_bench import checks
from lab import engine

SCANNER = load("docker-bench")


@pytest.fixture(scope="module")
def tool() -> Tool:
    found = tools.find(SCANNER)
    if found is None:
        pytest.skip("docker-bench-security is not here: name its checkout in DOCKER_BENCH_DIR")
    if os.geteuid() != 0:
        pytest.skip("docker-bench-security needs root")
    engine.ensure()
    return found


def state(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if ".git" not in path.parts
    }


def test_it_runs_and_leaves_its_checkout_alone(tool: Tool) -> None:
    folder = Path(os.environ["DOCKER_BENCH_DIR"])
    before = state(folder)
    done = scan.one(SCANNER, tool, targets.host(), Settings(600), cached=False)
    assert (done.status, done.reason) == (scan.RAN, "")
    assert done.version == "1.6.0"
    assert {finding.tool_severity for finding in done.findings} == {"WARN"}
    assert all(finding.control for finding in done.findings)
    assert len(checks(done.raw)) in (86, 117)
    assert state(folder) == before


def test_without_an_engine_it_is_unknown(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    done = scan.one(SCANNER, tool, targets.host(), Settings(60), cached=False)
    assert done.status == scan.UNKNOWN
    assert "Error connecting to docker daemon" in done.reason


def test_stopped_halfway_it_is_unknown(tool: Tool) -> None:
    done = scan.one(SCANNER, tool, targets.host(), Settings(0.5), cached=False)
    assert (done.status, done.findings) == (scan.UNKNOWN, ())


def test_every_disagreement_on_this_host_is_a_known_one(tool: Tool) -> None:
    command = [sys.executable, "-m", "hullguard", "bench", "--compare", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 10), done.stderr
    rows: list[dict[str, Any]] = json.loads(done.stdout)["rows"]
    assert len(rows) == 117
    states = {row["agreement"] for row in rows}
    assert {"same", "known"} <= states
    riddles = [
        (row["number"], row["id"], row["docker_bench"], row["hullguard"], row["reason"])
        for row in rows
        if row["agreement"] == "unexplained"
    ]
    assert riddles == []
    assert done.returncode == 0
