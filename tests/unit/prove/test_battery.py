"""The battery is data: each probe names what exists, and somebody carries it out."""

from __future__ import annotations

import re
from inspect import signature
from pathlib import Path
from types import FunctionType

import pytest

from docs.data import load_threats
from hullguard.catalogue import SEVERITIES, load_controls
from hullguard.errors import InputError
from hullguard.prove import accounts, places
from hullguard.prove.base import Probe
from hullguard.prove.battery import PROBES, claims, described, select
from hullguard.prove.inside import __main__ as inside

ROLES = {path.name for path in (Path(__file__).parents[3] / "roles").glob("docker_*")}
CONTROLS = load_controls()
THREATS = {row["id"]: row for row in load_threats()}
CONTAINED = [one for one in PROBES if one.place not in ("account", "engine", "login", "policy")]


def test_there_are_enough_and_each_once() -> None:
    assert len(PROBES) >= 40
    assert len({one.id for one in PROBES}) == len(PROBES)


@pytest.mark.parametrize("probe", PROBES, ids=lambda one: one.id)
def test_a_probe_names_what_exists(probe: Probe) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]*", probe.id)
    assert probe.threat in THREATS
    assert probe.severity in SEVERITIES
    assert probe.place in places.PLACES
    assert {*probe.slugs, *probe.per_container} <= CONTROLS.keys()
    assert not set(probe.slugs) & set(probe.per_container)
    assert set(probe.roles) <= ROLES
    for sentence in (probe.tries, probe.succeeds, probe.blocked, probe.cleans):
        assert re.fullmatch(r"[A-Z].*[.]", sentence), sentence


def test_what_runs_in_a_container_is_there_and_nothing_else() -> None:
    wanted = {one.id for one in CONTAINED}
    assert all(callable(inside.find(name)) for name in wanted)
    there = {
        name
        for module in inside.MODULES
        for name, found in vars(module).items()
        if not name.startswith("_")
        and getattr(found, "__module__", "") == module.__name__
        and _takes_facts(found)
    }
    assert there == wanted


def _takes_facts(found: object) -> bool:
    return isinstance(found, FunctionType) and list(signature(found).parameters) in (["facts"], ["_facts"])


def test_what_accounts_do_is_there_and_nothing_else() -> None:
    assert {one.id for one in PROBES if one.place == "account"} == accounts.ATTEMPTS.keys()


def test_only_what_uses_resources_up_is_heavy() -> None:
    assert {one.threat for one in PROBES if one.heavy} == {"resource_exhaustion"}
    assert all(not places.PLACES[one.place].limits for one in PROBES if one.heavy)
    assert all(places.PLACES[one.place].limits for one in PROBES if not one.heavy)


def test_every_threat_is_attacked() -> None:
    assert {one.threat for one in PROBES} == THREATS.keys()


def test_heavy_ones_are_only_chosen_on_demand() -> None:
    assert not any(one.heavy for one in select())
    assert select(heavy=True) == list(PROBES)
    assert select(["resources"]) == []
    assert {one.family for one in select(["resources"], heavy=True)} == {"resources"}


@pytest.mark.parametrize("name", ["host_root_write", "host_files", "userns_remap", "sensitive_host_mounts"])
def test_one_is_chosen_by_id_family_and_control(name: str) -> None:
    chosen = {one.id for one in select([name])}
    assert "host_root_write" in chosen
    assert len(chosen) < len(PROBES)


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(InputError, match=r"Did you mean .*userns_remap"):
        select(["userns_remp"])


def test_the_description_says_from_where() -> None:
    found = described(select(["host_pid"])[0])
    assert "--pid host" in found["place"] or "ordinary container" in found["place"]
    assert {"id", "tries", "succeeds", "blocked", "cleans", "slugs"} <= found.keys()


def test_a_role_names_what_it_claims_to_stop() -> None:
    assert {one.id for one in select(["docker_host"])} == {"group_members"}
    ids = {one.id for one in select(["docker_daemon"])}
    assert {"setuid_program", "neighbour_port"} <= ids
    assert "disk_by_log" in {one.id for one in select(["docker_daemon"], heavy=True)} - ids
    assert frozenset().union(*claims().values()) <= ROLES
    with pytest.raises(InputError, match="docker_secrets"):
        select(["docker_secrets"])
