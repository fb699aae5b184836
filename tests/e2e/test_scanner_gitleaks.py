"""What is gitleaks' own; what it shares with detect-secrets is in test_scanners_of_secrets.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from scanners_support.sources import KEY, found, places, scan

from hullguard.scanners import load
from hullguard.scanners.base import DIR, Settings, Tool
from hullguard.scanners.scan import UNKNOWN, one
from hullguard.scanners.targets import files


@pytest.fixture
def tool() -> Tool:
    return found("gitleaks")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app" / "deploy").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)


def test_files_of_its_own_in_the_folder_hide_nothing(tool: Tool) -> None:
    Path("app/app.env").write_text(f"AWS_ACCESS_KEY_ID={KEY}\n")
    Path("app/.gitleaks.toml").write_text("[allowlist]\npaths = ['''.*''']\n")
    rule = "app.env:aws-access-token:1"
    Path("app/.gitleaksignore").write_text(f"{rule}\n{Path('app').resolve()}/{rule}\n")
    assert places(scan(tool, DIR, "app")) == {("app.env", 1)}


def test_a_folder_that_went_away_is_not_clean(tool: Tool) -> None:
    (target,) = files(DIR, ["app/deploy"])
    Path("app/deploy").rmdir()
    assert one(load(tool.name), tool, target, Settings(), cached=False).status == UNKNOWN
