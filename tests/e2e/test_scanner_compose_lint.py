"""The real compose-lint on small compose files."""

from __future__ import annotations

from pathlib import Path

import pytest
from scanners_support import sources
from scanners_support.sources import found

from hullguard.scanners.base import COMPOSE, Tool
from hullguard.scanners.scan import RAN, UNKNOWN, Scan

TIGHT = f"""services:
  web:
    image: nginx:1.27@sha256:{"a" * 64}
    user: "1000"
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    mem_limit: 100m
    cpus: 0.5
"""


@pytest.fixture
def tool() -> Tool:
    return found("compose-lint")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "app").mkdir()
    monkeypatch.chdir(tmp_path)


def scan(tool: Tool, text: str) -> Scan:
    Path("app/compose.yml").write_text(text)
    return sources.scan(tool, COMPOSE, "app/compose.yml")


def test_findings(tool: Tool) -> None:
    done = scan(tool, f"{TIGHT}    privileged: true\n    environment: {{DB_PASSWORD: c0rrecthorse}}\n")
    assert (done.status, done.reason) == (RAN, "")
    found = {finding.id: finding for finding in done.findings}
    assert sorted(found) == ["CL-0002", "CL-0020"]
    assert (found["CL-0002"].severity, found["CL-0002"].control) == ("critical", "privileged")
    assert found["CL-0002"].location is not None
    assert (found["CL-0002"].location.path, found["CL-0002"].location.line) == ("app/compose.yml", 10)
    assert "c0rrecthorse" not in repr(done.findings)
    assert b"c0rrecthorse" not in done.raw


def test_nothing_found(tool: Tool) -> None:
    done = scan(tool, TIGHT)
    assert (done.status, done.reason, done.findings) == (RAN, "", ())


def test_a_settings_file_hides_nothing(tool: Tool) -> None:
    text = 'rules:\n  CL-0002: {enabled: false, reason: "accepted"}\n'
    for folder in (".", "app"):
        Path(folder, ".compose-lint.yml").write_text(text)
    done = scan(tool, f"{TIGHT}    privileged: true\n")
    assert [finding.id for finding in done.findings] == ["CL-0002"]


def test_an_override_beside_it_is_another_file(tool: Tool) -> None:
    Path("app/compose.override.yml").write_text("services: {web: {privileged: false}}\n")
    done = scan(tool, f"{TIGHT}    privileged: true\n")
    assert [finding.id for finding in done.findings] == ["CL-0002"]


@pytest.mark.parametrize(
    "text",
    ["services: [\n", "foo: 1\n", "", "\x00\x01\x02", f"{TIGHT}include: [nothere.yml]\n"],
)
def test_what_it_can_not_follow_is_not_clean(text: str, tool: Tool) -> None:
    done = scan(tool, text)
    assert done.status == UNKNOWN
    assert done.reason
