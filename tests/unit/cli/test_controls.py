from __future__ import annotations

import json

import pytest
from unit.cli.conftest import Run

from hullguard.catalogue import control_paths

MEMBERS = {"id", "number", "title", "family", "severity", "level", "automation", "fixed_by"}


@pytest.mark.parametrize(("benchmark", "size"), [("cis_docker_1_8_0", 118), ("cis_docker_1_6_0", 117)])
def test_the_list_for_machines_is_complete(run: Run, benchmark: str, size: int) -> None:
    done = run("controls", "list", "--format", "json", "--benchmark", benchmark)
    listed = json.loads(done.out)
    assert (done.code, len(listed)) == (0, size)
    for row in listed:
        assert set(row) == MEMBERS
        assert row["id"] in control_paths()
        assert row["level"] in (1, 2)
        assert row["automation"] in ("manual", "automated")
        assert row["severity"] in ("low", "medium", "high", "critical")
    numbers = [tuple(map(int, row["number"].split("."))) for row in listed]
    assert numbers == sorted(numbers)


def test_filters(run: Run) -> None:
    listed = json.loads(
        run("controls", "list", "--format", "json", "--family", "daemon", "--severity", "high").out
    )
    assert listed
    assert {(row["family"], row["severity"]) for row in listed} == {("daemon", "high")}


def test_the_table_names_every_control(run: Run) -> None:
    out = run("controls", "list").out
    assert "118 controls" in out
    assert all(slug[:30] in out for slug in control_paths())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["list", "--family", "deamon"], "There is no family 'deamon'. Did you mean daemon?"),
        (["list", "--benchmark", "cis"], "There is no benchmark 'cis'"),
        (["show", "userns_remp"], "Did you mean userns_remap"),
        (["show", "\x1b[2J"], "There is no control"),
        (["lst"], "No such command"),
    ],
)
def test_unknown_names(run: Run, arguments: list[str], message: str) -> None:
    done = run("controls", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert "\x1b" not in done.err


def test_show_explains(run: Run) -> None:
    done = run("controls", "show", "userns_remap")
    assert done.code == 0
    for word in ("why:", "check:", "fix:", "may break:", "cis_docker_1_8_0: 2.10"):
        assert word in done.out
    shown = json.loads(run("controls", "show", "userns_remap", "--format", "json").out)
    assert shown["benchmarks"]["cis_docker_1_8_0"] == ["2.10"]
    assert shown["fixed_by"] == "docker_userns"


def test_every_control_can_be_shown(run: Run) -> None:
    for slug in control_paths():
        assert run("controls", "show", slug).code == 0
