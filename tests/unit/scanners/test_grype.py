from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hullguard.scanners import load
from hullguard.scanners.base import Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.finding import Finding, Location, Package
from hullguard.scanners.grype import SCANNER
from hullguard.verdict import Object

ANSWER = (Path(__file__).parent / "fixtures" / "grype.json").read_bytes()
TOOL = Tool("grype", Path("/usr/bin/grype"), "0.90.0")
IMAGE = Target("image", "app:1", digest="sha256:1")


def changed(**more: Any) -> bytes:
    return json.dumps({**json.loads(ANSWER), **more}).encode()


def found(data: bytes, target: Target = IMAGE) -> list[Finding]:
    return list(SCANNER.translate(Ran(data, 0, ""), target, TOOL))


def test_it_is_registered_and_tells_its_version() -> None:
    assert load("grype") is SCANNER
    assert SCANNER.version("grype 0.90.0") == "0.90.0"
    with pytest.raises(Rubbish):
        SCANNER.version("0.90.0")


def test_matches() -> None:
    first, second = found(ANSWER)
    assert first == Finding(
        id="CVE-2099-0001",
        title="A hole in openssl.",
        severity="high",
        kind="vulnerability",
        object=Object("image", "app:1", "var/lib/dpkg/status"),
        tool="grype",
        tool_version="0.90.0",
        tool_severity="High",
        package=Package("libssl3", "3.0.1-1", "1:9.9.9-1"),
        fix="Update libssl3 to 1:9.9.9-1.",
        references=(
            "https://security-tracker.debian.org/tracker/CVE-2099-0001",
            "https://example.com/advisory",
        ),
        digest="sha256:1",
    )
    assert (second.title, second.severity, second.tool_severity) == (second.id, "low", "Negligible")
    assert (second.package, second.fix) == (Package("left-pad", "1.0.0", ""), "")


def test_a_folder_names_the_file() -> None:
    first, _ = found(ANSWER, Target("dir", "src", Path("/x/src")))
    assert (first.object, first.location) == (
        Object("file", "var/lib/dpkg/status"),
        Location("var/lib/dpkg/status"),
    )


def test_nothing_found_means_something_where_the_system_was_recognised() -> None:
    assert found(changed(matches=[])) == []
    for distro in (None, {"name": "", "version": ""}):
        (only,) = found(changed(matches=[], distro=distro))
        assert (only.id, only.kind) == ("unchecked-packages", "misconfiguration")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        ANSWER[:700],
        changed(matches=None),
        changed(matches=[{}]),
        changed(descriptor={"name": "other"}),
    ],
)
def test_rubbish(data: bytes) -> None:
    with pytest.raises((Rubbish, ValueError, KeyError, TypeError)):
        found(data)


def test_what_may_be_secret_is_not_kept() -> None:
    kept = SCANNER.kept(Ran(ANSWER, 0, ""))
    assert not [word for word in (b"hunter2", b"aHVudGVyMi") if word in kept]
    assert found(kept) == found(ANSWER)


def test_offline_it_needs_a_database(tmp_path: Path) -> None:
    settings = Settings(databases=tmp_path)
    with pytest.raises(Rubbish, match=f"GRYPE_DB_CACHE_DIR={tmp_path} grype db update"):
        SCANNER.job(TOOL, IMAGE, tmp_path, settings)
    (tmp_path / "6").mkdir()
    (tmp_path / "6" / "vulnerability.db").write_text("x")
    job = SCANNER.job(TOOL, IMAGE, tmp_path, settings)
    assert job.argv[1] == "docker:app:1"
    assert job.environment == {
        "GRYPE_DB_AUTO_UPDATE": "false",
        "GRYPE_CHECK_FOR_APP_UPDATE": "false",
        "GRYPE_DB_CACHE_DIR": str(tmp_path),
    }
    assert SCANNER.database(TOOL, settings) == SCANNER.database(TOOL, settings) != ""
    online = replace(settings, offline=False)
    assert SCANNER.job(TOOL, IMAGE, tmp_path, online).environment["GRYPE_DB_AUTO_UPDATE"] == "true"
    assert SCANNER.database(TOOL, online) != SCANNER.database(TOOL, online)
