from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lab import images


def test_a_tag_is_stable_and_every_suite_has_its_own() -> None:
    tags = {images.tag(suite) for suite in images.SUITES}
    assert tags == {images.tag(suite) for suite in images.SUITES}
    assert len(tags) == len(images.SUITES)


@pytest.mark.parametrize("suite", list(images.SUITES))
def test_a_tag_changes_with_packages_settings_and_scripts(
    suite: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    tags = [images.tag(suite)]
    with monkeypatch.context() as patch:
        patch.setattr(images, "PACKAGES", (*images.PACKAGES, "vim"))
        tags.append(images.tag(suite))
    with monkeypatch.context() as patch:
        patch.setattr(images, "SETTINGS", (*images.SETTINGS, "ENV a=b"))
        tags.append(images.tag(suite))
    with monkeypatch.context() as patch:
        recipe = shutil.copytree(images.RECIPE, tmp_path / "host")
        (recipe / "init.sh").write_text("#!/bin/sh\n")
        patch.setattr(images, "RECIPE", recipe)
        tags.append(images.tag(suite))
    assert len(set(tags)) == len(tags)


def test_the_dockerfile_installs_what_the_bootstrap_does() -> None:
    text = images.dockerfile("registry.example/", "debian-13")
    assert text.startswith("FROM registry.example/debian:trixie-slim\n")
    assert all(package in text for package in (*images.PACKAGES, "docker-cli"))
