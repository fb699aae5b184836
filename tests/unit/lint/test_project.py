from __future__ import annotations

from pathlib import Path
from typing import Any


def test_places(load: Any) -> None:
    project = load("services:\n  a:\n    image: x\n    deploy:\n      resources: {}\n    ports:\n      - a\n")
    assert project.place("a").line == 2
    assert project.place("a", ("ports", 0)).line == 7
    assert project.place("a", ("ports", 9)).line == 6
    assert project.place("a", ("deploy", "resources", "limits")).line == 5
    assert project.place("a", ("mem_limit",)).line == 2


def test_paths_that_lead_out(load: Any, tmp_path: Path) -> None:
    project = load("services: {}")
    assert project.outside("./data") is None
    assert project.outside(".") is None
    assert project.outside("../x") == str(tmp_path.resolve().parent / "x")
    (tmp_path / "run").symlink_to("/etc")
    assert project.outside("./run/ssh") == "/etc/ssh"
