from __future__ import annotations

import json
from pathlib import Path

import pytest
from unit.cli.conftest import Run
from unit.support.fake_engine import FakeEngine

from hullguard import collect


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "processes", lambda: iter([]))
    monkeypatch.setattr(collect, "glob", lambda _pattern: [])


def test_evidence_is_printed_and_nothing_else(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeEngine() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        done = run("collect")
    assert done.code == 0
    assert json.loads(done.out)["engines"][0]["reachable"] is True


def test_what_was_not_seen_is_said(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none")
    done = run("collect", "-o", tmp_path / "host.json")
    assert done.code == 0
    assert "not seen: system.engine" in done.err
    assert (tmp_path / "host.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "host.json").read_text())["schema"] == "hullguard/evidence/1"


def test_what_it_collects_can_be_judged(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with FakeEngine() as engine:
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        run("collect", "-o", tmp_path / "host.json")
    done = run("audit", "-e", tmp_path / "host.json", "--format", "json", "--fail-on", "never")
    assert json.loads(done.out)["hosts"][0]["summary"]["unknown"] > 0
