from __future__ import annotations

from hullguard.errors import HullguardError, InputError, unknown_name


def test_the_nearest_names_are_suggested() -> None:
    error = unknown_name("control", "userns_remp", ["userns_remap", "log_level"])
    assert str(error) == "There is no control 'userns_remp'. Did you mean userns_remap?"
    assert error.exit_code == 2


def test_without_a_near_name_some_are_listed() -> None:
    assert "Known: a, b." in str(unknown_name("profile", "zzzzzz", ["b", "a"]))


def test_exit_codes() -> None:
    assert HullguardError("x").exit_code == 1
    assert InputError("x").exit_code == 2
