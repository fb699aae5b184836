"""Decide over one image: its registry, its rule, the digest that its tag stands for now, who signed that."""

from __future__ import annotations

from dataclasses import dataclass

from hullguard import __version__
from hullguard.errors import HullguardError
from hullguard.scanners.base import Rubbish, Tool
from hullguard.trust.cosign import Cosign
from hullguard.trust.notation import Notation
from hullguard.trust.policy import COSIGN, NOTATION, Policy, Rule
from hullguard.trust.reference import Reference
from hullguard.trust.verifier import Missing, Proof, Refused, Verifier

ACCEPTED, NOT_REQUIRED, REFUSED, UNKNOWN, MISSING = (
    "accepted",
    "not required",
    "refused",
    "unknown",
    "missing",
)
# The tool in whose name the policy itself refuses.
POLICY = "trust-policy"
VERIFIERS: dict[str, Verifier] = {COSIGN: Cosign(), NOTATION: Notation()}


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says of one image. `digest` is "" where it was not looked up; `id` names the kind of
    refusal, a key of `report.FIXES`; `get` says how to get a verifier that is missing.
    """

    reference: Reference
    status: str
    reason: str
    digest: str = ""
    id: str = ""
    tool: str = POLICY
    version: str = __version__
    get: str = ""


def decide(reference: Reference, policy: Policy, timeout: float, *, strict: bool = False) -> Decision:
    """Return the decision over an image. `timeout` is in seconds, for each call of a verifier; `strict`
    refuses an image that no rule speaks of.
    """
    if not policy.allows(reference):
        reason = f"{reference.registry} is none of the registries in {policy.path}"
        return Decision(reference, REFUSED, reason, id="registry")
    rule = policy.rule(reference)
    if rule is None:
        reason = f"no rule in {policy.path} asks for a signature"
        if strict:
            return Decision(reference, REFUSED, reason, id="no-rule")
        return Decision(reference, NOT_REQUIRED, f"needs no signature: {reason}")
    if rule.digest_required and not reference.digest:
        reason = f"it is named by a tag, and rule {rule.pattern} wants a digest"
        return Decision(reference, REFUSED, reason, id="tag")
    return _verified(reference, rule, timeout)


def _verified(reference: Reference, rule: Rule, timeout: float) -> Decision:
    verifier = VERIFIERS[rule.verifier]
    name, digest, tool = verifier.name, reference.digest, Tool(verifier.name, rule.signers[0], "")
    try:
        tool = verifier.find()
        digest = digest or verifier.resolve(tool, reference, timeout)
        proof = verifier.verify(tool, reference, digest, rule, timeout)
    except Missing as error:
        return Decision(reference, MISSING, f"{name} is not here", tool=name, version="", get=str(error))
    except Refused as error:
        return Decision(reference, REFUSED, str(error), digest, error.id, name, tool.version)
    except (Rubbish, OSError) as error:
        return Decision(reference, UNKNOWN, str(error), digest, tool=name, version=tool.version)
    return Decision(reference, ACCEPTED, _words(digest, proof, rule), digest, tool=name, version=tool.version)


def _words(digest: str, proof: Proof, rule: Rule) -> str:
    attested = f", with {' and '.join(proof.attestations)}" if proof.attestations else ""
    return f"{digest} is {proof.signed}{attested} (rule {rule.pattern})"


def accepted(reference: Reference, policy: Policy, timeout: float) -> Decision:
    """Return the decision over an image that may only run when it verifies.

    Raises HullguardError: code 12 when it is refused, 1 when nobody could look.
    """
    found = decide(reference, policy, timeout, strict=True)
    if found.status == REFUSED:
        raise HullguardError(f"{reference.written}: refused: {found.reason}.", exit_code=12)
    if found.status != ACCEPTED:
        words = f"{found.tool}: {found.reason}" + (f": {found.get}" if found.get else "")
        raise HullguardError(f"{reference.written}: could not be verified: {words}.")
    return found
