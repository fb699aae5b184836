"""The example of signing: its README, what is unknown and not refused, and that nothing of it stays."""

from __future__ import annotations

import json

import pytest
from examples_support.host import HOME, ROOT, ExampleHost
from examples_support.readme import steps

NAME = "signing"
STATE = "/run/example-signing"
PROGRAMS = ("cosign", "notation", "notary", "notary-server")
# Images of other examples may be here; the README's last step takes its own away.
MADE = """
docker ps -aq
docker image ls --filter reference=127.0.0.1:5000/team/app --filter reference=127.0.0.1:5000/vendor/tool \
  --filter reference=127.0.0.1:5000/old/app -q
docker volume ls -q
find /run/signing /etc/hullguard ~/.docker/trust ~/.docker/tls ~/.config/notation -type f 2>/dev/null || true
systemctl list-units --all --plain --no-legend 'example-*'
pgrep -l notary || true
"""
CLEAN = f"""
systemctl stop example-notary; systemctl reset-failed example-notary
systemctl start docker-registry
rm -rf /run/signing {STATE} /etc/hullguard/trust.yml /etc/hullguard/provenance.cue
"""


def test_readme(host: ExampleHost, bases: None) -> None:
    for program in PROGRAMS:
        if host.run(f"command -v {program}")[0] != 0:
            pytest.skip(f"{program} is not here: ./nox -s tools says why")
    before = host.output(MADE)
    refused = 0
    try:
        for step in steps(ROOT / "examples" / NAME / "README.md"):
            if step.heading == "Content trust, and its end" and "systemd-run" in step.commands:
                what_can_not_be_seen_is_unknown(host)
                nothing_is_verified_where_nothing_is_asked_for(host)
            host.step(step, f"{HOME}/examples/{NAME}", STATE)
            refused += step.fails
        assert refused == 15
        assert host.output(MADE) == before
    finally:
        host.run(CLEAN)


def verdict(host: ExampleHost, command: str) -> tuple[int, str]:
    return host.run(f". {STATE}; cd {HOME}/examples/{NAME}; {command}")


def what_can_not_be_seen_is_unknown(host: ExampleHost) -> None:
    containers = host.output("docker ps -aq")
    code, text = verdict(host, 'PATH=/usr/bin:/bin /usr/local/bin/hullguard trust verify "$APP" "$TOOL"')
    assert (code, text.count("is not here")) == (1, 2), text
    host.output("systemctl stop docker-registry")
    try:
        code, text = verdict(host, 'hullguard trust verify "$APP" "$TOOL" --format json')
        assert code == 1, text
        assert [row["status"] for row in json.loads(text)["scans"]] == ["unknown", "unknown"]
        code, text = verdict(host, 'hullguard run-verified "$APP" --rm')
        assert (code, "could not be verified" in text) == (1, True), text
    finally:
        host.output("systemctl start docker-registry")
        host.output("timeout 20 sh -c 'until curl -sf http://127.0.0.1:5000/v2/; do sleep 0.1; done'")
    assert host.output("docker ps -aq") == containers


def nothing_is_verified_where_nothing_is_asked_for(host: ExampleHost) -> None:
    image = "127.0.0.1:5000/distroless/python:3.13"
    code, text = verdict(host, f"hullguard trust verify {image}")
    assert (code, "needs no signature" in text) == (0, True), text
    assert verdict(host, f"hullguard trust verify --strict {image}")[0] == 12
    code, text = verdict(host, f"hullguard run-verified {image} --rm -- -c 'print(1)'")
    assert (code, "refused: no rule in /etc/hullguard/trust.yml asks for a signature" in text) == (
        12,
        True,
    ), text
    # A policy that would leave out what it was written for is none.
    broken = "sed 's,5000/team/\\*,5000/team/app:1.*,' trust.yml > /run/signing/broken.yml"
    code, text = verdict(host, f'{broken}; hullguard trust verify "$APP" --policy /run/signing/broken.yml')
    assert (code, "fits no image" in text) == (2, True), text
