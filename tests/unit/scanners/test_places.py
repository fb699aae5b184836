from __future__ import annotations

from pathlib import Path

import pytest

from hullguard.scanners.base import COMPOSE, DIR, Target
from hullguard.scanners.places import place

FOLDER = Target(DIR, "../app", Path("/src/app"))
FILE = Target(COMPOSE, "deploy/compose.yml", Path("/src/app/deploy/compose.yml"))


@pytest.mark.parametrize(
    ("printed", "target", "expected"),
    [
        ("/src/app/sub/key.pem", FOLDER, "sub/key.pem"),
        ("sub/key.pem", FOLDER, "sub/key.pem"),
        ("./sub/../key.pem", FOLDER, "key.pem"),
        ("/src/app", FOLDER, "."),
        ("/etc/passwd", FOLDER, "../app"),
        ("../../etc/passwd", FOLDER, "../app"),
        ("/src/application/x", FOLDER, "../app"),
        ("/src/app/deploy/compose.yml", FILE, "deploy/compose.yml"),
        ("compose.yml", FILE, "deploy/compose.yml"),
        ("/src/app/deploy/more.yml", FILE, "deploy/more.yml"),
        ("/src/app/other.yml", FILE, "deploy/compose.yml"),
    ],
)
def test_a_place_is_named_as_the_person_knows_it(printed: str, target: Target, expected: str) -> None:
    assert place(printed, target) == expected


def test_no_place_is_no_answer() -> None:
    with pytest.raises(ValueError, match="without a place"):
        place("", FOLDER)
