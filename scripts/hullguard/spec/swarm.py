"""From the collector's swarm facts to what swarm controls judge."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hullguard.effective import Unseen, complete, member
from hullguard.predicates import MISSING
from hullguard.spec import Spec, secret_names

WILDCARDS = ("0.0.0.0", "::", "::ffff:0.0.0.0")  # noqa: S104
MANAGEMENT_PORTS = (2377, 7946)


def active(engine: Mapping[str, Any]) -> bool:
    """Return whether the engine is part of a swarm. Raises Unseen."""
    state = member(engine, "info", "Swarm", "LocalNodeState")
    if not isinstance(state, str):
        raise Unseen(
            f"the engine did not tell its swarm state: {engine.get('error') or 'not in the evidence'}"
        )
    return state != "inactive"


def swarm(engine: Mapping[str, Any], evidence: Mapping[str, Any]) -> Spec:
    """Return the normalized swarm facts; what only a manager sees is left out on a worker."""
    facts, spec = engine.get("swarm"), Spec()
    listeners = evidence.get("listeners")
    if isinstance(listeners, list):
        managing = [row for row in listeners if row["port"] in MANAGEMENT_PORTS]
        if managing:  # a node of a swarm listens there: none at all means that they were not seen
            spec["wildcard_listeners"] = sorted(
                {f"{r['address']}:{r['port']}/{r['protocol']}" for r in managing if r["address"] in WILDCARDS}
            )
    if not isinstance(facts, Mapping):
        return spec
    nodes = facts.get("nodes")
    if isinstance(nodes, list) and nodes and all(isinstance(member(node, "role"), str) for node in nodes):
        spec["managers"] = sum(node["role"] == "manager" for node in nodes)
    if isinstance(facts.get("services"), list):
        spec["services_with_secret_environment"] = [
            f"{service['name']}: {', '.join(names)}"
            for service in facts["services"]
            if (names := secret_names(service["environment"]))
        ]
    if complete(engine, "networks"):
        networks = engine["networks"]
        if all(isinstance(network.get(key), str) for network in networks for key in ("Name", "Driver")):
            overlays = [network for network in networks if network["Driver"] == "overlay"]
            spec["unencrypted_overlays"] = sorted(
                n["Name"] for n in overlays if not encrypted(n.get("Options"))
            )
    if isinstance(member(facts, "spec", "autolock"), bool):
        spec["autolock"] = facts["spec"]["autolock"]
    expiry = member(facts, "spec", "node_cert_expiry_ns")
    if isinstance(expiry, int) and expiry > 0:
        spec["node_cert_expiry_days"] = round(expiry / 86400e9, 1)
    age = ca_age_days(member(facts, "spec", "ca_certificate"), evidence.get("collected_at"))
    if age is not None:
        spec["ca_age_days"] = age
    # Without an address of its own the data path takes the advertised one.
    data, advertised = (member(facts, "addresses", key) for key in ("DataPathAddr", "AdvertiseAddr"))
    if isinstance(data, str) and isinstance(advertised, str) and advertised:
        spec["data_path_separate"] = data not in ("", advertised, advertised.rpartition(":")[0])
    return spec


def encrypted(options: Any) -> bool:
    """Return whether an overlay network's options switch encryption on: the bare word does, `false`
    does not.
    """
    value = member(options, "encrypted")
    return value is not MISSING and str(value).lower() not in ("false", "f", "0")


def ca_age_days(pem: Any, collected_at: Any) -> int | None:
    """Return how many days before collection the CA certificate's validity began, or None when it can't be
    read.

    A certificate's first UTCTime (tag 0x17, 13 bytes; RFC 5280, 4.1.2.5.1) is its notBefore.
    """
    if not isinstance(pem, str) or not isinstance(collected_at, str):
        return None
    body = re.search(r"-----BEGIN CERTIFICATE-----([^-]+)-----END", pem[:65536])
    try:
        found = re.search(rb"\x17\x0d(\d{12})Z", base64.b64decode(body[1])) if body else None
        if not found:
            return None
        begun = datetime.strptime(found[1].decode() + "+0000", "%y%m%d%H%M%S%z")
        age = (datetime.fromisoformat(collected_at.replace("Z", "+00:00")) - begun).days
    except (TypeError, ValueError, OverflowError):
        return None
    return age if age >= -1 else None  # a certificate of the future says nothing about its age
