"""The table of faults names exactly the cases that there are, in their own words."""

from __future__ import annotations

from pathlib import Path

from faults_support.cases import CASES, FAMILIES

PAGE = Path(__file__).parents[3] / "compliance/docs/faults.md"


def test_every_case_has_its_row_and_no_row_is_without_a_case() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| ") and line.endswith("` |")]
    assert table == [case.row for case in CASES]


def test_names_are_unique_and_there_are_enough_of_them() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 20


def test_a_third_runs_by_default_and_of_each_family_some() -> None:
    usual = [case for case in CASES if not case.long]
    assert 3 * len(usual) >= len(CASES)
    assert all(sum(case in usual for case in family) >= 3 for family in FAMILIES)
    assert {case.suite for case in usual} == {case.suite for case in CASES}
    assert {case.ends for case in usual} == {"killed", "failed", "passed"}
