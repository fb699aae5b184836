from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from scanners_support import trivy_db

from hullguard.scanners import load, scan
from hullguard.scanners.base import Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.finding import Finding, Location, Package
from hullguard.scanners.trivy import SCANNER
from hullguard.verdict import Object

FIXTURES = Path(__file__).parent / "fixtures"
TOOL = Tool("trivy", Path("/usr/bin/trivy"), "0.76.0")
IMAGE = Target("image", "app:1", digest="sha256:1")
DIR = Target("dir", "src", Path("/scan/smalldir"))
# What stands in for a value that must not leave the machine.
PLANTED = (b"hunter2", b"planted-token")


def answer(name: str, said: str = "") -> Ran:
    return Ran((FIXTURES / f"trivy_{name}.json").read_bytes(), 0, said)


def changed(name: str, **more: Any) -> Ran:
    return Ran(json.dumps({**json.loads(answer(name).answer), **more}).encode(), 0, "")


def found(ran: Ran, target: Target = IMAGE) -> dict[str, Finding]:
    return {f"{one.id} {one.object.detail}".strip(): one for one in SCANNER.translate(ran, target, TOOL)}


def argv(target: Target, folder: Path, settings: Settings) -> list[str]:
    return SCANNER.job(TOOL, target, folder, settings).argv


@pytest.fixture
def databases(tmp_path: Path) -> Path:
    trivy_db.write(tmp_path / "databases", [trivy_db.Advisory("CVE-2099-0001", "openssl")])
    return tmp_path / "databases"


def test_it_is_registered_and_tells_its_version() -> None:
    assert load("trivy") is SCANNER
    assert SCANNER.version("Version: 0.76.0\nVulnerability DB:\n  Version: 2\n") == "0.76.0"
    with pytest.raises(Rubbish):
        SCANNER.version("trivy?")


def test_an_image() -> None:
    rows = found(answer("image"))
    assert {key: (row.severity, row.kind, row.control) for key, row in rows.items()} == {
        "github-pat /app/.env: line 2": ("critical", "secret", "image_secrets"),
        "github-pat configuration": ("critical", "secret", "image_secrets"),
        "CVE-2099-0001 debian 12.5": ("high", "vulnerability", None),
        "CVE-2099-0002 debian 12.5": ("medium", "vulnerability", None),
        "DS-0002 configuration": ("high", "misconfiguration", "image_user"),
        "DS-0017 configuration, step 2": ("high", "misconfiguration", "lone_package_update"),
        "DS-0026 configuration": ("low", "misconfiguration", "image_healthcheck"),
        "GPL-3.0-only": ("high", "license", None),
    }
    assert all(row.object.name == "app:1" and row.digest == "sha256:1" for row in rows.values())
    # The distribution's own severity, though another source says critical.
    assert rows["CVE-2099-0001 debian 12.5"].tool_severity == "HIGH"


def test_a_vulnerability_with_and_without_a_fix() -> None:
    rows = found(answer("image"))
    fixed, open_ = rows["CVE-2099-0001 debian 12.5"], rows["CVE-2099-0002 debian 12.5"]
    assert fixed.package == Package("libssl3", "3.0.1-1", "1:9.9.9-1")
    assert fixed.fix == "Update libssl3 to 1:9.9.9-1."
    assert fixed.references == (
        "https://avd.aquasec.com/nvd/cve-2099-0001",
        "https://example.com/advisory",
    )
    assert (open_.package, open_.fix) == (Package("libssl3", "3.0.1-1", ""), "")


def test_no_secret_leaves() -> None:
    ran = answer("image")
    assert all(planted in ran.answer for planted in PLANTED)
    told = repr(list(SCANNER.translate(ran, IMAGE, TOOL))).encode()
    assert not [planted for planted in PLANTED if planted in told or planted in SCANNER.kept(ran)]
    # What is kept still says the same.
    assert found(Ran(SCANNER.kept(ran), 0, "")) == found(ran)


