"""The attacks' tables say what was measured, and refuse results of another battery."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docs import attacks
from docs.data import load_threats
from hullguard.errors import InputError
from hullguard.prove.base import OUTCOMES
from hullguard.prove.battery import PROBES

FILE = Path(__file__).parents[3] / "compliance/docs/attack-probes.json"
NEW = {"default": "blocked", "careless": "succeeded", "hardened": "blocked"}
LIGHT = [one.id for one in PROBES if not one.heavy]


def write_machine(folder: Path, outcomes: dict[str, dict[str, str]]) -> Path:
    """Write what a machine's attacks came to, as molecule/vm/proved.py does; return the file."""
    on = {"os": "Debian", "kernel": "6.12", "engine": "26.1.5"}
    file = folder / "attack-probes-machine.json"
    file.write_text(json.dumps({"measured_on": on, "probes": outcomes}), encoding="utf-8")
    return file


def test_every_probe_has_its_row_once() -> None:
    text = attacks.lists(FILE, load_threats())["attacks"]()
    for probe in PROBES:
        assert text.count(f"| `{probe.id}`: ") == 1
    assert text.count("\n### ") + 1 == len(attacks.FAMILIES) == len({one.family for one in PROBES})


def test_results_of_another_battery_are_refused(tmp_path: Path) -> None:
    document = json.loads(FILE.read_text(encoding="utf-8"))
    document["probes"]["no_such_attack"] = NEW
    del document["probes"]["raw_socket"]
    file = tmp_path / "results.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(InputError, match=r"has changed since it was measured \(no_such_attack, raw_socket\)"):
        attacks.load(file)


def test_each_outcome_is_one() -> None:
    for row in attacks.load(FILE)["probes"].values():
        assert {row[state] for state in attacks.STATES} <= OUTCOMES.keys()


def test_what_stops_an_attack() -> None:
    probe = next(one for one in PROBES if one.id == "setuid_program")
    assert attacks.stopped(probe, {**NEW, "default": "succeeded"}).startswith(
        "`no_new_privileges_default`; for a container "
    )
    assert attacks.stopped(probe, NEW).startswith("the default, `")
    assert attacks.stopped(probe, {**NEW, "absent": True}).startswith("not in the kernel it was tried on, `")
    asked = next(one for one in PROBES if one.id == "unconfined_calls")
    assert attacks.stopped(asked, {**NEW, "default": "succeeded"}).startswith("`authorization_plugin`;")
    authorized = {**NEW, "default": "succeeded", "authorized": "blocked"}
    assert attacks.stopped(asked, authorized).startswith("`authorization_plugin` (one was tried);")
    alone = next(one for one in PROBES if one.id == "host_port")
    assert attacks.stopped(alone, {**NEW, "default": "succeeded"}) == "nothing of ours"


def test_a_machine_has_its_column_when_it_was_measured(tmp_path: Path) -> None:
    (tmp_path / FILE.name).write_bytes(FILE.read_bytes())
    assert "a machine before" not in attacks.lists(tmp_path / FILE.name, load_threats())["attacks"]()
    outcomes = {name: {"before": "blocked", "after": "blocked"} for name in LIGHT}
    outcomes["host_root_write"] = {"before": "succeeded", "after": "blocked"}
    write_machine(tmp_path, outcomes)
    lists = attacks.lists(tmp_path / FILE.name, load_threats())
    assert f"1 of {len(LIGHT)} succeed before `playbooks/site.yml` and 0 after it" in " ".join(
        lists["measured"]().split()
    )
    text = lists["attacks"]()
    assert "| blocked | **succeeded**, blocked | `userns_remap`" in text
    assert text.count("| not tried |") == len(PROBES) - len(LIGHT) > 0


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ([*LIGHT, "no_such_attack"], "no_such_attack"),
        (LIGHT[1:], LIGHT[0]),
        ([*LIGHT, "fork_bomb"], "fork_bomb"),
    ],
    ids=["unknown", "missing", "heavy"],
)
def test_a_machines_results_of_another_battery_are_refused(
    tmp_path: Path, names: list[str], said: str
) -> None:
    file = write_machine(tmp_path, {name: {"before": "succeeded", "after": "blocked"} for name in names})
    with pytest.raises(InputError, match=rf"since it was measured \({said}\): run ./nox -s vm"):
        attacks.load_machine(file)
