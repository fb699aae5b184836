from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hullguard.scanners import load
from hullguard.scanners.base import Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.syft import SCANNER

FIXTURES = Path(__file__).parent / "fixtures"
TOOL = Tool("syft", Path("/usr/bin/syft"), "1.18.1")
IMAGE = Target("image", "app:1")


def answer(name: str) -> bytes:
    return (FIXTURES / f"syft_{name}.json").read_bytes()


def changed(**more: Any) -> bytes:
    return json.dumps({**json.loads(answer("image")), **more}).encode()


def test_it_is_registered_and_tells_its_version() -> None:
    assert load("syft") is SCANNER
    assert SCANNER.version("syft 1.18.1\n") == "1.18.1"
    with pytest.raises(Rubbish):
        SCANNER.version("1.18.1")


@pytest.mark.parametrize("name", ["image", "empty"])
def test_an_inventory_finds_nothing(name: str) -> None:
    assert list(SCANNER.translate(Ran(answer(name), 0, ""), IMAGE, TOOL)) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        answer("image")[:900],
        changed(bomFormat="SPDX"),
        changed(specVersion=None),
        changed(metadata={}),
        changed(components={"a": 1}),
        changed(components=[{"type": "library"}]),
    ],
)
def test_rubbish(data: bytes) -> None:
    with pytest.raises((Rubbish, ValueError, KeyError, TypeError)):
        SCANNER.translate(Ran(data, 0, ""), IMAGE, TOOL)


def test_labels_are_not_kept() -> None:
    assert b"hunter2" in answer("image")
    kept = SCANNER.kept(Ran(answer("image"), 0, ""))
    assert b"hunter2" not in kept
    assert json.loads(kept)["components"] == json.loads(answer("image"))["components"]
    assert json.loads(SCANNER.kept(Ran(answer("empty"), 0, ""))) == json.loads(answer("empty"))


def test_how_it_is_called(tmp_path: Path) -> None:
    job = SCANNER.job(TOOL, IMAGE, tmp_path, Settings())
    assert job.argv == ["/usr/bin/syft", "scan", "--output", "cyclonedx-json", "docker:app:1"]
    assert job.environment == {"SYFT_CHECK_FOR_APP_UPDATE": "false"}
