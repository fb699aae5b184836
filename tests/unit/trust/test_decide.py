from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from unit.trust.conftest import DIGEST, OTHER, Script, attestation, signature

from hullguard.errors import HullguardError, InputError
from hullguard.trust.decide import (
    ACCEPTED,
    MISSING,
    NOT_REQUIRED,
    REFUSED,
    UNKNOWN,
    Decision,
    accepted,
    decide,
)
from hullguard.trust.policy import Attestation, Policy, Rule
from hullguard.trust.reference import parse

PATTERN = "registry.example.net/*"
IMAGE = "registry.example.net/app:1"
TIMEOUT = 20.0
RESOLVED = f'[ "$1" = triangulate ] && {{ echo "registry.example.net/app@{DIGEST}"; exit; }}\n'
SIGNED = RESOLVED + f"[ \"$1\" = verify ] && {{ echo '{signature()}'; exit; }}\n"


def error(code: int, words: str) -> str:
    return f'echo "WARNING: x" >&2; echo "Error: {words}" >&2; echo "error during command execution: {words}" >&2; exit {code}\n'


def policy(
    *keys: str,
    verifier: str = "cosign",
    attestations: tuple[Attestation, ...] = (),
    digest_required: bool = False,
) -> Policy:
    paths = tuple(Path("/keys") / key for key in keys or ("team.pub",))
    identities = ("*",) if verifier == "notation" else ()
    rule = Rule(PATTERN, verifier, paths, attestations, identities, digest_required)
    return Policy(Path("trust.yml"), frozenset({"registry.example.net", "docker.io"}), (rule,))


def ask(chosen: Policy | None = None, image: str = IMAGE, *, strict: bool = False) -> Decision:
    return decide(parse(image), chosen or policy(), TIMEOUT, strict=strict)


def calls(tmp_path: Path) -> list[str]:
    log = tmp_path / "log"
    return log.read_text().splitlines() if log.exists() else []


def test_the_policy_alone_decides(script: Script, tmp_path: Path) -> None:
    script("cosign", SIGNED)
    found = ask(image="quay.io/app:1")
    assert (found.status, found.id, found.reason) == (
        REFUSED,
        "registry",
        "quay.io is none of the registries in trust.yml",
    )
    found = ask(image="nginx:1")
    assert (found.status, found.id) == (NOT_REQUIRED, "")
    found = ask(image="nginx:1", strict=True)
    assert (found.status, found.id) == (REFUSED, "no-rule")
    found = ask(policy(digest_required=True))
    assert (found.status, found.id) == (REFUSED, "tag")
    # Nobody was asked for any of these.
    assert calls(tmp_path) == []
    assert ask(policy(digest_required=True), f"registry.example.net/app@{DIGEST}").status == ACCEPTED


def test_what_is_verified_is_the_digest_of_the_tag(script: Script, tmp_path: Path) -> None:
    script("cosign", SIGNED)
    found = ask()
    assert (found.status, found.digest) == (ACCEPTED, DIGEST)
    assert (found.tool, found.version) == ("cosign", "2.5.0")
    assert found.reason == f"{DIGEST} is signed by /keys/team.pub (rule {PATTERN})"
    assert calls(tmp_path) == [
        "triangulate --type digest -- registry.example.net/app:1",
        f"verify --insecure-ignore-tlog=true --output json --key /keys/team.pub -- registry.example.net/app@{DIGEST}",
    ]


def test_a_digest_is_not_looked_up(script: Script, tmp_path: Path) -> None:
    script("cosign", SIGNED)
    assert ask(image=f"registry.example.net/app:1@{DIGEST}").status == ACCEPTED
    assert [call.split()[0] for call in calls(tmp_path)] == ["verify"]


def test_one_of_several_keys_will_do(script: Script) -> None:
    script(
        "cosign",
        RESOLVED
        + f"case \"$*\" in *b.pub*) echo '{signature()}';; *) {error(12, 'no matching signatures: x')};; esac",
    )
    found = ask(policy("a.pub", "b.pub", "c.pub"))
    assert (found.status, "by /keys/b.pub" in found.reason) == (ACCEPTED, True)


@pytest.mark.parametrize(
    ("code", "words", "id_"),
    [
        (10, "no signatures found", "unsigned"),
        (
            12,
            "no matching signatures: invalid signature when validating ASN.1 encoded signature",
            "wrong-key",
        ),
        (
            1,
            "no matching attestations: failed to verify signature: accepted signatures do not match",
            "wrong-key",
        ),
        (12, f"no matching signatures: invalid or missing digest in claim: {OTHER}", "wrong-digest"),
    ],
)
def test_refused_by_cosign(script: Script, code: int, words: str, id_: str) -> None:
    script("cosign", RESOLVED + error(code, words))
    found = ask(policy("a.pub", "b.pub"))
    assert (found.status, found.id, found.digest) == (REFUSED, id_, DIGEST)


