"""Verify with notation: signatures by a certificate below one of a rule's authorities.

Each authority gets a trust store and a trust policy of its own (level strict: integrity, authenticity, time,
expiry and revocation all have to hold), so that nothing in this person's own notation settings counts.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from hullguard.scanners.base import Ran, Rubbish, Tool
from hullguard.scanners.tools import VERSION_SECONDS
from hullguard.trust.policy import Rule
from hullguard.trust.reference import LOOPBACK, Reference
from hullguard.trust.verifier import Proof, Refused, Verifier, run, told

# Without a signature, and with none that is valid; whatever else it says is a failure of its own.
_REFUSED = (
    "Error: signature verification failed: no signature is associated",
    "Error: signature verification failed for all the signatures",
)
# With --verbose, of each signature. Its signer was looked at before: nothing else speaks against it.
_EXPIRED = re.compile(r"^level=error msg=\"?expiry validation failed", re.MULTILINE)
_DIGEST = re.compile(rb"@(sha256:[0-9a-f]{64})(?:\s|$)")
# What Go's client says when the other side speaks no TLS.
_PLAIN = re.compile(r"server gave HTTP response to HTTPS client|does not look like a TLS handshake")


class Notation(Verifier):
    """Known to work with 1.3."""

    name = "notation"
    get = "./nox -s tools, or https://notaryproject.dev/docs/user-guides/installation/cli/"

    def version(self, path: Path) -> str:
        """Return what stands in `Version:     v1.3.2`."""
        ran, _ = run([str(path), "version"], VERSION_SECONDS)
        found = re.search(rb"^Version:\s*v?(\S+)", ran.answer, re.MULTILINE)
        if ran.code != 0 or not found:
            raise Rubbish("told no version")
        return found[1].decode("utf-8", "replace")

    def resolve(self, tool: Tool, reference: Reference, timeout: float) -> str:
        """Ask for the signatures of the tag: their list begins with its digest."""
        ran, errors = _asked(tool, ["list"], reference, reference.tagged, timeout)
        found = _DIGEST.search(ran.answer)
        if ran.code != 0 or not found:
            raise told(ran, errors)
        return found[1].decode()

    def verify(self, tool: Tool, reference: Reference, digest: str, rule: Rule, timeout: float) -> Proof:
        """Try each authority until one fits."""
        image = reference.at(digest)
        unsigned, expired, unseen = True, False, None
        for certificate in rule.signers:
            files = _settings(certificate, rule.identities)
            ran, errors = _asked(tool, ["verify", "--verbose"], reference, image, timeout, files)
            if ran.code == 0:
                if digest.encode() not in ran.answer:
                    raise Rubbish(f"it says that it verified something, and not that it was {digest}")
                return Proof(f"signed by a certificate below {certificate}")
            if not errors or not all(line.startswith(_REFUSED) for line in errors):
                unseen = unseen or told(ran, errors)
            unsigned &= all("no signature is associated" in line for line in errors)
            expired |= _EXPIRED.search(ran.said) is not None
        if unseen:
            raise unseen
        if unsigned:
            raise Refused("unsigned", "its registry holds no signature of it")
        names = " or ".join(map(str, rule.signers))
        if expired:
            raise Refused("expired", f"its signature below {names} has expired")
        raise Refused("wrong-key", f"none of its signatures is valid below {names}")


def _asked(
    tool: Tool,
    command: list[str],
    reference: Reference,
    image: str,
    timeout: float,
    files: dict[str, str | bytes] | None = None,
) -> tuple[Ran, list[str]]:
    """Run notation; a registry on the loopback may do without TLS, as it may for the engine."""
    argv = [str(tool.path), *command]
    ran, errors = run([*argv, image], timeout, files)
    if ran.code != 0 and LOOPBACK.fullmatch(reference.registry) and any(map(_PLAIN.search, errors)):
        return run([*argv, "--insecure-registry", image], timeout, files)
    return ran, errors


def _settings(certificate: Path, identities: tuple[str, ...]) -> dict[str, str | bytes]:
    """Return notation's own files for one authority."""
    try:
        text = certificate.read_bytes()
    except OSError as error:
        raise Rubbish(f"{certificate}: can't be read: {error.strerror}") from None
    statement = {
        "name": "hullguard",
        "registryScopes": ["*"],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:hullguard"],
        "trustedIdentities": list(identities),
    }
    return {
        "notation/truststore/x509/ca/hullguard/authority.pem": text,
        "notation/trustpolicy.json": json.dumps({"version": "1.0", "trustPolicies": [statement]}),
    }
