"""From the collector's swarm facts to what swarm controls judge."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hullguard.effective import Unseen, member
from hullguard.predicates import MISSING
from hullguard.spec import Spec, secret_names

WILDCARDS = ("0.0.0.0", "::", "::ffff:0.0.0.0")
MANAGEMENT_PORTS = (2377, 7946)


def active(engine: Mapping[str, Any]) -> bool:
    """Return whether the engine is part of a swarm. Raises Unseen."""
    state = member(engine, "info", "Swarm", "LocalNodeState")
    if not isinstance(state, str):
        raise Unseen(f"the engine did not tell its swarm state: {engine.get('error') or 'not in the evidence'}")
    return state != "inactive"


def swarm(engine: Mapping[str, Any], evidence: Mapping[str, Any]) -> Spec:
    """Return the normalized swarm facts; what only a manager sees is left out on a worker."""
    facts, spec = engine.get("swarm"), Spec()
    listeners = evidence.get("listeners")
    if isinstance(listeners, list):
        spec["wildcard_listeners"] = sorted(
            {f"{row['address']}:{row['port']}/{row['protocol']}" for row in listeners
             if row.get("port") in MANAGEMENT_PORTS and row.get("address") in WILDCARDS}
        )  # fmt: skip
    if not isinstance(facts, Mapping):
        return spec
    if isinstance(facts.get("nodes"), list):
        spec["managers"] = sum(node.get("role") == "manager" for node in facts["nodes"])
    if isinstance(facts.get("services"), list):
        spec["services_with_secret_environment"] = [
            f"{service['name']}: {', '.join(names)}" for service in facts["services"] if (names := secret_names(service["environment"]))
        ]
    if isinstance(engine.get("networks"), list) and member(engine, "complete", "networks") is True:
        spec["unencrypted_overlays"] = sorted(
            network["Name"] for network in engine["networks"]
            if network.get("Driver") == "overlay" and "encrypted" not in (network.get("Options") or {})
        )  # fmt: skip
    for field, name in (("autolock", "autolock"),):
        if isinstance(member(facts, "spec", name), bool):
            spec[field] = member(facts, "spec", name)
    expiry = member(facts, "spec", "node_cert_expiry_ns")
    if isinstance(expiry, int):
        spec["node_cert_expiry_days"] = round(expiry / 86400e9, 1)
    age = ca_age_days(member(facts, "spec", "ca_certificate"), evidence.get("collected_at"))
    if age is not None:
        spec["ca_age_days"] = age
    data, advertised = member(facts, "addresses", "DataPathAddr"), member(facts, "addresses", "AdvertiseAddr")
    if member(facts, "addresses") is not MISSING and facts["addresses"]:
        host = str(advertised).rpartition(":")[0] if advertised is not MISSING else ""
        spec["data_path_separate"] = data is not MISSING and bool(data) and str(data) not in (host, str(advertised))
    return spec


def ca_age_days(pem: Any, collected_at: Any) -> int | None:
    """Return how many days before collection the CA certificate's validity began, or None when it can't be read.

    A certificate's first UTCTime (tag 0x17, 13 bytes; RFC 5280, 4.1.2.5.1) is its notBefore.
    """
    if not isinstance(pem, str) or not isinstance(collected_at, str):
        return None
    body = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END", pem, re.DOTALL)
    try:
        found = re.search(rb"\x17\x0d(\d{12})Z", base64.b64decode(body[1])) if body else None
        if not found:
            return None
        begun = datetime.strptime(found[1].decode() + "+0000", "%y%m%d%H%M%S%z")
        return (datetime.fromisoformat(collected_at.replace("Z", "+00:00")) - begun).days
    except ValueError:
        return None
