from __future__ import annotations

from pathlib import Path

import pytest

from hullguard import catalogue
from hullguard.catalogue import (
    DEFAULT_PARAMS,
    find_control,
    load_benchmark,
    load_control,
    load_controls,
    load_profile,
    natural,
)
from hullguard.errors import InputError

GOOD = """
title: Do it
why: Because it is good for everybody who runs it.
severity: low
check: {kind: manual, attach: [x]}
fix: {daemon_absent: [icc]}
breaks: Nothing known.
aliases: [former_name]
examples: {manual: [{}]}
"""


def test_numbers_are_in_natural_order() -> None:
    assert sorted(["2.10", "2.9", "2.1", "10.1"], key=natural) == ["2.1", "2.9", "2.10", "10.1"]


def test_unknown_names_are_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean cis_docker_1_8_0"):
        load_benchmark("cis_docker_1_8")
    with pytest.raises(InputError, match="Did you mean cis_level1"):
        load_profile("cis_levl1")
    with pytest.raises(InputError, match="Did you mean userns_remap"):
        find_control("usern_remap")
    with pytest.raises(InputError, match="Did you mean userns_remap"):
        load_controls(["usern_remap"])


@pytest.mark.parametrize("name", ["../profiles/cis_level1", "", "cis_level1/../strict", "\x1b[2J"])
def test_names_are_no_paths(name: str) -> None:
    for load in (load_profile, load_benchmark, find_control):
        with pytest.raises(InputError):
            load(name)


def test_former_names_still_lead_to_the_control(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = tmp_path / "controls" / "host"
    folder.mkdir(parents=True)
    (folder / "present_name.yml").write_text(GOOD)
    monkeypatch.setattr(catalogue, "compliance_dir", lambda: tmp_path)
    assert find_control("former_name").id == "present_name"
    assert find_control("present_name").fix_text == "Role docker_daemon removes icc from daemon.json."
    (tmp_path / "controls" / "daemon").mkdir()
    (tmp_path / "controls" / "daemon" / "present_name.yml").write_text(GOOD)
    with pytest.raises(InputError, match="is taken by"):
        catalogue.control_paths()


@pytest.mark.parametrize("text", ["", "[]", "title: x", "5"])
def test_a_file_that_is_no_control(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yml"
    path.write_text(text)
    with pytest.raises(InputError, match="not a control"):
        load_control(path)


# --- profiles of one's own -------------------------------------------------------------------------------------------


def write(tmp_path: Path, text: str, name: str = "mine.yml") -> str:
    (tmp_path / name).write_text(text)
    return str(tmp_path / name)


def test_a_profile_of_ones_own_builds_on_a_shipped_one(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "title: Mine\nextends: cis_level1\ndisable: [rootless]\nenable: [userns_remap]\nparams: {swarm_wanted: true}\n",
    )
    profile = load_profile(path)
    assert profile.name == "mine"
    assert profile.levels == {1}
    assert profile.params == {**DEFAULT_PARAMS, "swarm_wanted": True}
    chosen = {entry.slug for entry in load_benchmark().entries if profile.selects(entry)}
    assert "userns_remap" in chosen
    assert "rootless" not in chosen


def test_what_a_child_enables_its_parent_can_not_disable(tmp_path: Path) -> None:
    write(tmp_path, "title: Parent\nlevels: [1, 2]\ndisable: [rootless, log_level]\n", "parent.yml")
    child = load_profile(write(tmp_path, "title: Child\nextends: parent.yml\nenable: [rootless]\n"))
    assert child.disable == {"log_level"}
    assert child.enable == {"rootless"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: x\nextnds: cis_level1\n", "'extnds' was unexpected"),
        ("title: x\nextends: cis_levl1\n", "Did you mean cis_level1"),
        ("title: x\nlevels: [1]\nenable: [rootles]\n", "Did you mean rootless"),
        ("title: x\nlevels: [1]\ndisable: [rootles]\n", "Did you mean rootless"),
        ("title: x\nlevels: [3]\n", r"levels\[0\]"),
        ("title: x\nlevels: [1]\nparams: {docker_group_alowed: []}\n", "docker_group_alowed"),
        ("title: x\nlevels: [1]\nparams: {swarm_managers_max: many}\n", r"params\.swarm_managers_max"),
        ("title: x\nlevels: [1]\nparams: {swarm_wanted: 'no'}\n", r"params\.swarm_wanted"),
        ("levels: [1]\n", "'title' is a required property"),
        ("title: [x\n", ":2:1: not valid YAML"),
        ("", "top level"),
        ("title: x\nextends: mine.yml\n", "in a circle"),
        ("title: x\nextends: ./mine.yml\n", "in a circle"),
        ("title: x\nextends: gone.yml\n", "no such file"),
    ],
)
def test_a_typo_in_a_profile_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_profile(write(tmp_path, text))
    assert caught.value.exit_code == 2


def test_a_longer_circle_is_found(tmp_path: Path) -> None:
    write(tmp_path, "title: a\nextends: b.yml\n", "a.yml")
    write(tmp_path, "title: b\nextends: a.yml\n", "b.yml")
    with pytest.raises(InputError, match="in a circle"):
        load_profile(str(tmp_path / "a.yml"))


def test_every_control_tells_how_it_is_fixed() -> None:
    for control in load_controls().values():
        assert control.fix_text
