"""The real Trivy, with a vulnerability database made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from scanners_support import engine, image_tar, trivy_db

from hullguard.scanners import load, scan, targets, tools
from hullguard.scanners.base import Settings, Target, Tool

SCANNER = load("trivy")
HISTORY = (
    "/bin/sh -c #(nop) ADD file:0123 in / ",
    "RUN /bin/sh -c apt-get update # buildkit",
    "ADD app /app # buildkit",
)
# Made up here, in two parts, so that no scanner takes this file for a leak.
TOKEN = "gh" + "p_0123456789abcdefABCDEF0123456789abcd"
OPENSSL = ("libssl3", "3.0.1-1", "openssl")


@pytest.fixture(scope="module")
def tool() -> Tool:
    found = tools.find(SCANNER)
    if found is None:
        pytest.skip("trivy is not here: ./nox -s tools")
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    advisories = [
        trivy_db.Advisory("CVE-2099-0001", "openssl", fixed="1:9.9.9-1", debian=3, nvd=4),
        trivy_db.Advisory("CVE-2099-0002", "openssl", debian=2),
        trivy_db.Advisory("CVE-2099-0003", "openssl", fixed="2.0-1"),  # older than what is installed
        trivy_db.Advisory("CVE-2099-0004", "another"),
    ]
    trivy_db.write(tmp_path / "databases", advisories)
    return Settings(120, databases=tmp_path / "databases")


def one(tool: Tool, target: Target, settings: Settings) -> scan.Scan:
    return scan.one(SCANNER, tool, target, settings, cached=False)


def tar(tmp_path: Path, name: str = "app.tar", version: str = OPENSSL[1], **more: object) -> Target:
    layers = [*image_tar.debian(("libssl3", version, "openssl")), {"app": "x"}]
    image_tar.write(tmp_path / name, layers, history=HISTORY, **more)  # type: ignore[arg-type]
    return replace(targets.files("tar", [str(tmp_path / name)])[0], name=name)


def test_fixed_unfixed_and_none(tool: Tool, settings: Settings, tmp_path: Path) -> None:
    found = one(tool, tar(tmp_path), settings)
    assert (found.status, found.reason) == ("ran", "")
    holes = {
        f.id: (f.severity, f.package and f.package.fixed) for f in found.findings if f.kind == "vulnerability"
    }
    assert holes == {"CVE-2099-0001": ("high", "1:9.9.9-1"), "CVE-2099-0002": ("medium", "")}
    updated = one(tool, tar(tmp_path, "new.tar", "1:9.9.9-1"), settings)
    assert [f.id for f in updated.findings if f.kind == "vulnerability"] == ["CVE-2099-0002"]


def test_the_images_own_configuration_and_secrets(tool: Tool, settings: Settings, tmp_path: Path) -> None:
    config = {"Env": [f"GITHUB_TOKEN={TOKEN}", "DB_PASSWORD=planted-env"]}
    found = one(tool, tar(tmp_path, config=config), settings)
    controls = {f.control for f in found.findings if f.control}
    assert controls == {
        "image_user",
        "image_healthcheck",
        "copy_not_add",
        "lone_package_update",
        "image_secrets",
    }
    assert TOKEN not in repr(found.findings)
    assert "planted-env" not in repr(found.findings)


def test_no_database_is_unknown(tool: Tool, settings: Settings, tmp_path: Path) -> None:
    found = one(tool, tar(tmp_path), replace(settings, databases=tmp_path / "none"))
    assert (found.status, found.findings) == ("unknown", ())
    assert "no vulnerability database" in found.reason


def test_a_database_that_is_none_is_unknown(tool: Tool, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "databases" / "db" / "trivy.db").write_bytes(b"junk" * 5000)
    found = one(tool, tar(tmp_path), settings)
    assert (found.status, found.findings) == ("unknown", ())


def test_a_system_it_does_not_know_is_no_clean_one(tool: Tool, settings: Settings, tmp_path: Path) -> None:
    image_tar.write(tmp_path / "bare.tar", [{"hello": "x"}])
    found = one(tool, Target("tar", "bare.tar", tmp_path / "bare.tar"), settings)
    assert {f.id for f in found.findings} == {"unchecked-packages", "unchecked-configuration"}


def test_a_dockerfile(tool: Tool, settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "Containerfile.web"
    target = Target("dockerfile", "web/Containerfile.web", path)
    path.write_text("FROM debian:12\n#trivy:ignore:*\nADD a /b\n")
    found = one(tool, target, replace(settings, databases=tmp_path / "none"))
    rows = {f.id: f for f in found.findings}
    assert set(rows) == {"DS-0002", "DS-0005", "DS-0026"}
    assert rows["DS-0005"].location is not None
    assert (rows["DS-0005"].location.path, rows["DS-0005"].location.line) == (target.name, 3)
    path.write_text('FROM debian:12\nCOPY a /b\nHEALTHCHECK CMD ["x"]\nUSER app\n')
    assert (one(tool, target, settings).status, one(tool, target, settings).findings) == ("ran", ())
    for junk in (b"FROMM x\n", b"", bytes(range(256)) * 8):
        path.write_bytes(junk)
        assert one(tool, target, settings).status == "unknown"


def test_a_folder(tool: Tool, settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "src"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "deploy.sh").write_text(f'token="{TOKEN}"\n')
    (folder / "Dockerfile").write_text("FROMM x\n")
    (folder / ".trivyignore").write_text("github-pat\n")
    found = one(tool, Target("dir", "src", folder), settings)
    places = {f.id: f.location and f.location.path for f in found.findings}
    assert places == {"github-pat": "deep/deploy.sh", "unchecked-file": "Dockerfile"}


def test_side_by_side(tool: Tool, settings: Settings, tmp_path: Path) -> None:
    images = [tar(tmp_path, f"{number}.tar") for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda image: one(tool, image, settings), images))
    assert {(f.status, f.reason, len(f.findings)) for f in found} == {("ran", "", 6)}


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[Target]:
    with engine.loaded(
        image_tar.write(tmp_path / "e.tar", image_tar.debian(OPENSSL), history=HISTORY[:2])
    ) as name:
        yield targets.images([name])[0]


def test_an_image_of_the_engine(tool: Tool, settings: Settings, loaded: Target) -> None:
    found = one(tool, loaded, settings)
    assert (found.status, found.reason) == ("ran", "")
    assert {f.id for f in found.findings} == {
        "CVE-2099-0001",
        "CVE-2099-0002",
        "DS-0002",
        "DS-0017",
        "DS-0026",
    }
    assert {(f.object.name, f.digest) for f in found.findings} == {(loaded.name, loaded.digest)}
    gone = one(tool, Target("image", "hullguard-test:gone"), settings)
    assert (gone.status, gone.findings) == ("unknown", ())
