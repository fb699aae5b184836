from __future__ import annotations

from typing import Any

import pytest
from catalogue.baseline import activate_swarm, ca_certificate, evidence, fixture, listener

from hullguard.effective import Unseen
from hullguard.spec.swarm import active, ca_age_days, encrypted, swarm


def facts(**changes: Any) -> dict[str, Any]:
    document = evidence()
    activate_swarm(document)
    engine = document["engines"][0]
    engine["swarm"] |= changes
    return swarm(engine, document)


def test_a_decent_swarm() -> None:
    assert facts() == {
        "wildcard_listeners": [], "managers": 1, "services_with_secret_environment": [], "unencrypted_overlays": [], "autolock": True,
        "node_cert_expiry_days": 30.0, "ca_age_days": 10, "data_path_separate": True,
    }  # fmt: skip


def test_a_real_swarm() -> None:
    document = fixture("swarm13")
    found = swarm(document["engines"][0], document)
    assert found["unencrypted_overlays"] == ["ingress", "plain"]
    assert found["services_with_secret_environment"] == ["svc: API_TOKEN"]
    assert found["wildcard_listeners"] == [":::2377/tcp", ":::7946/tcp", ":::7946/udp"]
    assert (
        found["autolock"],
        found["managers"],
        found["node_cert_expiry_days"],
        found["data_path_separate"],
    ) == (False, 1, 90.0, False)
    assert found["ca_age_days"] == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"nodes": None}, "managers"), ({"nodes": []}, "managers"), ({"nodes": [{"role": None}]}, "managers"), ({"nodes": [{}]}, "managers"),
        ({"services": None}, "services_with_secret_environment"), ({"spec": {}}, "autolock"), ({"spec": {"autolock": "yes"}}, "autolock"),
        ({"spec": {"node_cert_expiry_ns": 0}}, "node_cert_expiry_days"), ({"spec": {"ca_certificate": "x"}}, "ca_age_days"),
        ({"addresses": None}, "data_path_separate"), ({"addresses": {"DataPathAddr": "10.1.0.1"}}, "data_path_separate"),
        ({"addresses": {"AdvertiseAddr": "10.0.0.1:2377"}}, "data_path_separate"), ({"addresses": {"DataPathAddr": "a", "AdvertiseAddr": ""}}, "data_path_separate"),
    ],
)  # fmt: skip
def test_what_was_not_told_leaves_no_field(changes: dict[str, Any], field: str) -> None:
    assert field in facts()
    assert field not in facts(**changes)


@pytest.mark.parametrize(
    ("data", "separate"), [("10.1.0.1", True), ("10.0.0.1", False), ("10.0.0.1:2377", False), ("", False)]
)  # fmt: skip
def test_the_data_path(data: str, separate: bool) -> None:
    assert (
        facts(addresses={"DataPathAddr": data, "AdvertiseAddr": "10.0.0.1:2377"})["data_path_separate"]
        is separate
    )


def test_no_listener_at_all_means_that_they_were_not_seen() -> None:
    document = evidence()
    activate_swarm(document)
    for rows in ([], [listener("10.0.0.1", 2376)]):
        document["listeners"] = rows
        assert "wildcard_listeners" not in swarm(document["engines"][0], document)


@pytest.mark.parametrize(
    ("options", "expected"), [({"encrypted": ""}, True), ({"encrypted": "true"}, True), ({"encrypted": "false"}, False), ({}, False), (None, False), ("encrypted", False)]
)  # fmt: skip
def test_encryption(options: Any, expected: bool) -> None:
    assert encrypted(options) is expected


def test_networks_without_a_driver_prove_nothing() -> None:
    document = evidence()
    activate_swarm(document)
    del document["engines"][0]["networks"][0]["Driver"]
    assert "unencrypted_overlays" not in swarm(document["engines"][0], document)


def test_a_worker_knows_little() -> None:
    document = evidence()
    document["engines"][0]["swarm"] = {"state": "active", "manager": False}
    assert set(swarm(document["engines"][0], document)) == {"unencrypted_overlays"}


def test_the_age_of_the_ca() -> None:
    document = evidence()
    assert ca_age_days(ca_certificate(document, 400), document["collected_at"]) == 400
    # A certificate of the future tells nothing of its age.
    assert ca_age_days(ca_certificate(document, -30), document["collected_at"]) is None
    for pem in (
        None,
        "",
        "x",
        "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----" * 100_000,
    ):
        assert ca_age_days(pem, document["collected_at"]) is None
    for when in (None, "yesterday", "2026-01-01T00:00:00"):
        assert ca_age_days(ca_certificate(document, 1), when) is None


def test_active() -> None:
    assert not active({"info": {"Swarm": {"LocalNodeState": "inactive"}}})
    assert active({"info": {"Swarm": {"LocalNodeState": "locked"}}})
    for engine in (
        {},
        {"info": None},
        {"info": {"Swarm": {}}},
        {"info": {"Swarm": {"LocalNodeState": None}}},
    ):
        with pytest.raises(Unseen):
            active(engine)
