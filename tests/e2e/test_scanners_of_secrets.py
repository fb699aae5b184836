"""What gitleaks and detect-secrets both have to find in small files with made-up secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
from scanners_support.sources import KEY, PASSWORD, found, places, scan

from hullguard.scanners.base import COMPOSE, DIR, DOCKERFILE, Tool
from hullguard.scanners.scan import RAN


@pytest.fixture(params=["detect-secrets", "gitleaks"])
def tool(request: pytest.FixtureRequest) -> Tool:
    return found(request.param)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app" / "deploy").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)


def test_secrets_in_a_folder_are_placed_and_not_told(tool: Tool) -> None:
    Path("app/deploy/app.env").write_text(f'AWS_ACCESS_KEY_ID={KEY}\npassword = "{PASSWORD}"\n')
    done = scan(tool, DIR, "app")
    assert (done.status, done.reason) == (RAN, "")
    assert places(done) == {("deploy/app.env", 1), ("deploy/app.env", 2)}
    assert {finding.severity for finding in done.findings} == {"high"}
    for secret in (KEY, PASSWORD):
        assert secret not in repr(done.findings)
        assert secret.encode() not in done.raw


def test_a_secret_in_a_dockerfile(tool: Tool) -> None:
    Path("app/Dockerfile").write_text(f"FROM debian:12.5\nENV AWS_ACCESS_KEY_ID={KEY}\n")
    done = scan(tool, DOCKERFILE, "app/Dockerfile")
    assert places(done) == {("app/Dockerfile", 2)}
    assert "image_secrets" in {finding.control for finding in done.findings}


def test_a_secret_in_a_compose_file(tool: Tool) -> None:
    text = f"services:\n  web:\n    environment:\n      DB_PASSWORD: {PASSWORD}\n"
    Path("app/compose.yml").write_text(text)
    assert places(scan(tool, COMPOSE, "app/compose.yml")) == {("app/compose.yml", 4)}


def test_nothing_found(tool: Tool) -> None:
    Path("app/readme.txt").write_text("hello\n")
    done = scan(tool, DIR, "app")
    assert (done.status, done.findings) == (RAN, ())
