from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from catalogue.baseline import evidence
from unit.preview.hosts import plan

from hullguard.errors import HullguardError, InputError
from hullguard.runs import Side, load_side


def run(reports: Path, name: str, when: str, *hosts: str, seen: bool = True) -> Path:
    """Write a run's evidence and return its folder."""
    folder = reports / name / "evidence"
    folder.mkdir(parents=True)
    for host in hosts:
        document = evidence() | {"collected_at": when}
        document["host"] = document["host"] | {"name": host}
        if not seen:
            document["engines"] = []
        (folder / f"{host}.json").write_text(json.dumps(document))
    return folder.parent


def side(path: Path, later: Side | None = None) -> Side:
    return load_side(path, plan, "2026-11-27T00:00:00Z", later)


def times(found: Side) -> dict[str, Any]:
    return {host["name"]: host["collected_at"] for host in found.report["hosts"]}


def test_a_run_is_its_evidence(tmp_path: Path) -> None:
    found = side(run(tmp_path, "one", "2026-11-20T00:00:00Z", "a", "b"))
    assert set(found.evidence or {}) == {"a", "b"}


def test_each_host_has_its_own_last_good_run(tmp_path: Path) -> None:
    run(tmp_path, "1", "2026-11-20T00:00:00Z", "a", "b")
    run(tmp_path, "2", "2026-11-21T00:00:00Z", "a")
    run(tmp_path, "2b", "2026-11-21T00:00:01Z", "b", seen=False)
    later = side(run(tmp_path, "3", "2026-11-22T00:00:00Z", "a", "b"))
    run(tmp_path, "4", "2026-11-23T00:00:00Z", "a", "b")
    assert times(side(tmp_path, later)) == {"a": "2026-11-21T00:00:00Z", "b": "2026-11-20T00:00:00Z"}


def test_a_first_run_has_none(tmp_path: Path) -> None:
    later = side(run(tmp_path, "1", "2026-11-22T00:00:00Z", "a"))
    with pytest.raises(HullguardError, match="no earlier run") as told:
        side(tmp_path, later)
    assert told.value.exit_code == 1


def test_an_empty_folder_is_wrong_usage(tmp_path: Path) -> None:
    later = side(run(tmp_path / "r", "1", "2026-11-22T00:00:00Z", "a"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no \*\.json"):
        side(tmp_path / "empty", later)
