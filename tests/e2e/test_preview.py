"""What the preview says of a careless host, against what happens to it when the roles are applied.

No miss: whatever breaks was named. No false alarm: what was said to happen for certain does happen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from preview_support.machine import Machine, machine

import demo
from lab import engine, workload

SETUID = "hullguard-lab/setuid:1"
HTTP = ("httpd", "-f", "-p", "8000", "-h", "/www")
CARELESS = """set -e
echo '{"debug": false}' > /etc/docker/daemon.json
chmod 0666 /etc/docker/daemon.json
chmod 0777 /etc/docker
chmod 0664 /usr/lib/systemd/system/docker.service
systemctl restart docker
docker network create app
"""
# Beside the demo's careless workload: what breaks in ways of its own.
MORE: Mapping[str, tuple[str, ...]] = {
    "client": ("run", "-d", "IMAGE", "sleep", "86400"),
    "server": ("run", "-d", "IMAGE", *HTTP),
    "publishes": ("run", "-d", "-p", "8090:8000", "--restart", "unless-stopped", "IMAGE", *HTTP),
    "setuid": ("run", "-d", "--user", "1000", SETUID, "sleep", "86400"),
    "own-limits": ("run", "-d", "--ulimit", "nofile=512:512", "IMAGE", "sleep", "86400"),
    "stopped-always": ("run", "-d", "--restart", "always", "IMAGE", "sleep", "86400"),
    "job": ("run", "-d", "--rm", "IMAGE", "sleep", "86400"),
}
# What some of them do, as somebody would start them once more.
ANEW: Mapping[str, tuple[str, ...]] = {
    "on-the-host-network": ("--network", "host", "IMAGE", "true"),
    "holds-the-socket": (
        "-v",
        "/:/host",
        "IMAGE",
        "chroot",
        "/host",
        "docker",
        "-H",
        "unix:///run/docker.sock",
        "version",
    ),
    "without-limits": ("IMAGE", "true"),
    "decent": ("--read-only", "--cap-drop", "ALL", "--user", "1000", "IMAGE", "true"),
}
# Effects that `observed` can see, so that a word about anything else is not taken for a false alarm.
SEEN = {
    "restarts",
    "keeps_running",
    "starts",
    "hidden",
    "loses_connectivity",
    "limited",
    "loses_privilege",
}
GET = "import urllib.request; urllib.request.urlopen('http://{}:8090/', timeout=5).read()"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The careless host; the tests below go on from where the one before has left it."""
    with machine(engine.ensure(), tmp_path_factory.mktemp("preview")) as found:
        found.output("sh", "-c", CARELESS)
        program = "chmod 4755 /bin/busybox; sed -i s/^root:x:/root::/ /etc/passwd"
        found.docker("run", "--name", "prepared", "IMAGE", "sh", "-c", program)
        found.docker("commit", "prepared", SETUID)
        found.docker("rm", "prepared")
        for name, (verb, *rest) in {**demo.WORKLOAD, **MORE}.items():
            # Their first process does not listen to SIGTERM: nobody has to wait ten seconds for each of them.
            found.docker(verb, "--name", name, "--stop-timeout", "1", *rest)
        found.docker("stop", "-t", "0", "stopped-always")
        yield found


def inspected(host: Machine) -> dict[str, Any]:
    """Return every container by name, as the engine tells; one that goes meanwhile is none."""
    found = {}
    for one in host.docker("ps", "-aq", "--no-trunc").split():
        code, text = host.run("docker", "inspect", one)
        if code == 0:
            row = json.loads(text)[0]
            found[row["Name"].lstrip("/")] = row
    return found


def pinged(host: Machine, containers: Mapping[str, Any]) -> set[str]:
    """Return whom the client reaches, and the client itself when it reaches anybody."""
    addresses = {}
    for name, row in containers.items():
        address = row["NetworkSettings"]["Networks"].get("bridge", {}).get("IPAddress")
        if name != "client" and address:
            addresses[address] = name
    if "client" not in containers or not addresses:
        return set()
    program = "for a in $0 $@; do (ping -c 1 -W 2 $a > /dev/null && echo $a) & done; wait"
    answered = host.output("docker", "exec", "client", "sh", "-c", program, *addresses).split()
    found = {addresses[address] for address in answered}
    return found | ({"client"} if found else set())


