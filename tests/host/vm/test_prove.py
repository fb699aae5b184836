"""The attacks on the whole machine: what a control that passes claims to stop is blocked, and was not before.

molecule/vm/prepare.yml has attacked the careless machine; here the hardened one is attacked, after its reboot. Both
results are kept in reports/vm.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from testinfra.host import Host

from hullguard.paths import compliance_dir
from hullguard.prove import join
from hullguard.prove.battery import PROBES

Rows = dict[str, dict[str, Any]]
REPORTS = Path(__file__).parents[3] / "reports" / "vm"
DOCUMENTED = compliance_dir() / "docs/attack-probes-machine.json"
# The machine's processor is emulated.
ATTACK = "/opt/hullguard-lab/hullguard prove --patience 10 --format json --fail-on never"
# Neither a control nor the builtin filter or AppArmor's docker-default stops these on a machine as it was prepared.
WORKED = (
    *("host_root_write", "host_root_read", "host_setuid_file", "host_device_node", "setuid_program"),
    *("file_capability", "socket_as_root", "socket_by_group", "group_members", "daemon_json_as_stranger"),
    *("neighbour_port", "neighbour_ping", "neighbour_arp", "host_loopback", "trace", "read_memory"),
    *("packet_socket", "device_node", "login_shell_pull"),
    # The machine plays the cloud itself (molecule/vm/prepare.yml).
    "metadata",
    # Without the userland proxy the engine's rules between its networks are in the way of it, which
    # docker_network_publish_address is not needed for.
    "published_port_elsewhere",
)
# The machine has no trust policy.
UNSEEN = {"policy_foreign_registry", "policy_unsigned_image"}


def rows(document: dict[str, Any]) -> Rows:
    return {row["id"]: row for row in document["probes"]}


@pytest.fixture(scope="module")
def before() -> Rows:
    return rows(json.loads((REPORTS / "prove-before.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def attacked(host: Host) -> dict[str, Any]:
    """The whole document of the hardened machine."""
    document: dict[str, Any] = json.loads(host.check_output(ATTACK))
    path = REPORTS / "prove-after.json"
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return document


@pytest.fixture(scope="module")
def after(attacked: dict[str, Any]) -> Rows:
    return rows(attacked)


@pytest.fixture(scope="module")
def verdicts() -> dict[str, str]:
    """The audit's, after the reboot."""
    report = json.loads((REPORTS / "rebooted" / "report.json").read_text(encoding="utf-8"))
    (host,) = report["hosts"]
    return {row["id"]: row["verdict"] for row in host["results"]}


def test_every_attack_was_made_both_times(before: Rows, after: Rows) -> None:
    wanted = {one.id for one in PROBES if not one.heavy}
    assert before.keys() == after.keys() == wanted


def test_what_is_unknown_is_what_can_not_be_asked_here(before: Rows, after: Rows) -> None:
    unknown = {
        name: found[name]["detail"]
        for found in (before, after)
        for name in found
        if found[name]["outcome"] == "unknown"
    }
    assert unknown.keys() <= UNSEEN, unknown


@pytest.mark.parametrize("name", WORKED)
def test_it_worked_before_and_is_blocked_after(before: Rows, after: Rows, name: str) -> None:
    assert before[name]["outcome"] == "succeeded", before[name]
    assert after[name]["outcome"] == "blocked", after[name]


def test_nothing_works_that_was_blocked_before(before: Rows, after: Rows) -> None:
    worse = {
        name: row["detail"]
        for name, row in after.items()
        if row["outcome"] == "succeeded" and before[name]["outcome"] != "succeeded"
    }
    assert worse == {}


def test_no_control_that_passes_is_contradicted(after: Rows, verdicts: dict[str, str]) -> None:
    asked = {slug for row in after.values() for slug in row["slugs"]}
    found = {slug: join.against(slug, verdicts, after.values()) for slug in sorted(asked & verdicts.keys())}
    met = [slug for slug in found if verdicts[slug] == "pass"]
    worked = {slug: found[slug] for slug in met if found[slug]["outcome"] == "succeeded"}
    assert len(met) > 15
    assert worked == {}


def test_what_a_role_claims_beyond_controls_is_blocked(after: Rows) -> None:
    claimed = [one.id for one in PROBES if one.roles and not one.heavy]
    open_ = {name: after[name]["detail"] for name in claimed if after[name]["outcome"] == "succeeded"}
    assert open_ == {}


def test_the_documents_say_what_came_of_it(attacked: dict[str, Any], before: Rows, after: Rows) -> None:
    documented = json.loads(DOCUMENTED.read_text(encoding="utf-8"))
    if (on := documented["measured_on"]["os"]) != attacked["host"]["os"]:
        pytest.skip(f"the documents are about {on}, this machine is {attacked['host']['os']}")
    said = {name: (row["before"], row["after"]) for name, row in documented["probes"].items()}
    measured = {name: (before[name]["outcome"], row["outcome"]) for name, row in after.items()}
    other = {
        name: (said.get(name), measured.get(name))
        for name in said.keys() | measured.keys()
        if said.get(name) != measured.get(name)
    }
    assert other == {}, (
        "documented and measured differ; renew it: .nox/vm/bin/python molecule/vm/proved.py, then ./nox -s docs -- --write"
    )
