from __future__ import annotations

from typing import Any

import pytest

from hullguard.effective import Unseen, complete, configured, info, member, number, option, security_options
from hullguard.predicates import MISSING


def engine(content: Any = None, flags: Any = None, **changes: Any) -> dict[str, Any]:
    return {
        "process": {"flags": flags or {}, "started_at": 1000.0},
        "daemon_json": {"path": "/etc/docker/daemon.json", "exists": content is not None, "valid": True, "error": None,
                        "mtime": 900.0, "content": content},
        "info": {}, "networks": [], **changes,
    }  # fmt: skip


def test_a_flag_comes_before_the_file() -> None:
    assert configured(engine({"icc": True}, {"icc": False}), "icc") == (False, "a flag of the running daemon")
    assert configured(engine({"icc": True}), "icc") == (True, "daemon.json")
    assert configured(engine({}), "icc") == (MISSING, "unset")
    assert configured(engine(), "icc") == (MISSING, "unset")


@pytest.mark.parametrize(
    "changes",
    [
        {"process": None},
        {"process": {"started_at": 1000.0}},
        {"process": {"flags": ["--icc"], "started_at": 1000.0}},
        {"process": {"flags": {}}},
        {"process": {"flags": {}, "started_at": True}},
        {"process": {"flags": {}, "started_at": float("inf")}},
        {"daemon_json": None},
        {"daemon_json": {}},
        {"daemon_json": {"exists": None}},
        {"daemon_json": {"exists": True, "valid": False, "error": "daemon.json:1:2: Expecting value"}},
        {"daemon_json": {"exists": True, "valid": True, "content": None, "mtime": 900.0}},
        {"daemon_json": {"exists": True, "valid": True, "content": {}, "mtime": None}},
        {"daemon_json": {"exists": True, "valid": True, "content": {}, "mtime": float("nan")}},
    ],
)
def test_a_configuration_that_was_not_seen_is_no_default(changes: dict[str, Any]) -> None:
    with pytest.raises(Unseen):
        configured(engine({}, **changes), "icc")


def test_a_file_that_was_changed_after_the_start_says_nothing() -> None:
    changed = engine({"icc": False})
    changed["daemon_json"]["mtime"] = 1000.1
    with pytest.raises(Unseen, match="restart the engine"):
        configured(changed, "icc")


def test_the_place_in_a_broken_file_is_told() -> None:
    broken = engine()
    broken["daemon_json"] |= {
        "exists": True,
        "valid": False,
        "error": "/etc/docker/daemon.json:2:9: Expecting value",
    }
    with pytest.raises(Unseen, match=r"daemon.json:2:9"):
        configured(broken, "icc")


@pytest.mark.parametrize(
    ("key", "facts", "value"),
    [
        ("live-restore", {"info": {"LiveRestoreEnabled": True}}, True),
        ("experimental", {"info": {"ExperimentalBuild": False}}, False),
        ("no-new-privileges", {"info": {"SecurityOptions": ["name=no-new-privileges"]}}, True),
        (
            "icc",
            {"networks": [{"Name": "bridge", "Options": {"com.docker.network.bridge.enable_icc": "false"}}]},
            False,
        ),
        (
            "icc",
            {"networks": [{"Name": "bridge", "Options": {"com.docker.network.bridge.enable_icc": "true"}}]},
            True,
        ),
    ],
)
def test_the_engines_own_word_comes_first(key: str, facts: dict[str, Any], value: Any) -> None:
    assert option(engine({key: not value}, **facts), key) == (value, "the engine's own word")


@pytest.mark.parametrize(
    "networks",
    [
        None,
        [],
        ["x"],
        [{"Name": "bridge"}],
        [{"Name": "bridge", "Options": {"com.docker.network.bridge.enable_icc": "maybe"}}],
    ],
)
def test_without_its_word_the_configuration_decides(networks: Any) -> None:
    assert option(engine({"icc": False}, networks=networks), "icc") == (False, "daemon.json")


def test_silence_about_no_new_privileges_proves_nothing() -> None:
    old = engine({"no-new-privileges": True}, info={"SecurityOptions": ["name=seccomp,profile=default"]})
    assert option(old, "no-new-privileges") == (True, "daemon.json")


def test_security_options() -> None:
    told = {"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless", "apparmor"]}
    assert security_options({"info": told}) == {
        "seccomp": {"profile": "builtin"},
        "rootless": {},
        "apparmor": {},
    }
    for odd in (None, "name=rootless", [1], {"name": "rootless"}):
        with pytest.raises(Unseen):
            security_options({"info": {"SecurityOptions": odd}})


def test_info_that_is_absent_says_why() -> None:
    with pytest.raises(Unseen, match="no answer within 10 s"):
        info({"info": None, "error": "GET /info: no answer within 10 s"}, "Driver")
    with pytest.raises(Unseen, match="Driver"):
        info({"info": {"Driver": None}}, "Driver")


@pytest.mark.parametrize(
    "changes",
    [
        {"complete": {}},
        {"complete": {"x": False}},
        {"complete": {"x": 1}},
        {"counts": {}},
        {"counts": {"x": 3}},
        {"x": [{}, 1]},
        {"x": None},
        {"x": [{}]},
    ],
)
def test_a_list_is_whole_only_when_everything_says_so(changes: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"x": [{}, {}], "complete": {"x": True}, "counts": {"x": 2}}
    assert complete(whole, "x")
    assert not complete({**whole, **changes}, "x")


def test_members_and_numbers() -> None:
    assert member({"a": {"b": None}}, "a", "b") is None
    assert member({"a": [1]}, "a", "b") is MISSING
    assert member(None, "a") is MISSING
    assert number(1.5)
    assert not any(number(value) for value in (True, "1", None, float("nan"), float("inf")))
