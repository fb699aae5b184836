"""The real cosign, against a registry on the loopback interface."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from scanners_support.registry import Registry, running

from hullguard.scanners import load, scan, tools
from hullguard.scanners.base import Settings, Target, Tool

SCANNER = load("cosign")


@pytest.fixture(scope="module")
def tool() -> Tool:
    found = tools.find(SCANNER)
    if found is None:
        pytest.skip("cosign is not here: ./nox -s tools")
    return found


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running() as one:
        yield one


def run(tool: Tool, folder: Path, *arguments: str) -> None:
    environment = {**os.environ, "COSIGN_PASSWORD": "", "HOME": str(folder)}
    subprocess.run([tool.path, *arguments], cwd=folder, env=environment, check=True, capture_output=True)


def key(tool: Tool, folder: Path, name: str) -> Path:
    run(tool, folder, "generate-key-pair", "--output-key-prefix", name)
    return folder / f"{name}.pub"


def sign(tool: Tool, folder: Path, name: str, image: str, *, bundle: bool = False) -> None:
    told = subprocess.run([tool.path, "sign", "--help"], capture_output=True, text=True, check=False)
    options = ["--tlog-upload=false", "--yes", "--key", f"{name}.key"]
    if "--use-signing-config" in told.stdout + told.stderr:  # 3.x
        options += ["--use-signing-config=false", f"--new-bundle-format={str(bundle).lower()}"]
    elif bundle:
        pytest.skip("this cosign does not write signatures in the form of 3.x")
    run(tool, folder, "sign", *options, image)


def one(tool: Tool, image: str, *keys: Path) -> scan.Scan:
    settings = Settings(60, keys=keys)
    return scan.one(SCANNER, tool, Target("image", image, digest="sha256:1"), settings, cached=False)


def test_signed_by_one_of_the_keys(tool: Tool, registry: Registry, tmp_path: Path) -> None:
    image, right, other = registry.add("app"), key(tool, tmp_path, "right"), key(tool, tmp_path, "other")
    sign(tool, tmp_path, "right", image)
    for keys in ((right,), (right, other), (other, right)):
        found = one(tool, image, *keys)
        assert (found.status, found.findings, found.reason) == ("ran", (), "")
    assert image.partition("@")[2].encode() in found.raw
    wrong = one(tool, image, other)
    assert (wrong.status, [(f.id, f.severity, f.kind) for f in wrong.findings]) == (
        "ran",
        [("wrong-key", "high", "signature")],
    )


def test_a_signature_in_the_new_form(tool: Tool, registry: Registry, tmp_path: Path) -> None:
    image, right, other = registry.add("app"), key(tool, tmp_path, "right"), key(tool, tmp_path, "other")
    sign(tool, tmp_path, "right", image, bundle=True)
    assert (one(tool, image, right).status, one(tool, image, right).findings) == ("ran", ())
    assert [f.id for f in one(tool, image, other).findings] == ["wrong-key"]


def test_unsigned(tool: Tool, registry: Registry, tmp_path: Path) -> None:
    right = key(tool, tmp_path, "right")
    for image in (registry.add("app"), f"{registry.name}/nothing@sha256:{'0' * 64}"):
        found = one(tool, image, right)
        assert (found.status, [f.id for f in found.findings]) == ("ran", ["unsigned"])


def test_what_the_registry_does_not_tell_is_unknown(tool: Tool, registry: Registry, tmp_path: Path) -> None:
    image, right, other = registry.add("app"), key(tool, tmp_path, "right"), key(tool, tmp_path, "other")
    sign(tool, tmp_path, "right", image)
    # The image is there, its signature can't be had.
    for part in (r"\.sig$", r"/blobs/"):
        registry.broken = re.compile(part)
        found = one(tool, image, right, other)
        assert (found.status, found.findings) == ("unknown", ()), part
    nobody = one(tool, f"127.0.0.1:1/app@sha256:{'0' * 64}", right)
    assert (nobody.status, nobody.findings) == ("unknown", ())
