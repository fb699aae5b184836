"""Each control whose fix names a role is brought about by that role alone, and nothing else is touched.

molecule/default/side_effect.yml broke each on the host, ran the role for that control only, and kept the evidence of
before and after; here both are judged.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

from hullguard.audit import Plan, results
from hullguard.catalogue import load_benchmark, load_controls, load_profile
from hullguard.verdict import FAIL, NOT_APPLICABLE, PASS, UNKNOWN

PLAN = Plan.make(load_benchmark(), load_profile())
FIXED = sorted(slug for slug, control in load_controls().items() if control.fixed_by)
# Broken by what no command undoes: molecule/docker_engine does it.
ELSEWHERE = {"engine_supported"}
# Remapping gives the engine another store, with other images and networks in it.
STORED = {"userns_remap": {"containers", "images", "network", "runtime", "swarm"}}


@cache
def proofs() -> dict[str, dict[str, dict[str, Any]]]:
    """Return {control: {host: what was seen}}."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    folder = Path(os.environ.get("MOLECULE_EPHEMERAL_DIRECTORY", "/nonexistent")) / "proofs"
    for path in folder.glob("*/*.json"):
        found.setdefault(path.stem, {})[path.parent.name] = json.loads(path.read_text(encoding="utf-8"))
    return found


@cache
def verdicts(slug: str, name: str, when: str) -> dict[str, str]:
    """Return {control: verdict} of what was seen on a host."""
    return {result.id: result.verdict for result in results(proofs()[slug][name][when], PLAN)}


@pytest.fixture
def name(host: Host) -> str:
    """The host's name in the inventory."""
    return str(host.backend.get_pytest_id()).removeprefix("ansible://")


@pytest.mark.parametrize("slug", FIXED)
def test_the_role_brings_this_one_about(slug: str, name: str) -> None:
    if not proofs():
        pytest.skip("not run by Molecule's scenario default")
    if slug in ELSEWHERE:
        pytest.skip("proved in the scenario of its role")
    if name not in proofs().get(slug, {}):
        assert proofs().get(slug), "no host could be made to fail it"
        pytest.skip("proved on the other host")
    seen = proofs()[slug][name]
    assert seen["refusal"] == ""
    before, after = verdicts(slug, name, "before"), verdicts(slug, name, "after")
    assert before[slug] == FAIL
    unread = (
        not seen["after"]["audit"]["kernel"]["read"] and PLAN.controls[slug].check["kind"] == "audit_watch"
    )
    # In a container the kernel takes no rules: they are on disk, which is no longer a fail, and not claimed to be in force.
    assert after[slug] in ((UNKNOWN,) if unread else (PASS, NOT_APPLICABLE))
    others = {
        other: (before[other], after[other])
        for other in before
        if other != slug
        and before[other] != after[other]
        and PLAN.controls[other].family not in STORED.get(slug, set())
    }
    assert others == {}


# What Hullguard's authors judged to be fully remediable on a host, beyond what a role brings about: it is never there
# on a fresh host, or belongs to a swarm.
NEVER_THERE = (
    "autolock_key_rotation",
    "base_device_size",
    "cgroup_parent",
    "manager_autolock",
    "no_new_privileges",
    "node_certificate_expiry",
    "swarm_ca_rotation",
)


def test_everything_that_can_be_remedied_is(name: str) -> None:
    """With user namespaces remapped as well, which is the last that was proved."""
    if name not in proofs().get("userns_remap", {}):
        pytest.skip("not run by Molecule's scenario default")
    seen = verdicts("userns_remap", name, "after")
    remediable = {*FIXED, *NEVER_THERE}
    left = {slug: seen[slug] for slug in remediable if seen[slug] not in (PASS, NOT_APPLICABLE)}
    rules = {slug for slug in left if PLAN.controls[slug].check["kind"] == "audit_watch"}
    assert {left[slug] for slug in rules} <= {UNKNOWN}
    assert set(left) - rules - ELSEWHERE == set()
