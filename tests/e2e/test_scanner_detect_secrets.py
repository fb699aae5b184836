"""What is detect-secrets' own; what it shares with gitleaks is in test_scanners_of_secrets.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from scanners_support.sources import KEY, found, places, scan

from hullguard.scanners.base import DIR, Tool
from hullguard.scanners.scan import UNKNOWN


@pytest.fixture
def tool() -> Tool:
    return found("detect-secrets")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app" / "deploy").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)


def test_a_comment_hides_nothing(tool: Tool) -> None:
    Path("app/app.env").write_text(f"AWS_ACCESS_KEY_ID={KEY}  # pragma: allowlist secret\n")
    assert places(scan(tool, DIR, "app")) == {("app.env", 1)}


def test_a_folder_of_what_it_does_not_read_is_not_clean(tool: Tool) -> None:
    Path("app/key.bin").write_text(KEY)
    done = scan(tool, DIR, "app")
    assert (done.status, done.reason) == (UNKNOWN, "found nothing that it can read")
