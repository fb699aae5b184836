"""Every example's README is run by a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
READMES = sorted(path for path in (ROOT / "examples").rglob("README.md") if path.parent.name != "examples")
RUN = {
    name
    for path in (ROOT / "tests" / "e2e" / "examples").glob("test_*.py")
    for name in re.findall(
        r"[\"'](?:examples/)?([a-z/]+?)(?:/README\.md)?[\"']", path.read_text(encoding="utf-8")
    )
}


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.parent.name)
def test_a_test_runs_it(readme: Path) -> None:
    assert str(readme.parent.relative_to(ROOT / "examples")) in RUN
