"""The runbook's own commands, in its order, on a throwaway host with a careless container that somebody is in."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples_support import host as examples
from examples_support.readme import steps

from lab import engine, workload

RUNBOOK = examples.ROOT / "compliance/docs/incident-response.md"
COSIGN = '#!/bin/sh\n[ "$*" = version ] && exec echo GitVersion: v2.5.0\nexec /opt/cosign "$@"\n'
# What an intruder leaves: a program in the writable layer and one in memory alone, a word that only memory has, files on a
# volume and in a tmpfs, an open port, a connection.
INTRUDER = r"""
marker=only-in-memory-$$; cp /bin/busybox /tmp/implant; echo from-the-volume >/data/loot; echo from-the-tmpfs >/scratch/loot
mkdir /scratch/gone; cp /bin/busybox /scratch/gone; nc -l -p 4444 & /scratch/gone/busybox sleep 1000 &
until grep -q gone /proc/$!/cmdline; do :; done; rm -r /scratch/gone; echo started
while :; do sleep 1; done
"""


@pytest.fixture(scope="module")
def host() -> Iterator[examples.ExampleHost]:
    client = engine.ensure()
    with examples.running(client, None) as found:
        workload.load(client, found.container, workload.ensure(client))
        try:
            yield found
        finally:  # what is frozen can't be killed, and keeps the host from being removed
            found.run("docker rm --force web")


@pytest.fixture(scope="module")
def signing(host: examples.ExampleHost) -> None:
    """cosign and a key of its own on the host."""
    binary = Path(os.environ.get("HULLGUARD_TOOLS", "/nonexistent")).parent / "debian/cosign/usr/bin/cosign"
    if not binary.is_file():
        pytest.skip("cosign is not here: ./nox -s tools")
    host.put(binary, "/opt/cosign", 0o755)
    host.write(COSIGN, "/usr/local/bin/cosign", 0o755)
    host.output("mkdir -p /media/case && cd /media/case && COSIGN_PASSWORD= cosign generate-key-pair")


@pytest.fixture(scope="module")
def case(host: examples.ExampleHost, signing: None) -> str:
    """The folder of the case, after every step of the runbook was run."""
    host.output("hullguard collect --output /media/case/before.json")
    image = host.output("docker images --quiet hullguard-lab/busybox").strip()
    host.write(INTRUDER, "/opt/intruder.sh")
    host.output(
        "docker network create back >/dev/null && docker run --detach --name web --restart always --privileged"
        " --network back --volume loot:/data --tmpfs /scratch:exec --env DB_PASSWORD=hunter2"
        f" --volume /opt/intruder.sh:/opt/intruder.sh {image} sh /opt/intruder.sh"
        " && for _ in $(seq 100); do docker logs web | grep -q started && exit 0; sleep 0.1; done; exit 1"
    )
    state = f"/run/case-{uuid.uuid4().hex[:8]}"
    host.output(f"echo export COSIGN_PASSWORD= > {state}")
    for step in steps(RUNBOOK):
        host.step(step, "/root", state)
    return host.output(f". {state}; echo $case").strip()


def test_it_is_frozen_cut_off_and_never_starts_again(host: examples.ExampleHost, case: str) -> None:
    (now,) = json.loads(host.output("docker inspect web"))
    assert (now["State"]["Status"], now["HostConfig"]["RestartPolicy"]["Name"]) == ("paused", "no")
    assert now["NetworkSettings"]["Networks"] == {}
    (then,) = json.loads(host.output(f"cat {case}/inspect.json"))
    assert (then["HostConfig"]["RestartPolicy"]["Name"], list(then["NetworkSettings"]["Networks"])) == (
        "always",
        ["back"],
    )
    assert then["State"]["StartedAt"] == now["State"]["StartedAt"]


def test_what_is_fleeting_was_kept(host: examples.ExampleHost, case: str) -> None:
    assert ":4444" in host.output(f"cat {case}/connections.txt")
    assert "/scratch/gone/busybox sleep 1000" in host.output(f"cat {case}/processes.txt")
    # A word of memory alone, and a program whose file is deleted.
    pid = json.loads(host.output(f"cat {case}/inspect.json"))[0]["State"]["Pid"]
    assert host.output(f"grep -c --text only-in-memory- {case}/proc/{pid}/memory").strip() != "0"
    gone = host.output(f"cd {case}/proc && grep -l --text /scratch/gone/busybox */cmdline").split("/")[0]
    assert "(deleted)" in host.output(f"cat {case}/proc/{gone}/maps")
    image = host.output("docker images --quiet hullguard-lab/busybox").strip()
    inside = host.output(f"docker run --rm {image} sha256sum /bin/busybox").split()[0]
    assert host.output(f"sha256sum {case}/proc/{gone}/exe").split()[0] == inside


def test_files_were_kept(host: examples.ExampleHost, case: str) -> None:
    assert "A /tmp/implant" in host.output(f"cat {case}/diff.txt").splitlines()
    assert "tmp/implant" in host.output(f"tar -tf {case}/filesystem.tar").splitlines()
    assert {"./data", "./scratch", "./opt/intruder.sh"} <= set(host.output(f"cat {case}/mounts.txt").split())
    for place in ("data", "scratch"):
        kept = host.output(f"tar --extract --to-stdout --file {case}/mounts.tar ./{place}/loot")
        assert kept.startswith("from-the-")
    assert "root:x:0:0" in host.output(f"cat {case}/passwd")
    assert host.output(f"tar -tf {case}/image.tar | grep -c manifest.json").strip() == "1"
    assert host.output("docker image inspect --format '{{.Comment}}' evidence/web:frozen").startswith(
        "frozen, see /var/tmp/case."
    )
    assert "started" in host.output(f"cat {case}/logs.txt")


def test_the_hosts_side_was_kept(host: examples.ExampleHost, case: str) -> None:
    events = [json.loads(line) for line in host.output(f"cat {case}/events.json").splitlines()]
    assert {"start", "pause"} <= {
        event["Action"] for event in events if event["Actor"]["Attributes"].get("name") == "web"
    }
    assert "docker" in host.output(f"head -c 2000000 {case}/engine.txt")
    assert (
        host.run(
            f"test -s {case}/host.journal && (test -s {case}/audit.log || test -s {case}/audit.missing)"
        )[0]
        == 0
    )
    assert "privileged=true" in host.output(f"cat {case}/rights.txt")
    assert host.output(f"cat {case}/same-image.txt").split()[0] == "web"
    changed = json.loads(host.output(f"cat {case}/run/changed.json"))
    broken = {row["id"] for one in changed["hosts"] for row in one["changes"] if row["kind"] == "broken"}
    assert "privileged" in broken


def test_it_is_sealed_and_any_change_is_found(host: examples.ExampleHost, case: str) -> None:
    verify = f"cd {case} && hullguard bundle verify sealed.tar.gz --key /media/case/cosign.pub"
    assert "intact" in host.output(verify)
    host.output(f"cd {case} && sha256sum --check --quiet run/SHA256SUMS")
    sums = host.output(f"tar --extract --to-stdout --gzip --file {case}/sealed.tar.gz SHA256SUMS")
    assert "./filesystem.tar" in sums
    assert host.run(f"cd {case} && echo more >> logs.txt && sha256sum --check --quiet run/SHA256SUMS")[0] != 0


def test_nobody_else_reads_it(host: examples.ExampleHost, case: str) -> None:
    assert host.output(f"stat --format %a {case}").strip() == "700"
    assert host.run(f"runuser -u nobody -- cat {case}/inspect.json")[0] != 0


def test_what_is_handed_on_holds_no_secret(host: examples.ExampleHost, case: str) -> None:
    assert host.run(f"grep -r --text -q hunter2 {case}/proc {case}/inspect.json")[0] == 0
    assert host.run(f"zcat {case}/sealed.tar.gz | grep --text -q hunter2")[0] == 1