def test_a_folder() -> None:
    said = 'ERROR\t[dockerfile scanner] Failed to parse file\tfile_path="Dockerfile.broken" err="parse"\n'
    rows = found(answer("dir", said), DIR)
    assert rows["github-pat"].object == Object("file", "deploy.sh")
    assert rows["github-pat"].location == Location("deploy.sh", 1, 1)
    assert rows["github-pat"].control is None
    assert rows["unchecked-file"].location == Location("Dockerfile.broken")
    assert set(rows) == {"github-pat", "unchecked-file"}


def test_a_dockerfile_is_named_as_it_was_given() -> None:
    target = Target("dockerfile", "../Dockerfile", Path("/x/Dockerfile"))
    assert found(answer("clean"), target) == {}
    report = json.loads(answer("image").answer)
    config = [row for row in report["Results"] if row["Class"] == "config"]
    rows = found(changed("clean", Results=config), target)
    assert {row.object for row in rows.values()} == {Object("file", "../Dockerfile")}
    assert rows["DS-0017"].location == Location("../Dockerfile", 2, 2)
    assert rows["DS-0002"].location == Location("../Dockerfile", 0, 0)


@pytest.mark.parametrize("name", ["DS002", "AVD-DS-0002", "DS-0002"])
def test_names_of_checks_in_older_releases(name: str) -> None:
    text = answer("image").answer.replace(b'"DS-0002"', json.dumps(name).encode())
    assert found(Ran(text, 0, ""))[f"{name} configuration"].control == "image_user"


def test_an_empty_answer_about_an_image_is_no_clean_one() -> None:
    rows = found(changed("image", Results=[], Metadata={}))
    assert set(rows) == {"unchecked-packages", "unchecked-configuration"}


def test_a_system_that_it_does_not_know() -> None:
    rows = found(changed("image", Metadata={"OS": {"Family": "none", "Name": ""}}))
    assert "unchecked-packages" in rows


def test_a_system_without_updates() -> None:
    rows = found(answer("end_of_life"))
    assert rows["end-of-life"].title.startswith("alpine 3.2.0 gets no security updates")


def test_an_sbom_whose_source_packages_it_does_not_read() -> None:
    target = Target("sbom", "bom.json", Path("/x/bom.json"))
    rows = found(answer("sbom"), target)
    assert set(rows) == {"unchecked-sources libssl3"}
    same = answer("sbom").answer.replace(b'"SrcName": "libssl3"', b'"SrcName": "openssl"')
    assert found(Ran(same, 0, ""), target) == {}


@pytest.mark.parametrize(
    "ran",
    [
        Ran(b"", 0, ""),
        Ran(b"[]", 0, ""),
        Ran(b"{}", 0, ""),
        Ran(answer("image").answer[:4000], 0, ""),
        changed("image", SchemaVersion=3),
        changed("image", ArtifactType="filesystem"),
        changed("image", ArtifactType=None),
        changed("image", Results="none"),
        changed("image", Results=[7]),
        changed("image", Results=[{"Target": "x", "Vulnerabilities": [{"VulnerabilityID": "CVE-1"}]}]),
        changed("image", Results=[{"Target": "x", "Secrets": [{}]}]),
        changed("image", Results=[{"Target": "x", "Misconfigurations": {"a": 1}}]),
    ],
)
def test_rubbish(ran: Ran) -> None:
    with pytest.raises((Rubbish, ValueError, KeyError, TypeError, AttributeError)):
        list(SCANNER.translate(ran, IMAGE, TOOL))


def test_a_dockerfile_that_it_could_not_read_is_no_clean_one() -> None:
    with pytest.raises(Rubbish, match="judged nothing"):
        found(changed("clean", Results=[]), Target("dockerfile", "Dockerfile"))


