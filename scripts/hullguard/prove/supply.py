"""What the host's trust policy says of images that nobody has vouched for, asked as run-verified asks it."""

from __future__ import annotations

import secrets

from hullguard.errors import HullguardError
from hullguard.prove.base import BLOCKED, SUCCEEDED, Outcome, unknown
from hullguard.trust import decide, policy
from hullguard.trust.reference import parse

SECONDS = 10.0
# A name that no registry has (RFC 2606).
NOWHERE = "hullguard-prove.invalid"


def carry_out(name: str) -> Outcome:
    """Carry one of the policy's probes out."""
    if not policy.DEFAULT.exists():
        return unknown(f"there is no trust policy ({policy.DEFAULT})")
    try:
        found = policy.load(policy.DEFAULT)
        registry = NOWHERE if name == "policy_foreign_registry" else next(iter(sorted(found.registries)), "")
        if not registry:
            return unknown("the policy names no registry that it allows")
        # Nobody has such an image: what is asked is whether a signature is demanded of it.
        said = decide.decide(parse(f"{registry}/{secrets.token_hex(8)}:1"), found, SECONDS, strict=True)
    except HullguardError as error:
        return unknown(str(error))
    if said.status == decide.REFUSED:
        return Outcome(BLOCKED, said.reason)
    if said.status in (decide.ACCEPTED, decide.NOT_REQUIRED):
        return Outcome(SUCCEEDED, said.reason)
    return unknown(f"{said.tool}: {said.reason}")
