"""The trust policy: which registries images may come from, and whose signature they need.

Role docker_trust writes it; `compliance/schema/trust_policy.schema.json` describes it. The first rule whose
pattern fits decides; an image that none fits needs no signature.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hullguard import yamlfile
from hullguard.errors import InputError
from hullguard.trust.reference import HUB, Reference, canonical, is_registry, parse

DEFAULT = Path("/etc/hullguard/trust.yml")
COSIGN, NOTATION = "cosign", "notation"


@dataclass(frozen=True, slots=True)
class Attestation:
    """A signed statement that an image needs: its type as cosign calls it, and a CUE or Rego file that its
    content has to satisfy.
    """

    type: str
    policy: Path | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What images of a pattern need. `signers` are public keys (cosign) or certificates of authorities
    (notation), of which one will do; `identities` are the subjects that notation accepts below them.
    """

    pattern: str
    verifier: str
    signers: tuple[Path, ...]
    attestations: tuple[Attestation, ...] = ()
    identities: tuple[str, ...] = ()
    digest_required: bool = False

    def fits(self, reference: Reference) -> bool:
        """Return whether the rule speaks of an image."""
        registry, slash, repository = self.pattern.partition("/")
        words = f"{canonical(registry)}/{repository if slash else '*'}"
        return _like(words, reference.name)

    def begins_in(self, registry: str) -> bool:
        """Return whether the rule's registry is this one (a canonical name)."""
        return _like(canonical(self.pattern.partition("/")[0]), registry)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy's file; no registries: any will do."""

    path: Path
    registries: frozenset[str]
    rules: tuple[Rule, ...]

    def allows(self, reference: Reference) -> bool:
        """Return whether an image may come from its registry."""
        return not self.registries or canonical(reference.registry) in self.registries

    def rule(self, reference: Reference) -> Rule | None:
        """Return the rule that decides over an image."""
        return next((rule for rule in self.rules if rule.fits(reference)), None)


def load(path: Path) -> Policy:
    """Return the policy in a file.

    Raises InputError for one that is not there, or has a rule that speaks of no image.
    """
    if not path.exists() and path == DEFAULT:
        raise InputError(f"{path}: there is no trust policy. Role docker_trust writes it; or give --policy.")
    document = yamlfile.validated(path, "trust_policy")
    rules = tuple(_rule(row, f"{path}: rules[{index}]") for index, row in enumerate(document["rules"]))
    registries = frozenset(map(canonical, document["registries"]))
    for index, rule in enumerate(rules):
        if registries and not any(map(rule.begins_in, registries)):
            raise InputError(
                f"{path}: rules[{index}]: {rule.pattern} begins with none of the registries that this policy "
                "names: correct the pattern, or add the registry."
            )
    return Policy(path, registries, rules)


def _rule(row: Mapping[str, Any], where: str) -> Rule:
    verifier = row.get("verifier", COSIGN)
    signers = tuple(_file(name, where) for name in row["keys" if verifier == COSIGN else "certificates"])
    attestations = tuple(
        Attestation(one["type"], _file(one["policy"], where) if "policy" in one else None)
        for one in row.get("attestations", [])
    )
    identities = tuple(row.get("identities", ["*"] if verifier == NOTATION else []))
    digest_required = row.get("digest_required", False)
    rule = Rule(row["pattern"], verifier, signers, attestations, identities, digest_required)
    _check(rule, where)
    return rule


def _check(rule: Rule, where: str) -> None:
    """Check that a pattern fits images. Raises InputError.

    One that fits none would leave what it was written for without a signature. Role docker_trust refuses the
    same ones (`__docker_trust_wrong`).
    """
    first, slash, repository = rule.pattern.partition("/")
    if first != "*" and not is_registry(first):
        raise InputError(
            f"{where}: {rule.pattern} fits no image: {first} is no registry. A pattern begins with one, as "
            f"{HUB}/library/nginx or registry.example.net/team/* do."
        )
    if canonical(first) == HUB and slash and "/" not in repository and not repository.startswith("*"):
        raise InputError(
            f"{where}: {rule.pattern} fits no image: Docker Hub's names have two parts. Write "
            f"{HUB}/library/{repository} for an official image, {HUB}/{repository}/* for a publisher's."
        )
    try:  # the shortest thing that an asterisk can always stand for
        fits = rule.fits(parse((rule.pattern if slash else f"{first}/*").replace("*", "a")))
    except InputError:
        fits = False
    if not fits:
        raise InputError(
            f"{where}: {rule.pattern} fits no image: after the registry comes a repository in lower case, "
            "with asterisks, without tag or digest."
        )


def _like(pattern: str, name: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), name) is not None


def _file(name: str, where: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise InputError(f"{where}: {name}: there is no such file.")
    return path
