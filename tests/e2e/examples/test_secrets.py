"""The example of secrets: its README, and each place where a secret may turn up, with the careless twin's beside."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from examples_support import places
from examples_support.host import HOME, ROOT, ExampleHost
from examples_support.readme import Step, steps

FOLDER = ROOT / "examples" / "secrets"
TWIN = FOLDER / "careless"
STATE = "/run/example-secrets"
SOURCE = "/run/secrets-demo/signing_key"
IMAGE = "127.0.0.1:5000/secrets-demo:1"
CARELESS = "tidal&bassoon/94+quartz"
AUDIT_LOG = "/var/log/audit/audit.log"
APP = "$(docker ps -q -f label=com.docker.compose.project=secrets-demo)"
# Where nothing is there to be looked at on a host that is a container.
SILENT = {"audit log", "swap", "temporary files"}


class Reader:
    """Follows the README, and knows each key that it made."""

    def __init__(self, host: ExampleHost) -> None:
        self.host = host
        self.steps = iter(steps(FOLDER / "README.md"))
        self.keys: list[str] = []

    def until(self, commands: str) -> str:
        """Do the steps up to the one that has these commands, that included; return what it printed."""
        for step in self.steps:
            printed = self.follow(step)
            if commands in step.commands:
                return printed
        raise AssertionError(f"no step of the README has: {commands}")

    def follow(self, step: Step) -> str:
        """Do one step, and what a shell does in which it is typed."""
        places.history(self.host, step.commands.splitlines())
        printed = self.host.step(step, f"{HOME}/examples/secrets", STATE)
        code, key = self.host.run(f"cat {SOURCE}")
        if code == 0 and key.strip() and key.strip() not in self.keys:
            self.keys.append(key.strip())
        return printed

    def nowhere(self) -> None:
        """See that no key is anywhere, and that somebody looked."""
        told = places.look(self.host, self.keys, images=[IMAGE])
        assert {place: one.found for place, one in told.items() if one.found} == {}
        blind = {place for place, one in told.items() if not one.looked_at}
        assert blind <= SILENT, told
        assert told["audit log"].looked_at or told["audit log"].note == "nothing recorded here"


@pytest.fixture
def reader(host: ExampleHost, bases: None) -> Iterator[Reader]:
    host.run("rm -f /root/.bash_history")
    try:
        yield Reader(host)
    finally:
        # What the README takes away itself when all goes well.
        host.run("docker ps -aq -f label=com.docker.compose.project=secrets-demo | xargs -r docker rm -f")
        host.run("docker ps -aq -f label=com.docker.compose.project=careless-demo | xargs -r docker rm -f")
        host.run("docker stack rm --detach=false secrets-demo; docker swarm leave --force")
        host.run("docker network rm secrets-demo_front careless-demo_default docker_gwbridge")
        host.run(f"docker image rm -f {IMAGE} careless-demo; docker builder prune -f")
        host.run(
            f"rm -rf {STATE} /run/secrets-demo /tmp/careless-resolved.yml /root/.bash_history {AUDIT_LOG}"
        )


def inventory(host: ExampleHost) -> str:
    """Return the engine's containers, volumes and networks, and whether a swarm is there."""
    return host.output(
        "docker ps -aq; docker volume ls -q; docker network ls --format '{{.Name}}' | grep -v docker_gwbridge;"
        "docker info -f '{{.Swarm.LocalNodeState}}'; docker image ls -q careless-demo; ls /tmp /var/tmp"
    )


def state(host: ExampleHost) -> list[Any]:
    return json.loads(host.output(f"docker inspect {APP}"))[0]["State"]


def test_the_readme_and_the_places(host: ExampleHost, reader: Reader) -> None:
    before = inventory(host)
    answer = json.loads(reader.until("docker compose up").splitlines()[-1])
    assert answer["signature"] == hmac.new(reader.keys[0].encode(), b"hello", hashlib.sha256).hexdigest()
    began = state(host)
    status = host.output(f"cat /proc/{began['Pid']}/status")
    assert {"CapEff:\t0000000000000000", "NoNewPrivs:\t1"} <= set(status.splitlines())
    assert "Uid:\t65532\t65532\t65532\t65532" in status

    assert reader.until("hullguard collect").strip() == "0"
    assert state(host)["StartedAt"] == began["StartedAt"]
    assert len(reader.keys) == 3
    signed = json.loads(host.output("curl -sS 'http://127.0.0.1:8000/?challenge=again'"))
    assert signed["signature"] == hmac.new(reader.keys[-1].encode(), b"again", hashlib.sha256).hexdigest()
    log = host.output(f"docker logs {APP} 2>&1")
    assert all(json.loads(line)["message"] for line in log.splitlines())
    reader.nowhere()

    assert "not-a-real-one" not in reader.until("docker run")
    code, said = host.run(f"docker run --rm --read-only -e SIGNING_KEY=not-a-real-one {IMAGE}")
    assert code == 78
    assert "SIGNING_KEY" in said
    assert "not-a-real-one" not in said
    for setting, reason in {
        "SECRETS_SOURCE=vault": "built without ",
        "SECRETS_SOURCE=aws": "built without boto3",
        "SECRETS_REQUIRED= , ": "SECRETS_REQUIRED names no secret",
    }.items():
        code, said = host.run(f"docker run --rm --read-only -e '{setting}' {IMAGE}")
        assert (code, reason in json.loads(said)["reason"]) == (78, True), said

    reader.until("KEY_NUMBER=2")
    assert len(reader.keys) == 4
    # The old task may still be on its way out; the newest is listed first.
    task = (
        "$(docker ps -q -f label=com.docker.swarm.service.name=secrets-demo_app -f health=healthy | head -1)"
    )
    ask = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:8000/?challenge=swarm').read().decode())"
    signed = json.loads(host.output(f'docker exec {task} python3 -c "{ask}"'))
    assert signed["signature"] == hmac.new(reader.keys[-1].encode(), b"swarm", hashlib.sha256).hexdigest()
    reader.nowhere()

    reader.until("hullguard scan dockerfile")
    in_each_place(host)

    reader.until("docker image rm careless-demo")
    assert list(reader.steps) == []
    assert inventory(host) == before
    assert host.run(f"test -e {SOURCE}")[0] == 1


