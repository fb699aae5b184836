"""The real hadolint on small Dockerfiles."""

from __future__ import annotations

from pathlib import Path

import pytest
from scanners_support import sources
from scanners_support.sources import found

from hullguard.scanners.base import DOCKERFILE, Tool
from hullguard.scanners.scan import RAN, UNKNOWN, Scan


@pytest.fixture
def tool() -> Tool:
    return found("hadolint")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def scan(tool: Tool, text: str | bytes) -> Scan:
    Path("Dockerfile").write_bytes(text.encode() if isinstance(text, str) else text)
    return sources.scan(tool, DOCKERFILE, "Dockerfile")


def test_findings(tool: Tool) -> None:
    done = scan(tool, "FROM debian:12.5\nADD run.sh /\nUSER root\n")
    assert (done.status, done.reason) == (RAN, "")
    found = {finding.id: finding for finding in done.findings}
    assert found["DL3020"].location is not None
    assert (found["DL3020"].location.path, found["DL3020"].location.line) == ("Dockerfile", 2)
    assert found["DL3002"].control == "image_user"


def test_nothing_found(tool: Tool) -> None:
    done = scan(tool, 'FROM debian:12.5\nUSER 1000\nCMD ["true"]\n')
    assert (done.status, done.findings) == (RAN, ())


def test_neither_a_comment_nor_a_settings_file_hides_a_finding(tool: Tool) -> None:
    for name in (".hadolint.yaml", ".hadolint.yml"):
        Path(name).write_text("ignored: [DL3004, DL3020]\n")
    done = scan(tool, "FROM debian:12.5\n# hadolint ignore=DL3004\nRUN sudo true\nADD a /\n")
    assert {"DL3004", "DL3020"} <= {finding.id for finding in done.findings}


@pytest.mark.parametrize("text", ['FROM debian\nRUN [ "a",\nFOO bar\n', b"\x00\x01\x7fELF\xff\xfe"])
def test_what_is_no_dockerfile_is_not_clean(text: str | bytes, tool: Tool) -> None:
    done = scan(tool, text)
    assert done.status == RAN
    assert [(finding.id, finding.severity) for finding in done.findings] == [("DL1000", "high")]


def test_an_empty_file_is_not_clean(tool: Tool) -> None:
    done = scan(tool, "# nothing\n")
    assert (done.status, done.reason) == (
        UNKNOWN,
        "the file holds no instruction, so there was nothing to judge",
    )
