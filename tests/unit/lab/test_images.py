from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lab import LabError, images


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
        more = replace(images.SUITES[suite], extra=("vim",))
        patch.setattr(images, "SUITES", {**images.SUITES, suite: more})
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
    made = images.SUITES["debian-13"]
    assert all(package in text for package in (*made.packages, *made.extra, "docker-cli"))


@pytest.mark.parametrize("suite", sorted(set(images.SUITES) - set(images.LOCAL)))
def test_what_only_a_registry_has_is_refused_without_one(suite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images.store, "have", lambda *_: False)
    monkeypatch.setattr(images.store, "answering_registry", lambda: None)
    with pytest.raises(LabError, match=re.escape(images.SUITES[suite].base)):
        images.ensure(None, [suite])  # type: ignore[arg-type]
    assert images.dockerfile("", suite).startswith(f"FROM {images.SUITES[suite].base}\n")
