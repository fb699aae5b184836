"""What the engine pulls and runs."""

from __future__ import annotations

from functools import partial

from hullguard.prove.base import Probe

_probe = partial(Probe, family="supply", threat="supply_chain", severity="high", place="engine")

PROBES = (
    _probe(
        id="registry_without_tls", slugs=("insecure_registries",),
        tries="Have the engine pull from a registry without TLS, which a container plays.",
        succeeds="The engine asked it in plain text: whoever is on the way can swap images.",
        blocked="The engine insisted on TLS.", cleans="Nothing was pulled; the container is removed.",
    ),
    _probe(
        id="unsigned_image", severity="medium", place="plain", asks=True, slugs=("authorization_plugin",),
        per_container=("content_trust", "signed_artifacts"),
        tries="Have the engine run an image that came from no registry that nobody has signed: this run's.",
        succeeds="It ran: the engine takes whatever it is given.",
        blocked="The engine refused it.", cleans="Container and image are removed.",
    ),
    _probe(
        id="login_shell_pull", severity="medium", place="login", slugs=("content_trust",),
        tries="In a login shell have docker pull an image that nobody has signed, from a registry of ours.",
        succeeds="It was pulled: the shell asks for no signature.",
        blocked="Docker's command asks for a signature; without the shell's settings the pull works.",
        cleans="The image is removed, the port closed.",
    ),
    _probe(
        id="policy_foreign_registry", place="policy", roles=("docker_trust",),
        per_container=("trusted_base_images",),
        tries="Have run-verified take an image from a registry that nobody has allowed.",
        succeeds="The trust policy would let it run.", blocked="The trust policy refuses the registry.",
        cleans="Nothing was made.",
    ),
    _probe(
        id="policy_unsigned_image", place="policy", roles=("docker_trust",),
        per_container=("signed_artifacts", "content_trust"),
        tries="Have run-verified take an image that nobody has signed, of each allowed registry and rule.",
        succeeds="The trust policy would let it run.", blocked="The trust policy asks for a signature.",
        cleans="The port is closed; nothing else was made.",
    ),
)  # fmt: skip