def in_each_place(host: ExampleHost) -> None:
    """See that the careless twin's key is found wherever one looks: none of these places is looked at in vain."""
    # auditd records nothing in a container: this is what it writes elsewhere, in its two ways.
    plain = f'type=EXECVE msg=audit(1795802401.123:77): argc=2 a0="app" a1="--secret={CARELESS}"\n'
    coded = (
        f"type=EXECVE msg=audit(1795802402.456:78): argc=1 a0={f'say {CARELESS}'.encode().hex().upper()}\n"
    )
    host.write(plain + coded, AUDIT_LOG, 0o600)
    try:
        told = places.look(host, [CARELESS], images=["careless-demo"], allowed=(f"{HOME}/examples",))
    finally:
        host.run(f"rm {AUDIT_LOG}")
    found = {place: " | ".join(one.found) for place, one in told.items()}
    assert [place for place in places.PLACES if not found[place]] == ["swap"], told
    for place, what in {
        "inspect": "container /careless-demo-app-1: as it is",
        "image layers": "root/settings.ini: as it is",
        "environments": "python3 (",
        "command lines": "python3 (",
        "audit log": f"{AUDIT_LOG}: hexadecimal",
        "bundle": "evidence.json: as it is",
        "shell history": "/root/.bash_history: as it is",
        "temporary files": "/tmp/careless-resolved.yml: as it is",
    }.items():
        assert what in found[place]


def scan(kind: str, *files: Path) -> list[dict[str, Any]]:
    """Return the findings of every scanner that is here."""
    values = {"IMAGE": "app", "DIGEST": "0" * 64, "KEY_NUMBER": "1", "SECRETS": "/run/secrets-demo"}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "hullguard",
            "scan",
            kind,
            *map(str, files),
            "--format",
            "json",
            "--fail-on",
            "never",
        ],
        capture_output=True,
        check=True,
        env={**os.environ, **values},
    )
    findings: list[dict[str, Any]] = json.loads(done.stdout)["findings"]
    return findings


def test_scanners_find_nothing_in_the_good_ones_but_what_the_readme_explains() -> None:
    found = scan("compose", FOLDER / "compose.yml", FOLDER / "swarm.yml")
    found += scan("dockerfile", FOLDER / "Dockerfile")
    named = {(one["location"]["path"].rpartition("/")[2], one["tool"], one["id"]) for one in found}
    assert named <= {
        ("swarm.yml", "hullguard", "no_new_privileges"),
        ("swarm.yml", "compose-lint", "CL-0003"),
        ("Dockerfile", "checkov", "CKV_DOCKER_7"),
    }
    assert ("swarm.yml", "hullguard", "no_new_privileges") in named


def test_scanners_name_the_faults_of_the_careless_twin() -> None:
    found = {
        "Dockerfile": scan("dockerfile", TWIN / "Dockerfile"),
        "compose.yml": scan("compose", TWIN / "compose.yml"),
    }
    tools = {one["tool"] for findings in found.values() for one in findings}
    faults = yaml.safe_load((TWIN / "faults.yml").read_text())
    for fault in faults:
        lines = (TWIN / fault["file"]).read_text().splitlines()
        at = {number for number, line in enumerate(lines, 1) if fault.get("line", "") in line}
        assert at, fault
        here = [
            one
            for one in found.get(fault["file"], [])
            if one["location"]["line"] in at or "line" not in fault
        ]
        named = {(one["tool"], one["id"]) for one in here}
        assert {pair for pair in fault["by"].items() if pair[0] in tools} <= named, fault
        if not fault["by"]:
            assert not {pair for pair in named if "secret" in str(pair).lower()}, fault
    assert {"hullguard", "trivy", "hadolint", "compose-lint", "detect-secrets"} <= tools
