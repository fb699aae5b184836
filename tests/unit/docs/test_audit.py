"""The security audit's tables: attachments, samples, the sheet."""

from __future__ import annotations

import random

import pytest

from docs import audit
from hullguard.catalogue import load_controls

CONTROLS = load_controls()
LISTS = audit.lists(CONTROLS)


def test_each_piece_to_attach_has_a_line() -> None:
    text = LISTS["attach"]()
    manual = [control for control in CONTROLS.values() if control.check["kind"] == "manual"]
    for control in manual:
        assert text.count(f"(`{control.id}`)") == 1
        for piece in control.check["attach"]:
            assert " ".join(piece.split()).replace("|", r"\|") in text
    assert len(text.splitlines()) == 2 + sum(len(control.check["attach"]) for control in manual)


def test_who_decides_is_told_once_and_is_on_the_sheet() -> None:
    both = LISTS["attach"]() + LISTS["at_times"]()
    sheet = LISTS["sheet"]().splitlines()[2:]
    assert len(sheet) == 16
    for line in sheet:
        slug = line.split("`")[1]
        assert both.count(f"(`{slug}`)") == 1


@pytest.mark.parametrize(
    ("fleet", "percent", "drawn"),
    # All but one of twenty when one deviates; the known 58 and 28 of large lots for 5 and 10 in 100.
    [(20, 5, 19), (1, 5, 1), (100_000, 5, 59), (100_000, 10, 29)],
)
def test_samples_that_are_known(fleet: int, percent: int, drawn: int) -> None:
    assert audit.sample(fleet, percent) == drawn


@pytest.mark.parametrize("percent", audit.SHARES)
def test_a_sample_shows_one_that_deviates_in_95_of_100_drawings(percent: int) -> None:
    fleet, drawings, chance = 100, 4000, random.Random(1)
    deviating = fleet * percent // 100
    shown = sum(
        min(chance.sample(range(fleet), audit.sample(fleet, percent))) < deviating for _ in range(drawings)
    )
    assert 0.94 < shown / drawings < 0.99


def test_a_larger_fleet_never_needs_fewer() -> None:
    for percent in audit.SHARES:
        sizes = [audit.sample(fleet, percent) for fleet in audit.FLEETS if fleet >= 100]
        assert sizes == sorted(sizes)
