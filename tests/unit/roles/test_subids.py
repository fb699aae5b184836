"""The ranges of subordinate ids that a host has, and the one that is free."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[3] / "roles/_subids/files/look.py"


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, with files of a made-up host."""
    spec = importlib.util.spec_from_file_location("subids_look", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "FILES", {kind: str(tmp_path / f"sub{kind}") for kind in ("uid", "gid")})
    monkeypatch.setattr(module, "settings", lambda: {"SUB_UID_MIN": 100000, "SUB_UID_MAX": 600100000})
    return module


def write(look: ModuleType, uid: str, gid: str | None = None) -> None:
    for kind, text in (("uid", uid), ("gid", uid if gid is None else gid)):
        Path(look.FILES[kind]).write_text(text)


def test_the_first_range_of_a_host_without_any(look: ModuleType) -> None:
    found = look.look("nobody-here", 0, 65536)
    assert (found["start"], found["last"], found["has"], found["clashes"]) == (100000, 165535, False, [])
    assert found["uid"] is None


def test_the_gap_between_two_others_is_taken_when_it_is_wide_enough(look: ModuleType) -> None:
    write(look, "a:100000:65536\nb:231072:65536\n")
    assert look.look("nobody-here", 0, 65536)["start"] == 165536
    assert look.look("nobody-here", 0, 65537)["start"] == 296608


def test_ranges_of_either_file_count(look: ModuleType) -> None:
    write(look, "", "a:100000:65536\n")
    assert look.look("nobody-here", 0, 65536)["start"] == 165536


def test_what_the_account_has_is_kept(look: ModuleType) -> None:
    write(look, "nobody-here:200000:70000\n")
    found = look.look("nobody-here", 0, 65536)
    assert (found["has"], found["start"], found["size"]) == (True, 200000, 70000)


def test_files_that_disagree_are_no_range(look: ModuleType) -> None:
    write(look, "nobody-here:200000:65536\n", "nobody-here:300000:65536\n")
    assert look.look("nobody-here", 0, 65536)["has"] is False


@pytest.mark.parametrize(
    ("start", "clashes"), [(34464, False), (34465, True), (165535, True), (165536, False)]
)
def test_one_id_in_common_is_a_clash(look: ModuleType, start: int, clashes: bool) -> None:
    write(look, "a:100000:65536\n")
    assert (
        any("a:100000:65536" in text for text in look.look("nobody-here", start, 65536)["clashes"]) is clashes
    )


def test_ids_of_accounts_are_taken(look: ModuleType) -> None:
    assert any("root (uid 0)" in text for text in look.look("nobody-here", 0, 65536)["clashes"]) is False
    assert any(text.startswith("nobody (uid") for text in look.look("nobody-here", 1, 65536)["clashes"])


@pytest.mark.parametrize("line", ["a:1", "a:x:1", "a:1:2:3", ":1:2", "a:-1:5"])
def test_a_line_that_says_something_else_is_shown(look: ModuleType, line: str) -> None:
    write(look, f"# a comment\n\n{line}\n", "")
    assert look.look("nobody-here", 0, 65536)["odd"] == [f"{look.FILES['uid']}:3: {line}"]


def test_a_full_host_has_no_range_left(look: ModuleType) -> None:
    write(look, "a:100000:600000001\n")
    assert look.look("nobody-here", 0, 65536)["start"] > 2**32 - 2
