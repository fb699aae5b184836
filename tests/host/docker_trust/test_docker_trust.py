"""What a host trusts: signed images in login shells, registries by their CA, keys for cosign."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import validate
from testinfra.host import Host

SCHEMA = Path(__file__).parents[3] / "compliance/schema/trust_policy.schema.json"
POLICY = "/etc/hullguard/trust.yml"
PROFILE = "/etc/profile.d/hullguard-content-trust.sh"


@pytest.fixture(scope="module")
def version(host: Host) -> int:
    """The engine's major version."""
    return int(host.check_output("docker version --format '{{.Server.Version}}'").split(".")[0])


@pytest.fixture
def below29(version: int) -> None:
    """Only where the command line knows content trust."""
    if version >= 29:
        pytest.skip("content trust left the command line in 29.0")


@pytest.fixture(scope="module")
def registry(host: Host) -> str:
    """The registry of molecule/docker_trust/prepare.yml, whose CA is installed; skips on any other host."""
    found = host.run("test -e /srv/registry/registry.py && ls /etc/docker/certs.d")
    if found.rc:
        pytest.skip("not a host of the scenario docker_trust")
    return str(found.stdout).strip()


@pytest.fixture(scope="module")
def policy(host: Host) -> dict[str, Any]:
    """What the trust policy says."""
    found = host.run(f"cat {POLICY}")
    if found.rc:
        pytest.skip("no trust policy here")
    content: dict[str, Any] = yaml.safe_load(found.stdout)
    return content


def test_login_shells_and_sudo_ask_for_signatures(host: Host, below29: None) -> None:
    ask = "printenv DOCKER_CONTENT_TRUST"
    shells = [f"{how} '{what}'" for how in ("bash -c", "bash -lc") for what in (ask, f"sudo {ask}")]
    said = host.check_output("; ".join(f"env -i {shell} || echo none" for shell in shells))
    assert said.split() == ["none", "none", "1", "1"]


def test_from_29_on_nothing_is_set(host: Host, version: int) -> None:
    if version < 29:
        pytest.skip("the command line knows content trust")
    assert not host.file(PROFILE).exists


def test_a_login_shell_pulls_nothing_that_is_not_signed(host: Host, registry: str, below29: None) -> None:
    """No notary server is at hand: it is seen that the command line asks for one before it pulls."""
    image = f"{registry}/team/app:unsigned"
    assert host.run(f"env -i bash -c 'docker pull {image} && docker rmi {image}'").rc == 0
    for command in (f"pull {image}", f"run --rm {image} /name"):
        login = host.run(f"env -i bash -lc 'docker {command}'")
        assert login.rc != 0
        assert "trust" in login.stderr or "notary" in login.stderr
    assert host.run(f"docker image inspect {image}").rc != 0


def test_the_engine_believes_the_registry_of_the_ca_and_no_other(host: Host, registry: str) -> None:
    """Both have the same certificate: the one that nobody named is not believed."""
    other = registry.replace(":5443", ":5444")
    assert "manifest unknown" in host.run(f"docker pull {registry}/team/app:none").stderr
    assert "certificate" in host.run(f"docker pull {other}/team/app:none").stderr


@pytest.mark.parametrize("who", ["signed", "unsigned", "strangers"])
def test_cosign_takes_what_the_keys_of_the_policy_have_signed(
    host: Host, registry: str, policy: dict[str, Any], who: str
) -> None:
    key = policy["rules"][0]["keys"][0]
    # Who signed with a key need not have told the world about it.
    verify = f"SSL_CERT_FILE=/etc/docker/certs.d/{registry}/ca.crt cosign verify --insecure-ignore-tlog"
    said = host.run(f"{verify} --key {key} {registry}/team/app:{who}")
    if said.rc == 127:
        pytest.skip("cosign is not installed here")
    refusals = {"unsigned": "no signatures found", "strangers": "no matching signatures"}
    assert said.rc == 0 if who == "signed" else refusals[who] in said.stderr


def test_certificates_and_keys_can_be_read_and_not_written(host: Host, registry: str) -> None:
    paths = f"/etc/docker/certs.d/{registry}/ca.crt /etc/hullguard/cosign/team.pub"
    assert host.check_output(f"stat --format='%U %G %a' {paths}").splitlines() == ["root root 444"] * 2


def test_the_policy_is_as_its_schema_says(host: Host, policy: dict[str, Any]) -> None:
    validate(policy, json.loads(SCHEMA.read_text()))
    for path in {path for rule in policy["rules"] for path in rule["keys"]}:
        assert "PUBLIC KEY" in host.check_output(f"cat {path}")


def test_the_policy_names_what_was_asked_for(registry: str, policy: dict[str, Any]) -> None:
    assert policy["registries"] == ["docker.io", registry]
    assert policy["rules"] == [{"pattern": f"{registry}/team/*", "keys": ["/etc/hullguard/cosign/team.pub"]}]


def test_other_tools_are_told_to_refuse_the_rest(host: Host, registry: str) -> None:
    content = json.loads(host.check_output("cat /etc/containers/policy.json"))
    assert content["default"] == [{"type": "reject"}]
    assert set(content["transports"]["docker"]) == {"docker.io", registry}
