"""The real checkov on small sources. Each run takes some seconds."""

from __future__ import annotations

from pathlib import Path

import pytest
from scanners_support.sources import KEY, found, scan

from hullguard.scanners.base import DIR, DOCKERFILE, Tool
from hullguard.scanners.scan import RAN, UNKNOWN


@pytest.fixture(scope="module")
def tool() -> Tool:
    return found("checkov")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app" / "deploy").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)


def test_a_folder_whose_own_settings_hide_nothing(tool: Tool) -> None:
    skip = "#checkov:skip=CKV_DOCKER_2:no health check"
    Path("app/Dockerfile").write_text(f"FROM debian:12.5\n{skip}\nADD run.sh /\nUSER root\n")
    Path("app/deploy/app.env").write_text(f"AWS_ACCESS_KEY_ID={KEY}\n")
    for name in (".checkov.yaml", ".checkov.yml"):
        Path("app", name).write_text("skip-check: [CKV_DOCKER_4, CKV_SECRET_2]\n")
    done = scan(tool, DIR, "app")
    assert (done.status, done.reason) == (RAN, "")
    found = {(f.id, f.object.name, f.control) for f in done.findings}
    assert found >= {
        ("CKV_DOCKER_2", "Dockerfile", "image_healthcheck"),
        ("CKV_DOCKER_4", "Dockerfile", "copy_not_add"),
        ("CKV_DOCKER_8", "Dockerfile", "image_user"),
        ("CKV_SECRET_2", "deploy/app.env", None),
    }
    assert KEY not in repr(done.findings)


def test_a_dockerfile_of_another_name(tool: Tool) -> None:
    Path("app/build.txt").write_text('FROM debian:12.5\nUSER 1000\nHEALTHCHECK CMD ["true"]\nADD a /\n')
    done = scan(tool, DOCKERFILE, "app/build.txt")
    assert [(f.id, f.location and f.location.path) for f in done.findings] == [
        ("CKV_DOCKER_4", "app/build.txt")
    ]


def test_nothing_found(tool: Tool) -> None:
    Path("app/Dockerfile").write_text('FROM debian:12.5\nUSER 1000\nHEALTHCHECK CMD ["true"]\n')
    done = scan(tool, DOCKERFILE, "app/Dockerfile")
    assert (done.status, done.findings) == (RAN, ())


def test_nothing_checked_is_not_clean(tool: Tool) -> None:
    Path("app/readme.txt").write_text("hello\n")
    done = scan(tool, DIR, "app")
    assert (done.status, done.reason) == (UNKNOWN, "found nothing that it can check")
    Path("app/Dockerfile").write_bytes(b"\x00\x01\xff")
    assert scan(tool, DOCKERFILE, "app/Dockerfile").status == UNKNOWN