def facts(host: Machine) -> dict[str, Any]:
    """Return what can be seen of every container from outside of it."""
    containers = inspected(host)
    running = {name: row for name, row in containers.items() if row["State"]["Running"]}
    limits = {}
    for name, row in running.items():
        text = host.output("cat", f"/proc/{row['State']['Pid']}/limits")
        limits[name] = next(line for line in text.splitlines() if line.startswith("Max open files"))
    raised = (
        host.run("docker", "exec", "setuid", "su", "root", "-c", "id -u") if "setuid" in running else (1, "")
    )
    return {
        "containers": {
            name: (row["Id"], row["State"]["Status"], row["State"]["StartedAt"]) for name, row in containers.items()
        },
        "limits": limits,
        "pinged": pinged(host, running),
        "raised": raised[0] == 0 and raised[1].strip() == "0",
        "published": [host.python(GET.format(address))[0] for address in ("127.0.0.1", host_address(host))],
    }  # fmt: skip


def host_address(host: Machine) -> str:
    """Return the host's own address, by which others come to its published ports."""
    return host.output("hostname", "-I").split()[0]


def observed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return (effect, container) of everything that happened."""
    found = set()
    for name, (_id, status, started) in before["containers"].items():
        now = after["containers"].get(name)
        if now is None:
            found.add(("removed" if after["containers"] else "hidden", name))
            continue
        if status == "running" == now[1]:
            found.add(("keeps_running" if now[2] == started else "restarts", name))
        elif now[1] == "running":
            found.add(("starts", name))
        elif status == "running":
            found.add(("stays_stopped", name))
    for name, limit in before["limits"].items():
        if after["limits"].get(name, limit) != limit:
            found.add(("limited", name))
    if after["containers"]:
        found |= {("loses_connectivity", name) for name in before["pinged"] - after["pinged"]}
    if before["raised"] and not after["raised"] and "setuid" in after["containers"]:
        found.add(("loses_privilege", "setuid"))
    return found


def said(preview: Mapping[str, Any], when: str, *certainties: str) -> set[tuple[str, str]]:
    """Return (effect, container) of what a preview says of planned steps."""
    steps = [row for row in (*preview["controls"], *preview["besides"]) if row["planned"]]
    effects = [effect for row in steps for effect in row["effects"]] + preview["restart"]["effects"]
    return {
        (effect["effect"], effect["name"])
        for effect in effects
        if effect["kind"] == "container" and effect["when"] == when and effect["certainty"] in certainties
    }


def test_a_refusal_is_foretold_and_nothing_happens(host: Machine) -> None:
    """The whole way by playbooks: preflight.yml says that harden.yml will refuse, and it does."""
    reports = host.folder / "preflight"
    before = facts(host)
    done = host.play("preflight", hullguard_report_dir=str(reports), hullguard_fail_on_risk="medium")
    words = " ".join(done.stdout.split())
    assert done.returncode != 0
    assert "risk of hardening" in words, done.stdout + done.stderr
    assert "loses connectivity" in words
    found = json.loads((reports / "preview.json").read_text(encoding="utf-8"))["hosts"][0]
    assert found["risk"] == "medium"
    assert "job" in (reports / "preview.md").read_text(encoding="utf-8")
    assert [refusal["objects"] for refusal in found["refusals"]] == [["job"]]
    applied = host.play("harden", hullguard_roles=["docker_daemon"])
    assert applied.returncode != 0
    assert "job" in applied.stdout
    assert facts(host)["containers"] == before["containers"]
    host.docker("stop", "-t", "0", "job")
    wait_until(lambda: "job" not in inspected(host))


def made_anew(host: Machine) -> set[str]:
    """Return which of ANEW do what they are there for."""
    found = set()
    for name, arguments in ANEW.items():
        words = [host.image if word == "IMAGE" else word for word in arguments]
        code, _text = host.run("docker", "run", "--rm", *words)
        found |= {name} if code == 0 else set()
    return found


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something holds; what takes longer fails."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.2)


def test_what_is_said_of_the_usual_roles_happens(host: Machine) -> None:
    """Apply harden.yml and compare."""
    before = facts(host)
    assert before["raised"]
    assert {"client", "server"} <= before["pinged"]
    assert before["published"] == [0, 0]
    evidence = host.evidence("careless")
    preview = host.preview(evidence)
    assert preview["refusals"] == []
    done = host.play("harden")
    assert done.returncode == 0, done.stdout + done.stderr
    after = facts(host)
    happened = observed(before, after)
    named = said(preview, "now", "will", "maybe")
    assert happened - named == set(), "missed"
    certain = {(effect, name) for effect, name in said(preview, "now", "will") if effect in SEEN}
    assert certain - happened == set(), "false alarms"
    # Ports that are published stay reachable, as only "maybe" was said.
    assert after["published"] == [0, 0]
    merged = json.loads(host.output("cat", "/etc/docker/daemon.json"))
    assert merged == preview["daemon_json"]["result"]
    assert json.loads(evidence.read_text())["engines"][0]["daemon_json"]["content"] == {"debug": False}


def test_what_is_said_of_containers_made_anew_happens(host: Machine) -> None:
    """A setuid program works on in the container that was there, and not in the one that is made anew."""
    assert host.run("docker", "exec", "setuid", "su", "root", "-c", "id -u") == (0, "0\n")
    host.docker("run", "-d", "--name", "setuid-anew", "--user", "1000", SETUID, "sleep", "86400")
    code, text = host.run("docker", "exec", "setuid-anew", "su", "root", "-c", "id -u")
    host.docker("rm", "-f", "setuid-anew")
    assert code != 0, text


def test_applied_once_nothing_more_is_foretold(host: Machine) -> None:
    """A second preview of the same roles has nothing that would happen to anybody."""
    preview = host.preview(host.evidence("hardened"))
    assert preview["daemon_json"]["added"] == preview["daemon_json"]["changed"] == {}
    assert preview["restart"]["needed"] is False
    assert said(preview, "now", "will") == set()


@pytest.mark.long
def test_with_live_restore_containers_go_on(host: Machine) -> None:
    """The engine restarts for another option, and nobody notices, not even what runs with --rm."""
    host.docker("run", "-d", "--rm", "--name", "job-again", "--stop-timeout", "1", "IMAGE", "sleep", "86400")
    before = facts(host)
    settings = {"max-concurrent-downloads": 2}
    given = ("--role", "docker_daemon", "--with", f"docker_daemon_settings={json.dumps(settings)}")
    preview = host.preview(host.evidence("before-restart"), *given)
    assert preview["refusals"] == []
    assert list(preview["daemon_json"]["added"]) == list(settings)
    done = host.play("harden", hullguard_roles=["docker_daemon"], docker_daemon_settings=settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Restarting Docker" in done.stdout
    running = {name for name, row in before["containers"].items() if row[1] == "running"}
    assert running
    expected = {("keeps_running", name) for name in running}
    assert observed(before, facts(host)) == expected
    assert said(preview, "now", "will") == expected
    host.run("docker", "stop", "-t", "0", "job-again")
    wait_until(lambda: "job-again" not in inspected(host))


@pytest.mark.long
def test_an_old_engine_loses_jobs_in_spite_of_live_restore(tmp_path: Path) -> None:
    """Engine 20.10: preview and role refuse, and the job outlives both; a restart by hand shows why."""
    with machine(engine.ensure(), tmp_path, "debian-12") as host:
        host.output(
            "sh", "-c", "echo '{\"live-restore\": true}' > /etc/docker/daemon.json; systemctl restart docker"
        )
        host.docker("run", "-d", "--rm", "--name", "job", "--stop-timeout", "1", "IMAGE", "sleep", "86400")
        host.docker("run", "-d", "--name", "web", "IMAGE", *HTTP)
        before = facts(host)
        preview = host.preview(host.evidence("old"), "--role", "docker_daemon")
        assert said(preview, "now", "will") >= {("blocks", "job"), ("keeps_running", "web")}
        (refusal,) = preview["refusals"]
        assert refusal["objects"] == ["job"]
        assert "live-restore or not" in refusal["reason"]
        done = host.play("harden", hullguard_roles=["docker_daemon"])
        words = " ".join(done.stdout.split())
        assert done.returncode != 0
        assert "would be gone after the engine's restart: job. Nothing was changed. Stop them" in words, words
        assert "switch live-restore on" not in words
        assert facts(host) == before
        assert host.output("cat", "/etc/docker/daemon.json") == '{"live-restore": true}'
        host.output("systemctl", "restart", "docker")
        wait_until(lambda: "job" not in inspected(host))
        assert host.play("harden", hullguard_roles=["docker_daemon"]).returncode == 0
        assert observed(before, facts(host)) - {("loses_connectivity", "web")} == {
            ("removed", "job"),
            ("keeps_running", "web"),
        }


@pytest.mark.long
def test_what_is_said_of_remapping_happens(host: Machine) -> None:
    """Everything is hidden, and those that can't be made anew can't."""
    before = facts(host)
    assert made_anew(host) == set(ANEW)
    given = ("--role", "docker_userns", "--with", "docker_userns_accept_hidden=true")
    preview = host.preview(host.evidence("before-remapping"), *given)
    assert preview["risk"] == "high"
    assert preview["refusals"] == []
    done = host.play("harden", hullguard_roles=["docker_userns"], docker_userns_accept_hidden=True)
    assert done.returncode == 0, done.stdout + done.stderr
    happened = observed(before, facts(host))
    assert happened == {("hidden", name) for name in before["containers"]}
    assert {pair for pair in said(preview, "now", "will") if pair[0] in SEEN} == happened
    assert host.docker("images", "-q") == ""
    anew = said(preview, "recreated", "will")
    workload.load(engine.ensure(), host.container, host.image)
    assert made_anew(host) == {name for name in ANEW if name not in {name for _effect, name in anew}}
    assert ("cannot_start", "all-powers") in anew