@pytest.mark.parametrize(
    "body",
    [
        error(1, "Get https://registry.example.net/v2/: dial tcp: lookup registry.example.net: no such host"),
        "exit 0",
        "echo registry.example.net/app",
        "echo registry.example.net/app@sha256:12",
        RESOLVED + error(1, "GET https://registry.example.net/v2/app/manifests/x: 500"),
        RESOLVED + error(12, "no matching signatures: GET https://registry.example.net/v2/app/blobs/x: 500"),
        RESOLVED + "exit 1",
        RESOLVED + "exit 99",
        RESOLVED + "kill -9 $$",
        # It says that all is well, and not of what.
        RESOLVED + "exit 0",
        RESOLVED + "echo '[]'",
        RESOLVED + "echo '{}'",
        RESOLVED + f"echo '{signature(OTHER)}'",
        # Whether the first key would have fitted, nobody knows.
        RESOLVED
        + f'case "$*" in *a.pub*) {error(1, "dial tcp: timeout")};; esac\n'
        + error(12, "no matching signatures: x"),
    ],
)
def test_what_could_not_be_seen_is_unknown(script: Script, body: str) -> None:
    script("cosign", body)
    found = ask(policy("a.pub", "b.pub"))
    assert found.status == UNKNOWN, found
    assert found.reason


def test_a_key_that_fits_is_enough_when_another_could_not_be_tried(script: Script) -> None:
    script(
        "cosign",
        RESOLVED + f"case \"$*\" in *b.pub*) echo '{signature()}'; exit;; esac\n" + error(1, "no such key"),
    )
    assert ask(policy("a.pub", "b.pub")).status == ACCEPTED


def test_a_verifier_that_takes_too_long(script: Script) -> None:
    script("cosign", "sleep 30")
    found = decide(parse(IMAGE), policy(), 0.3)
    assert (found.status, found.reason) == (UNKNOWN, "did not end within 0.3 s")


@pytest.mark.parametrize("name", ["cosign", "notation"])
def test_a_verifier_that_is_not_here(
    script: Script, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("hullguard.trust.verifier.tools.folders", lambda: [tmp_path])
    found = ask(policy(verifier=name))
    assert (found.status, found.reason, "./nox -s tools" in found.get) == (
        MISSING,
        f"{name} is not here",
        True,
    )
    monkeypatch.setenv(f"HULLGUARD_{name.upper()}", str(tmp_path / "gone"))
    with pytest.raises(InputError, match=r"gone: there is no such program"):
        ask(policy(verifier=name))


def test_nothing_of_this_persons_settings_reaches_the_verifier(
    script: Script, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COSIGN_REPOSITORY", "registry.example.net/elsewhere")
    monkeypatch.setenv("COSIGN_EXPERIMENTAL", "1")
    script("cosign", f'env > "{tmp_path}/seen"; {SIGNED}')
    assert ask().status == ACCEPTED
    seen = (tmp_path / "seen").read_text()
    assert "COSIGN_" not in seen
    assert f"HOME={os.environ['HOME']}\n" not in seen


ATTESTED = SIGNED + f"case \"$*\" in *spdxjson*) ;; *) echo '{attestation()}'; exit;; esac\n"


def test_attestations(script: Script, tmp_path: Path) -> None:
    script("cosign", ATTESTED + error(1, "no matching attestations: "))
    wanted = (Attestation("cyclonedx"), Attestation("slsaprovenance", Path("/keys/p.cue")))
    found = ask(policy(attestations=wanted))
    assert (found.status, "team.pub, with cyclonedx and slsaprovenance (rule" in found.reason) == (
        ACCEPTED,
        True,
    )
    assert calls(tmp_path)[-1] == (
        "verify-attestation --type slsaprovenance --policy /keys/p.cue --insecure-ignore-tlog=true --output json"
        f" --key /keys/team.pub -- registry.example.net/app@{DIGEST}"
    )
    found = ask(policy(attestations=(*wanted, Attestation("spdxjson"))))
    assert (found.status, found.id, "no attestation spdxjson by /keys/team.pub" in found.reason) == (
        REFUSED,
        "attestation",
        True,
    )


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (error(1, "none of the attestations matched the predicate type: vuln, found: https://x/y"), REFUSED),
        (
            'echo "- predicate.builder.id: conflicting values" >&2\n'
            + error(1, "1 validation errors occurred"),
            REFUSED,
        ),
        (error(1, "no matching attestations: GET https://registry.example.net/v2/: 500"), UNKNOWN),
        (error(1, "open /keys/p.cue: permission denied"), UNKNOWN),
        ("exit 0", UNKNOWN),
        ("echo '{}'", UNKNOWN),
        (f"echo '{attestation(OTHER)}'", UNKNOWN),
    ],
)
def test_attestations_that_are_none(script: Script, body: str, status: str) -> None:
    script("cosign", SIGNED + body)
    found = ask(policy(attestations=(Attestation("vuln", Path("/keys/p.cue")),)))
    assert found.status == status, found
    assert ("conflicting values" in found.reason) == ("conflicting values" in body)


