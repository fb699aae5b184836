"""Commands started in containers: whose, how privileged, and which are the container's own."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from unit.watch.support import decent, measure

from hullguard.catalogue import load_controls
from hullguard.waivers import Waiver
from hullguard.watch.alerts import Alert
from hullguard.watch.execs import alert

WANTED = load_controls(["exec_root", "exec_privileged"])


def looked(
    user: str | None = None, image_user: str = "", wanted: Any = WANTED, waivers: Any = (), **process: Any
) -> Alert | None:
    container = decent()
    container["Config"]["User"] = image_user
    told = {
        "entrypoint": "sh",
        "arguments": ["-c", "echo hunter2"],
        "privileged": False,
        "tty": False,
        **process,
    }
    if user is not None:
        told["user"] = user
    return alert(
        {"ID": "e" * 64, "OpenStdin": False, "ProcessConfig": told},
        container,
        wanted,
        measure(waivers=waivers),
    )


@pytest.mark.parametrize(
    ("user", "image_user", "root"),
    [
        ("root", "app", True), ("0", "app", True), ("0:0", "app", True), ("+0", "app", True), ("00:1000", "app", True),
        ("root:app", "app", True), (None, "", True), ("", "", True), (None, "0", True), (None, "root", True),
        ("app", "", False), ("1000", "root", False), (None, "1000:1000", False), ("10", "", False),
    ],
)  # fmt: skip
def test_root_by_whatever_name(user: str | None, image_user: str, root: bool) -> None:
    found = looked(user, image_user)
    assert bool(found) is root
    if found:
        assert (found.kind, found.severity) == ("exec_as_root", "medium")
        assert found.detail == "runs sh in it"
        assert "hunter2" not in repr(found)


def test_privileged() -> None:
    found = looked("1000", privileged=True)
    assert found
    assert (found.kind, found.severity) == ("exec_privileged", "high")
    both = looked("root", privileged=True)
    assert both
    assert [one.id for one in both.controls] == ["exec_privileged", "exec_root"]


def test_what_is_waived_or_switched_off() -> None:
    waiver = Waiver("exec_root", "r", "o", "a", date(2026, 6, 1), object="w*")
    assert looked("root", waivers=[waiver]) is None
    rest = looked("root", privileged=True, waivers=[waiver])
    assert rest
    assert [one.id for one in rest.controls] == ["exec_privileged"]
    assert looked("root", wanted={}) is None


@pytest.mark.parametrize(
    ("test", "shell", "run", "own"),
    [
        (["CMD-SHELL", "check"], None, ["/bin/sh", "-c", "check"], True),
        (["CMD-SHELL", "check"], ["/bin/bash", "-lc"], ["/bin/bash", "-lc", "check"], True),
        (["CMD", "check", "x"], None, ["check", "x"], True),
        (["CMD", "check", "x"], None, ["check", "y"], False),
        (["CMD", "check"], None, ["check", "x"], False),
        (["NONE"], None, [], False),
        (None, None, ["check"], False),
    ],
)
def test_the_containers_own_health_check(test: Any, shell: Any, run: list[str], own: bool) -> None:
    container = decent()
    container["Config"] |= {"User": "", "Healthcheck": test and {"Test": test}, "Shell": shell}
    process: dict[str, Any] = {"entrypoint": run[0] if run else "", "arguments": run[1:]}

    def said(**more: Any) -> bool:
        command = {"OpenStdin": more.pop("stdin", False), "ProcessConfig": {**process, **more}}
        return alert(command, container, WANTED, measure()) is not None

    assert said() is not own
    assert said(privileged=True)
    assert said(tty=True)
    assert said(stdin=True)
