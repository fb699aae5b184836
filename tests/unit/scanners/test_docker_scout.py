from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hullguard.scanners import handling, load
from hullguard.scanners.base import Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.docker_scout import SCANNER
from hullguard.scanners.finding import Finding, Package
from hullguard.verdict import Object

ANSWER = (Path(__file__).parent / "fixtures" / "docker_scout.json").read_bytes()
TOOL = Tool("docker-scout", Path("/usr/bin/docker-scout"), "1.15.0")
IMAGE = Target("image", "app:1", digest="sha256:1")


def changed(old: str, new: Any) -> bytes:
    assert old.encode() in ANSWER
    return ANSWER.replace(old.encode(), str(new).encode())


def found(data: bytes) -> list[Finding]:
    return list(SCANNER.translate(Ran(data, 0, ""), IMAGE, TOOL))


def test_it_is_registered_and_only_run_when_asked_for() -> None:
    assert load("docker-scout") is SCANNER
    assert SCANNER not in handling("image")
    assert SCANNER in handling("image", ("docker-scout",))


def test_its_version() -> None:
    assert SCANNER.version("\n  art\n\nversion: v1.15.0 (go1.22.5 - linux/amd64)\ngit commit: x") == "1.15.0"
    with pytest.raises(Rubbish):
        SCANNER.version("go1.22.5")


def test_each_package_of_each_rule() -> None:
    first, second, third = found(ANSWER)
    assert first == Finding(
        id="CVE-2099-0001",
        title="A hole",
        severity="critical",
        kind="vulnerability",
        object=Object("image", "app:1", "pkg:deb/debian/openssl@3.0.1-1%2Bdeb12u1"),
        tool="docker-scout",
        tool_version="1.15.0",
        tool_severity="CRITICAL",
        package=Package("openssl", "3.0.1-1+deb12u1", "1:9.9.9-1"),
        fix="Update openssl to 1:9.9.9-1.",
        references=("https://scout.docker.com/v/CVE-2099-0001",),
        digest="sha256:1",
    )
    assert second.package == Package("left-pad", "1.0.0", "1:9.9.9-1")
    # An older form: one package, no rating.
    assert (third.severity, third.tool_severity) == ("medium", "UNSPECIFIED")
    assert (third.package, third.fix) == (Package("xstream", "1.4.5", ""), "")


def test_none() -> None:
    data = json.loads(ANSWER)
    data["runs"][0]["tool"]["driver"]["rules"] = data["runs"][0]["results"] = []
    assert found(json.dumps(data).encode()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b'{"runs": []}',
        ANSWER[:900],
        changed('"docker scout"', '"other"'),
        changed('"ruleId": "GMS-2099-1"', '"ruleId": "CVE-2099-9"'),
        changed('"purl": "pkg:maven', '"purl": "maven'),
        changed('"purl"', '"package"'),
    ],
)
def test_rubbish(data: bytes) -> None:
    with pytest.raises((Rubbish, ValueError, KeyError, TypeError)):
        found(data)


def test_it_does_not_run_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Rubbish, match="offline"):
        SCANNER.job(TOOL, IMAGE, tmp_path, Settings())
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DOCKER_CONFIG", raising=False)
    (tmp_path / ".docker").mkdir()
    job = SCANNER.job(TOOL, IMAGE, tmp_path, Settings(offline=False))
    assert job.argv[-1] == "local://app:1"
    assert job.environment == {"DOCKER_CONFIG": str(tmp_path / ".docker")}
    tar = SCANNER.job(TOOL, Target("tar", "a", Path("/x/a.tar")), tmp_path, Settings(offline=False))
    assert tar.argv[-1] == "archive:///x/a.tar"


def test_the_plugin_is_found_in_the_docker_commands_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    plugin = tmp_path / ".docker" / "cli-plugins" / "docker-scout"
    plugin.parent.mkdir(parents=True)
    plugin.write_text("")
    assert SCANNER.locate() == plugin