LISTED = f'[ "$1" = list ] && {{ echo "registry.example.net/app@{DIGEST}"; echo "└── application/vnd.cncf.notary.signature"; exit; }}\n'


EXPIRED = """echo 'level=error msg=expiry validation failed. Failure reason: digital signature has expired on "…"' >&2\n"""


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "vendor.pem"
    path.write_text("the vendor's authority")
    return path


def notation(certificate: Path, identity: str = "*") -> Policy:
    rule = Rule(PATTERN, "notation", (certificate,), identities=(identity,))
    return Policy(Path("trust.yml"), frozenset(), (rule,))


def test_notation(script: Script, certificate: Path, tmp_path: Path) -> None:
    keep = f'cp -r "$XDG_CONFIG_HOME/notation" "{tmp_path}/seen"\n'
    script(
        "notation",
        LISTED
        + keep
        + f'echo "Successfully verified signature for $3"; [ "$3" = registry.example.net/app@{DIGEST} ]',
    )
    found = ask(notation(certificate, "x509.subject: C=NL, ST=Utrecht, O=Vendor"))
    assert (found.status, found.digest, found.version) == (ACCEPTED, DIGEST, "1.3.2")
    assert f"is signed by a certificate below {certificate} (rule" in found.reason
    (statement,) = json.loads((tmp_path / "seen/trustpolicy.json").read_text())["trustPolicies"]
    assert statement["signatureVerification"] == {"level": "strict"}
    assert statement["trustedIdentities"] == ["x509.subject: C=NL, ST=Utrecht, O=Vendor"]
    (store,) = statement["trustStores"]
    kind, name = store.split(":")
    assert [path.read_text() for path in (tmp_path / "seen/truststore/x509" / kind / name).iterdir()] == [
        "the vendor's authority"
    ]


@pytest.mark.parametrize(
    ("body", "status", "id_"),
    [
        (LISTED + error(1, "signature verification failed: no signature is associated with app, make sure"), REFUSED, "unsigned"),
        (LISTED + error(1, "signature verification failed for all the signatures associated with app"), REFUSED, "wrong-key"),
        (LISTED + EXPIRED + error(1, "signature verification failed for all the signatures associated with app"), REFUSED, "expired"),
        (LISTED + EXPIRED + error(1, "signature verification failed: unable to retrieve digital signature"), UNKNOWN, ""),
        (LISTED + error(1, "signature verification failed: unable to retrieve digital signature"), UNKNOWN, ""),
        (LISTED + error(1, "failed to get manifest descriptor: dial tcp: connection refused"), UNKNOWN, ""),
        (LISTED + "exit 1", UNKNOWN, ""),
        (LISTED + "echo all is well", UNKNOWN, ""),
        (error(1, "failed to get manifest descriptor: not found"), UNKNOWN, ""),
        ("echo nothing", UNKNOWN, ""),
    ],
)  # fmt: skip
def test_what_notation_says(script: Script, certificate: Path, body: str, status: str, id_: str) -> None:
    script("notation", body)
    found = ask(notation(certificate))
    assert (found.status, found.id) == (status, id_), found


def test_only_the_loopback_may_do_without_tls(script: Script, certificate: Path, tmp_path: Path) -> None:
    body = f'case "$*" in *--insecure-registry*) echo "verified x@{DIGEST}"; exit;; esac\n' + error(
        1, "http: server gave HTTP response to HTTPS client"
    )
    script("notation", body)
    rule = Rule("*", "notation", (certificate,), identities=("*",))
    chosen = Policy(Path("trust.yml"), frozenset(), (rule,))
    assert ask(chosen, "127.0.0.1:5000/app:1").status == ACCEPTED
    assert len([call for call in calls(tmp_path) if "--insecure-registry" in call]) == 2
    found = ask(chosen)
    assert (found.status, "HTTP response" in found.reason) == (UNKNOWN, True)
    assert len([call for call in calls(tmp_path) if "--insecure-registry" in call]) == 2


def test_what_may_run(script: Script) -> None:
    script("cosign", SIGNED)
    assert accepted(parse(IMAGE), policy(), TIMEOUT).digest == DIGEST
    for image, words in (("nginx:1", "no rule in"), ("quay.io/app:1", "none of the registries")):
        with pytest.raises(HullguardError, match=rf"^{re.escape(image)}: refused: .*{words}") as stopped:
            accepted(parse(image), policy(), TIMEOUT)
        assert stopped.value.exit_code == 12
    script("cosign", "exit 1")
    with pytest.raises(HullguardError, match="could not be verified: cosign: ended with code 1") as stopped:
        accepted(parse(IMAGE), policy(), TIMEOUT)
    assert stopped.value.exit_code == 1
