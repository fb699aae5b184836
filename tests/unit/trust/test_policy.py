from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hullguard import yamlfile
from hullguard.errors import InputError
from hullguard.trust.policy import DEFAULT, Policy, load
from hullguard.trust.reference import parse

Write = Callable[..., Policy]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a policy with rules and load it; `KEY` in a rule is a key that is there."""
    (tmp_path / "team.pub").write_text("key")

    def written(*rules: dict[str, Any], registries: list[str] | None = None) -> Policy:
        path = tmp_path / "trust.yml"
        document = {"schema": "hullguard/trust/1", "registries": registries or [], "rules": list(rules)}
        path.write_text(json.dumps(document).replace("KEY", str(tmp_path / "team.pub")))
        return load(path)

    return written


def cosign(pattern: str, **more: Any) -> dict[str, Any]:
    return {"pattern": pattern, "keys": ["KEY"], **more}


@pytest.mark.parametrize(
    ("pattern", "fits", "not_"),
    [
        ("registry.example.net", ["registry.example.net/app:1", "registry.example.net/a/b"], ["nginx"]),
        ("registry.example.net/team/*", ["registry.example.net/team/app", "registry.example.net/team/a/b"],
         ["registry.example.net/team", "registry.example.net/teams/app", "registry.example.net:5000/team/app"]),
        ("registry.example.net/app", ["registry.example.net/app:2"], ["registry.example.net/app2"]),
        ("registry.example.net:443/app", ["registry.example.net/app"], ["registry.example.net:5000/app"]),
        ("Registry.Example.net/*", ["registry.example.net/app", "REGISTRY.example.net:443/app"], []),
        ("docker.io/library/*", ["nginx", "index.docker.io/library/nginx"], ["team/app"]),
        ("docker.io", ["nginx", "team/app", "registry-1.docker.io/team/app"], ["localhost/app"]),
        ("*", ["nginx", "registry.example.net:5000/app"], []),
        ("*.example.net/*", ["a.example.net/app"], ["a.example.org/app", "axexample.net/app"]),
        ("127.0.0.1:5000/*", ["127.0.0.1:5000/app"], ["127.0.0.1:5001/app", "127x0.0.1:5000/app"]),
    ],
)  # fmt: skip
def test_which_images_a_pattern_fits(write: Write, pattern: str, fits: list[str], not_: list[str]) -> None:
    policy = write(cosign(pattern))
    assert [name for name in fits if policy.rule(parse(name)) is None] == []
    assert [name for name in not_ if policy.rule(parse(name)) is not None] == []


def test_the_first_rule_that_fits_decides(write: Write) -> None:
    policy = write(cosign("registry.example.net/app", digest_required=True), cosign("registry.example.net"))
    rule = policy.rule(parse("registry.example.net/app"))
    assert rule is policy.rules[0]
    rule = policy.rule(parse("registry.example.net/other"))
    assert rule is policy.rules[1]


def test_registries(write: Write) -> None:
    assert write().allows(parse("nginx"))
    policy = write(registries=["docker.io", "registry.example.net:443", "registry.example.net:5000"])
    for name in ("nginx", "index.docker.io/a/b", "registry.example.net/app", "registry.example.net:5000/app"):
        assert policy.allows(parse(name))
    for name in ("quay.io/app", "registry.example.net:5001/app", "localhost/app"):
        assert not policy.allows(parse(name))


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("registry.example.net/app:1.*", "fits no image"),
        ("registry.example.net/app@sha256:*", "fits no image"),
        ("registry.example.net/", "fits no image"),
        ("registry.example.net/Team/*", "fits no image"),
        ("registry.example.net/team?", "fits no image"),
        ("registry.example.net/[a-z]*", "fits no image"),
        ("registry.example.net//app", "fits no image"),
        ("https://registry.example.net/app", "does not match"),
        ("", "does not match"),
        ("registry.example.net/app-", "fits no image"),
        ("a..example.net/app", "fits no image"),
        ("my_registry.example.net/app", "fits no image"),
        ("nginx", "nginx is no registry"),
        ("library/nginx", "library is no registry"),
        ("team/app", "team is no registry"),
        ("team*/app", r"team\* is no registry"),
        ("*nginx", r"\*nginx is no registry"),
        ("docker.io/nginx", "docker.io/library/nginx for an official image"),
        ("index.docker.io/nginx", "docker.io/library/nginx for an official image"),
        ("docker.io:443/ng*", r"docker.io/ng\*/\* for a publisher's"),
    ],
)
def test_a_pattern_that_fits_nothing_is_refused(write: Write, pattern: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        write(cosign(pattern))


def test_a_rule_for_a_registry_that_the_policy_does_not_name_is_refused(write: Write) -> None:
    named = ["docker.io", "a.example.net", "registry.example.net:5000"]
    for pattern in (
        "*",
        "index.docker.io",
        "*.example.net/app",
        "registry.example.net:5000/app",
        "docker.io/*",
    ):
        assert write(cosign(pattern), registries=named).rules
    for pattern in ("registry.example.net/app", "aa.example.net", "*.example.org/app", "quay.io/*"):
        with pytest.raises(InputError, match="begins with none of the registries"):
            write(cosign(pattern), registries=named)


PATTERNS = (
    "docker.io", "docker.io/*", "docker.io/library/nginx", "docker.io/team/*", "docker.io/*x", "registry.example.net",
    "registry.example.net/app", "registry.example.net/*-app/a__b", "127.0.0.1:5000/*", "localhost/app", "registry:5000/a/b",
    "docker.io/nginx", "docker.io:443/nginx", "registry-1.docker.io/nginx", "registry.hub.docker.com/ng*", "nginx", "team/app",
    "localhosts/app", "a..example.net", "a-.example.net/app", "registry.example.net/", "registry.example.net//app", "docker.io/App/x",
    "docker.io/team/app:1", "registry.example.net/a___b", "registry.example.net/app-", "registry.example.net/*.", "docker.io/",
)  # fmt: skip


def test_what_the_role_takes_the_command_takes_and_no_more(write: Write) -> None:
    """The role takes fewer: no asterisks in a registry, no capitals."""
    names = yamlfile.load(Path(__file__).parents[3] / "roles/docker_trust/vars/main.yml")

    def role(pattern: str) -> bool:
        registry, slash, repository = pattern.partition("/")
        return bool(
            re.match(names["__docker_trust_registry"], registry)
            and not re.match(names["__docker_trust_hub_folder"], pattern)
            and (not slash or re.match(names["__docker_trust_repository"], repository))
        )

    def command(pattern: str) -> bool:
        try:
            return bool(write(cosign(pattern)))
        except InputError:
            return False

    taken = [pattern for pattern in PATTERNS if role(pattern)]
    assert taken == [pattern for pattern in PATTERNS if command(pattern)]
    assert len(taken) == 11


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"pattern": "docker.io"}, "'keys' is a required property"),
        (cosign("docker.io", keys=[]), r"keys: \[\]"),
        (cosign("docker.io", keys=["/no/such.pub"]), r"rules\[0\]: /no/such.pub: there is no such file"),
        (cosign("docker.io", keys=["team.pub"]), "does not match"),
        (cosign("docker.io", verifier="gpg"), "'gpg' is not one of"),
        (cosign("docker.io", verifier="notation"), r"rules\[0\]"),
        (cosign("docker.io", certificates=["KEY"]), r"rules\[0\]"),
        (cosign("docker.io", identities=["x509.subject: O=V"]), r"rules\[0\]"),
        (cosign("docker.io", attestations=[{"type": "cyclonedx", "policy": "/no/p.cue"}]), "there is no such file"),
        (cosign("docker.io", attestations=[{"type": "cyclonedx", "policy": "/no/p.txt"}]), "does not match"),
        (cosign("docker.io", attestations=[{"type": "--help"}]), "does not match"),
        (cosign("docker.io", attestations=[]), r"attestations: \[\]"),
        ({"pattern": "docker.io", "verifier": "notation", "certificates": ["KEY"], "attestations": [{"type": "vuln"}]}, r"rules\[0\]"),
        ({"pattern": "docker.io", "verifier": "notation", "certificates": ["KEY"], "identities": ["*"]}, "does not match"),
        (cosign("docker.io", unsigned_too=True), "unsigned_too"),
    ],
)  # fmt: skip
def test_rules_that_can_not_be_right(write: Write, rule: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        write(rule)


def test_what_a_rule_holds(write: Write, tmp_path: Path) -> None:
    (tmp_path / "p.cue").write_text("")
    policy = write(
        cosign("a.example.net", attestations=[{"type": "cyclonedx"}, {"type": "vuln", "policy": str(tmp_path / "p.cue")}]),
        {"pattern": "b.example.net", "verifier": "notation", "certificates": ["KEY"], "identities": ["x509.subject: O=V"]},
        {"pattern": "c.example.net", "verifier": "notation", "certificates": ["KEY"]},
    )  # fmt: skip
    first, second, third = policy.rules
    assert (first.verifier, first.signers, first.identities) == ("cosign", (tmp_path / "team.pub",), ())
    assert [(one.type, one.policy) for one in first.attestations] == [("cyclonedx", None), ("vuln", tmp_path / "p.cue")]  # fmt: skip
    assert (second.verifier, second.identities) == ("notation", ("x509.subject: O=V",))
    assert third.identities == ("*",)


def test_what_is_no_policy(tmp_path: Path) -> None:
    path = tmp_path / "trust.yml"
    with pytest.raises(InputError, match="no such file"):
        load(path)
    for text in (
        "",
        "[]",
        "schema: hullguard/trust/2\nregistries: []\nrules: []\n",
        "rules: []",
        "a: [",
        "{}",
    ):
        path.write_text(text)
        with pytest.raises(InputError, match=r"trust\.yml"):
            load(path)


def test_where_the_default_comes_from() -> None:
    if not DEFAULT.exists():
        with pytest.raises(InputError, match="Role docker_trust writes it; or give --policy"):
            load(DEFAULT)


def test_the_examples_policy_is_one(tmp_path: Path) -> None:
    example = Path(__file__).parents[3] / "examples" / "signing" / "trust.yml"
    text = example.read_text().replace("/etc/hullguard", str(tmp_path))
    for name in ("cosign/team.pub", "notation/vendor.pem", "provenance.cue"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "trust.yml").write_text(text)
    assert len(load(tmp_path / "trust.yml").rules) == 3