@pytest.mark.parametrize("kind", ["image", "tar", "dir", "sbom"])
def test_without_a_database_it_is_unknown(kind: str, tmp_path: Path) -> None:
    program = tmp_path / "trivy"
    program.write_text("#!/bin/sh\necho '{}'\n")
    program.chmod(0o755)
    settings = Settings(5, databases=tmp_path / "none")
    target = Target(kind, "app:1", None if kind == "image" else tmp_path / "x")
    ran = scan.one(SCANNER, replace(TOOL, path=program), target, settings, cached=False)
    assert (ran.status, ran.findings) == ("unknown", ())
    assert f"no vulnerability database in {tmp_path}/none" in ran.reason
    assert "--download-db-only" in ran.reason
    # Half of one is none.
    folder = trivy_db.write(tmp_path / "none", [])
    (folder / "trivy.db").unlink()
    assert scan.one(SCANNER, replace(TOOL, path=program), target, settings, cached=False).status == "unknown"


def test_a_dockerfile_needs_no_database(tmp_path: Path) -> None:
    source = tmp_path / "Dockerfile"
    source.write_text("FROM debian:12\n# trivy:ignore:DS-0002\n#TFSEC:ignore:*\nUSER root\n")
    (tmp_path / "work").mkdir()
    call = argv(Target("dockerfile", "d", source), tmp_path / "work", Settings(databases=tmp_path))
    assert call[1] == "config"
    assert "--skip-check-update" in call
    # What was judged has the same lines, and no comment that switches a check off.
    judged = Path(call[-1]).read_text().splitlines()
    assert judged == ["FROM debian:12", "# trivy-ignore:DS-0002", "#TFSEC-ignore:*", "USER root"]


def test_how_it_is_called(databases: Path, tmp_path: Path) -> None:
    settings = Settings(400, databases=databases)
    image = argv(IMAGE, tmp_path, settings)
    assert image[1] == "image"
    assert image[-4:] == ["--image-src", "docker", "--", "app:1"]
    for option in ("--skip-db-update", "--skip-java-db-update", "--offline-scan", "--skip-check-update"):
        assert option in image
        assert option not in argv(IMAGE, tmp_path, replace(settings, offline=False))
    assert image[image.index("--cache-dir") + 1] == str(databases)
    assert image[image.index("--timeout") + 1] == "405s"
    assert image[image.index("--ignorefile") + 1] == ""
    assert image[image.index("--image-config-scanners") + 1] == "misconfig,secret"
    assert image[image.index("--scanners") + 1] == "vuln,misconfig,secret"
    tar = argv(Target("tar", "a.tar", Path("/x/a.tar")), tmp_path, settings)
    assert tar[-2:] == ["--input", "/x/a.tar"]
    folder = argv(Target("dir", "src", Path("/x/src")), tmp_path, settings)
    assert (folder[1], folder[-2:]) == ("filesystem", ["--", "/x/src"])
    sbom = argv(Target("sbom", "b", Path("/x/b")), tmp_path, replace(settings, licenses=True))
    assert sbom[sbom.index("--scanners") + 1] == "vuln,license"


def test_what_its_answers_depend_on(databases: Path) -> None:
    settings = Settings(databases=databases)
    assert SCANNER.database(TOOL, settings) == f"db 2 {trivy_db.UPDATED}"
    assert SCANNER.database(TOOL, replace(settings, licenses=True)).endswith(", licenses")
    # With network a database that is not due is still the one that is used.
    assert SCANNER.database(TOOL, replace(settings, offline=False)) == f"db 2 {trivy_db.UPDATED}"
    trivy_db.write(databases, [], updated="2026-11-02T00:00:00Z")
    assert SCANNER.database(TOOL, settings) == "db 2 2026-11-02T00:00:00Z"


def test_what_would_be_fetched_anew_is_not_remembered(databases: Path) -> None:
    (databases / "db" / "metadata.json").write_text('{"Version": 2, "NextUpdate": "2020-01-01T00:00:00Z"}')
    online = Settings(databases=databases, offline=False)
    assert SCANNER.database(TOOL, online) != SCANNER.database(TOOL, online)
    broken = Settings(databases=databases / "nothing")
    assert SCANNER.database(TOOL, broken) == ""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "TRIVY_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_database_that_this_person_has(
    home: Path, databases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Rubbish, match=str(home / ".cache" / "trivy")):
        argv(IMAGE, home, Settings())
    monkeypatch.setenv("TRIVY_CACHE_DIR", str(databases))
    assert str(databases) in argv(IMAGE, home, Settings())
