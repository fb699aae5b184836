"""The real Syft."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scanners_support import engine, image_tar

from hullguard.scanners import load, scan, targets, tools
from hullguard.scanners.base import Settings, Target, Tool

SCANNER = load("syft")
LAYERS = image_tar.debian(("libssl3", "3.0.1-1", "openssl"))


@pytest.fixture(scope="module")
def tool() -> Tool:
    found = tools.find(SCANNER)
    if found is None:
        pytest.skip("syft is not here: ./nox -s tools")
    return found


def components(tool: Tool, target: Target) -> list[tuple[str, str]]:
    found = scan.one(SCANNER, tool, target, Settings(120), cached=False)
    assert (found.status, found.reason, found.findings) == ("ran", "", ())
    rows = json.loads(found.raw).get("components", [])
    return sorted((row["name"], row["version"]) for row in rows if row["type"] == "library")


def test_an_image_tar(tool: Tool, tmp_path: Path) -> None:
    path = image_tar.write(tmp_path / "app.tar", LAYERS)
    assert components(tool, Target("tar", "app.tar", path)) == [("libssl3", "3.0.1-1")]


def test_an_image_without_a_package(tool: Tool, tmp_path: Path) -> None:
    path = image_tar.write(tmp_path / "bare.tar", [{"hello": "x"}])
    assert components(tool, Target("tar", "bare.tar", path)) == []


def test_a_folder(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("requests==2.0.0\n")
    assert components(tool, Target("dir", ".", tmp_path)) == [("requests", "2.0.0")]


def test_a_tar_that_is_cut_is_unknown(tool: Tool, tmp_path: Path) -> None:
    path = image_tar.write(tmp_path / "app.tar", LAYERS)
    path.write_bytes(path.read_bytes()[:3000])
    found = scan.one(SCANNER, tool, Target("tar", "app.tar", path), Settings(120), cached=False)
    assert (found.status, found.raw) == ("unknown", b"")


def test_an_image_of_the_engine(tool: Tool, tmp_path: Path) -> None:
    with engine.loaded(image_tar.write(tmp_path / "app.tar", LAYERS)) as name:
        assert components(tool, targets.images([name])[0]) == [("libssl3", "3.0.1-1")]
