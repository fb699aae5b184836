"""What the guide says of a control."""

from __future__ import annotations

import pytest

from hullguard import explain
from hullguard.catalogue import load_controls

CONTROLS = load_controls()


def test_every_control_is_explained() -> None:
    for control in CONTROLS.values():
        text = explain.judged(control)
        assert text.endswith((".", "attaches:")), control.id
        assert not {"None", "True", "False", "{"} & set(text.split()), control.id
        assert explain.way(control).strip(), control.id


@pytest.mark.parametrize(
    ("slug", "text"),
    [
        (
            "audit_dockerd",
            "Audit rules on disk and in the kernel record writes, executions and changes of attributes"
            " of this host's `dockerd_binary`.",
        ),
        (
            "live_restore",
            "Outside of a swarm only. The option `live-restore` in effect is true; unset it counts as false.",
        ),
        ("storage_driver_aufs", "`Driver`, as the engine reports it, is not `aufs`."),
        ("tls_key_mode", "Each of this host's `tls_key` files has mode 0400 or a tighter one."),
        ("memory_limit", "`memory_bytes` of every container is at least 1."),
        ("image_user", "`user` of every stored image is not root."),
        (
            "manager_count",
            "On nodes of a swarm only. `managers` of the swarm is at most what the profile's"
            " `swarm_managers_max` says.",
        ),
        ("rootless", "The daemon runs without root's rights."),
    ],
)
def test_each_kind_of_check_has_its_words(slug: str, text: str) -> None:
    assert explain.judged(CONTROLS[slug]) == text


def test_a_default_of_the_daemon_is_mentioned() -> None:
    assert "`no-new-privileges`" in explain.judged(CONTROLS["no_new_privileges"])


@pytest.mark.parametrize(
    ("slug", "who"),
    [
        ("privileged", explain.EVIDENCE),
        ("userns_remap", explain.EVIDENCE),
        ("engine_supported", explain.EITHER),
        ("remote_logging", explain.EITHER),
        ("host_hardened", explain.PERSON),
    ],
)
def test_who_decides(slug: str, who: str) -> None:
    assert explain.decided_by(CONTROLS[slug]) == who


def test_at_least_a_hundred_controls_are_decided_by_evidence() -> None:
    assert sum(explain.decided_by(control) == explain.EVIDENCE for control in CONTROLS.values()) >= 100


@pytest.mark.parametrize(
    ("slug", "names"),
    [
        ("docker_group_members", ["docker_group_allowed"]),  # named in a comprehension
        ("cgroup_parent", ["cgroup_parents_allowed"]),
        ("privileged", []),
    ],
)
def test_parameters_are_found(slug: str, names: list[str]) -> None:
    assert explain.parameters(CONTROLS[slug]) == names


@pytest.mark.parametrize(
    ("predicate", "words"),
    [
        (True, "is true"),
        ("non_empty", "is set"),
        ({"equals": ""}, "is empty"),
        ({"equals": 3}, "is 3"),
        ({"not_equals": "host"}, "is not `host`"),
        ({"one_of": ["a", "b"]}, "is one of `a` and `b`"),
        ({"none_of": ["unconfined", ""]}, "is none of `unconfined` and empty"),
        ({"at_most": "$limit"}, "is at most what the profile's `limit` says"),
        ({"none_starts_with": "dm."}, "has no entry that starts with `dm.`"),
    ],
)
def test_predicates_in_words(predicate: object, words: str) -> None:
    assert explain.requires(predicate) == words


def test_ways() -> None:
    assert explain.way(CONTROLS["inter_container_traffic"]).endswith('daemon.json:\n\n    {"icc": false}')
    assert "where nobody has set it already" in explain.way(CONTROLS["default_ulimits"])
    assert "removes `iptables`" in explain.way(CONTROLS["packet_filter_managed"])
    assert explain.way(CONTROLS["tls_key_mode"]) == "The role `docker_files` does it."
    assert "docker update --memory" in explain.way(CONTROLS["memory_limit"])
