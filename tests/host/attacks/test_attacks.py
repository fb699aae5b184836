"""What a role claims to stop, attacked from throwaway containers: it is blocked, and was not before the role.

molecule/default/tasks/attack.yml has attacked the scenario's hosts before. On a host of yours that has the command
hullguard, HULLGUARD_ROLE names the role: that it is blocked is tested there, not what was before.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from testinfra.host import Host

from hullguard.prove.battery import select

Rows = dict[str, dict[str, Any]]
HOME = "/opt/hullguard-lab"
# By role what succeeded on the scenario's host before: neither the engine's defaults nor the kernel stop it.
WORKED = {
    "docker_daemon": {"setuid_program", "file_capability", "neighbour_port", "neighbour_ping"},
    "docker_engine": set(),
    "docker_files": {
        *("socket_as_stranger", "daemon_json_as_stranger", "config_dir_as_stranger", "units_as_stranger"),
    },
    "docker_host": {"group_members"},
    "docker_network": {"published_port_elsewhere", "metadata"},
    "docker_seccomp": {
        *("host_device_node", "user_namespace", "keyrings", "key_added", "page_faults", "fixed_addresses"),
        *("performance_counter", "trace", "read_memory", "packet_socket", "device_node", "old_personality"),
        *("local_descriptors", "file_pages", "neighbour_arp"),
    },
    "docker_tls": {"api_from_host", "api_from_container"},
    "docker_trust": {"login_shell_pull"},
    "docker_userns": {
        *("host_root_write", "host_root_read", "host_setuid_file", "host_device_node", "socket_as_root"),
        *("socket_by_group", "core_pattern_remounted", "host_loopback", "neighbour_environment_host_pid"),
        "environment_by_socket",
    },
}
# What can't be told on some hosts, and the words that say why.
UNTOLD = {"policy_unsigned_image": "cosign is not here"}
ROLE = os.environ.get("HULLGUARD_ROLE") or os.environ.get("MOLECULE_SCENARIO_NAME", "")
# Other scenarios are no business of this file.
__test__ = ROLE in WORKED


@pytest.fixture(scope="module")
def after(host: Host) -> Rows:
    command = host.check_output(f"ls {HOME}/hullguard 2>/dev/null || command -v hullguard || echo none")
    if command == "none":
        pytest.skip("the command hullguard is not on this host")
    profile = f"{HOME}/profile.yml"
    more = f"--profile {profile}" if host.file(profile).exists else ""
    said = host.check_output(f"{command} prove --only {ROLE} --format json --fail-on never {more}")
    return {row["id"]: row for row in json.loads(said)["probes"]}


@pytest.fixture(scope="module")
def before(host: Host) -> Rows:
    kept = host.file(f"{HOME}/before.json")
    if not kept.exists:
        pytest.skip("this host was not attacked before the role")
    return {row["id"]: row for row in json.loads(kept.content_string)["probes"]}


def test_each_of_the_role_was_tried(after: Rows) -> None:
    assert after.keys() == {one.id for one in select([ROLE])}


def test_what_it_claims_to_stop_is_blocked(after: Rows) -> None:
    told = {name: row for name, row in after.items() if UNTOLD.get(name, "\0") not in row["detail"]}
    assert {name: row["detail"] for name, row in told.items() if row["outcome"] != "blocked"} == {}


def test_it_was_not_blocked_before_the_role(before: Rows) -> None:
    worked = {name for name, row in before.items() if row["outcome"] == "succeeded"}
    assert WORKED[ROLE] <= worked, {name: before[name]["detail"] for name in WORKED[ROLE] - worked}
