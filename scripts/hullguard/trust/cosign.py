"""Verify with cosign: signatures and attestations by one of a rule's keys, kept beside the image.

The transparency log is not looked at: the policy names keys, and a private registry's images are in no public
log.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

from hullguard.scanners.base import Ran, Rubbish, Tool
from hullguard.scanners.cosign import REFUSED, SCANNER, proof
from hullguard.scanners.tools import VERSION_SECONDS
from hullguard.trust.policy import Attestation, Rule
from hullguard.trust.reference import DIGEST, Reference
from hullguard.trust.verifier import Proof, Refused, Verifier, run, told

# Signed, but not what was asked for: of another type, or not accepted by the policy.
_OTHER = re.compile(
    r"Error: (?:\d+ validation errors occurred|none of the attestations matched the predicate)"
)
_KEY = ("--insecure-ignore-tlog=true", "--output", "json", "--key")


class Cosign(Verifier):
    """Known to work with 2.5 and 3.1."""

    name = "cosign"
    get = SCANNER.get

    def version(self, path: Path) -> str:
        """Return it as the scanner does."""
        ran, _ = run([str(path), *SCANNER.version_command()], VERSION_SECONDS)
        return SCANNER.version(ran.answer.decode("utf-8", "replace") or ran.said)

    def resolve(self, tool: Tool, reference: Reference, timeout: float) -> str:
        """Ask for it as cosign does when it verifies: the same credentials, the same rules for TLS."""
        ran, errors = run(
            [str(tool.path), "triangulate", "--type", "digest", "--", reference.tagged], timeout
        )
        _, _, digest = ran.answer.decode("utf-8", "replace").strip().rpartition("@")
        if ran.code != 0 or not DIGEST.fullmatch(digest):
            raise told(ran, errors)
        return digest

    def verify(self, tool: Tool, reference: Reference, digest: str, rule: Rule, timeout: float) -> Proof:
        """Try each key until one fits."""
        image = reference.at(digest)
        unsigned, copied, unseen = True, False, None
        for key in rule.signers:
            ran, errors = run([str(tool.path), "verify", *_KEY, str(key), "--", image], timeout)
            if ran.code == 0:
                _signed(ran, digest)
                named = [_attested(tool, image, digest, one, rule, timeout) for one in rule.attestations]
                return Proof(f"signed by {key}", tuple(named))
            if not errors or not all(REFUSED.match(line) for line in errors):
                unseen = unseen or told(ran, errors)
            unsigned &= all("no signatures found" in line for line in errors)
            copied |= any("digest in claim" in line for line in errors)
        if unseen:
            raise unseen
        if unsigned:
            raise Refused("unsigned", "its registry holds no signature of it")
        if copied:
            raise Refused("wrong-digest", "its signature was made for another image")
        raise Refused("wrong-key", f"none of its signatures is by {_list(rule)}")


def _signed(ran: Ran, digest: str) -> None:
    """Check that cosign speaks of this digest. Raises Rubbish."""
    try:
        proof(ran)
        rows = json.loads(ran.answer)
        told_of = {row["critical"]["image"]["docker-manifest-digest"] for row in rows}
    except (ValueError, KeyError, TypeError) as error:
        raise Rubbish(f"its proof has another form than Hullguard knows ({type(error).__name__})") from None
    if told_of != {digest}:
        raise Rubbish(f"it verified {', '.join(sorted(told_of))} and not {digest}")


def _attested(tool: Tool, image: str, digest: str, wanted: Attestation, rule: Rule, timeout: float) -> str:
    """Return the type of an attestation that is there. Raises Refused or Rubbish."""
    policy = ["--policy", str(wanted.policy)] if wanted.policy else []
    unseen, objections = None, ""
    for key in rule.signers:
        argv = [str(tool.path), "verify-attestation", "--type", wanted.type, *policy, *_KEY, str(key)]
        ran, errors = run([*argv, "--", image], timeout)
        if ran.code == 0:
            _about(ran, digest)
            return wanted.type
        if not errors or not all(REFUSED.match(line) or _OTHER.match(line) for line in errors):
            unseen = unseen or told(ran, errors)
        objections = objections or "; ".join(re.findall(r"^- (.+)", ran.said, re.MULTILINE)[:3])[:300]
    if unseen:
        raise unseen
    words = f" that {wanted.policy} accepts" if wanted.policy else ""
    words += f": {objections}" if objections else ""
    raise Refused("attestation", f"it has no attestation {wanted.type} by {_list(rule)}{words}")


def _about(ran: Ran, digest: str) -> None:
    """Check that an attestation is about this digest. Raises Rubbish."""
    try:
        for line in ran.answer.splitlines():
            statement = json.loads(base64.b64decode(json.loads(line)["payload"], validate=True))
            if any(f"sha256:{one['digest']['sha256']}" == digest for one in statement["subject"]):
                return
    except (ValueError, KeyError, TypeError) as error:
        raise Rubbish(
            f"its attestation has another form than Hullguard knows ({type(error).__name__})"
        ) from None
    raise Rubbish(f"it verified an attestation of something else than {digest}")


def _list(rule: Rule) -> str:
    return " or ".join(str(key) for key in rule.signers)
