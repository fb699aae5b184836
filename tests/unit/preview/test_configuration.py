from __future__ import annotations

from typing import Any

import pytest
from unit.preview.hosts import careless, choice, plan, seen

from hullguard.preview.configuration import merge
from hullguard.preview.fragments import Fragment
from hullguard.preview.situation import Situation

WANTED = {
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 16384, "Hard": 16384}}, "icc": False, "live-restore": True,
    "log-level": "info", "no-new-privileges": True, "userland-proxy": False,
}  # fmt: skip


def after(found: Any, *roles: str, **variables: Any) -> Any:
    return dict(Situation(found, plan(), choice(*roles, **variables)).config.after)


def test_what_the_controls_want_is_merged_over_what_is_there() -> None:
    assert after(careless()) == WANTED
    assert after(careless(debug=True, icc=True)) == {**WANTED, "debug": True}


def test_what_a_control_only_wants_where_nothing_is_stays() -> None:
    own = {"nproc": {"Name": "nproc", "Soft": 1, "Hard": 1}}
    assert after(careless(**{"default-ulimits": own}))["default-ulimits"] == own
    assert after(careless(**{"default-ulimits": {}}))["default-ulimits"] == WANTED["default-ulimits"]


def test_what_a_control_forbids_goes_but_for_harmless_values() -> None:
    host = careless(**{"insecure-registries": ["r.example.net"], "iptables": True, "experimental": True})
    found = after(host)
    assert "insecure-registries" not in found
    assert "experimental" not in found
    assert found["iptables"] is True
    assert "iptables" not in after(careless(iptables=False))


def test_what_the_command_line_says_is_left_out() -> None:
    host = careless()
    host["engines"][0]["process"]["flags"]["log-level"] = "info"
    assert "log-level" not in after(host)


def test_the_administrators_own_settings_win() -> None:
    own = {
        "log-driver": "journald",
        "icc": True,
        "log-level": None,
        "log-opts": {"tag": "x", "max-size": None},
    }
    host = careless(**{"log-level": "debug", "log-opts": {"max-size": "10m", "labels": "a"}})
    found = after(host, docker_daemon_settings=own)
    assert found["log-driver"] == "journald"
    assert found["icc"] is True
    assert "log-level" not in found
    assert found["log-opts"] == {"labels": "a", "tag": "x"}


def test_a_swarm_keeps_what_excludes_it_away() -> None:
    host = careless()
    host["engines"][0]["info"]["Swarm"] = {"LocalNodeState": "active", "ControlAvailable": False}
    assert "live-restore" not in after(host)


def test_only_the_chosen_roles_count() -> None:
    assert after(careless(), "docker_files") == {}
    assert after(careless(), "docker_network") == {"icc": False, "userland-proxy": False}
    assert after(careless(), "docker_userns") == {"userns-remap": "default"}
    strict = after(careless(), "docker_seccomp", docker_seccomp_profile="strict")
    assert strict == {"seccomp-profile": "/etc/docker/seccomp/hullguard-strict.json"}


def test_networks_wishes() -> None:
    found = after(careless(), "docker_network", docker_network_publish_address="127.0.0.1")
    assert found["ip"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("flags", "content", "expected"),
    [
        (["fd://"], None, None),
        (["fd://", "tcp://0.0.0.0:2375"], None, ["fd://"]),
        ([], ["tcp://0.0.0.0:2375"], None),
        (["fd://"], ["unix:///run/extra.sock"], ["fd://", "unix:///run/extra.sock"]),
    ],
)
def test_addresses_without_certificates_are_closed(flags: list[str], content: Any, expected: Any) -> None:
    host = careless(**({"hosts": content} if content else {}))
    host["engines"][0]["process"]["flags"]["hosts"] = flags
    assert after(host, "docker_tls").get("hosts") == expected


def test_secrets_are_not_shown() -> None:
    own = {"log-driver": "splunk", "log-opts": {"splunk-token": "correct-horse"}}
    found = seen(careless(), choice(docker_daemon_settings=own))
    assert "correct-horse" not in str(found)
    assert found["daemon_json"]["added"]["log-opts"] == {"splunk-token": "<redacted>"}


def test_a_second_run_changes_nothing() -> None:
    host = careless(**WANTED)
    assert Situation(host, plan(), choice()).config.keys == []


def test_a_null_inside_a_mapping_takes_that_away() -> None:
    parts = [Fragment(set={"a": {"b": None, "c": 1}})]
    assert merge({"a": {"b": 2, "d": 3}}, {}, parts) == {"a": {"c": 1, "d": 3}}
