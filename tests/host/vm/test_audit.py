"""What auditing is there for: what is done leaves an event, found by its key."""

from __future__ import annotations

import shlex
import time

import pytest
from testinfra.host import Host

KEY = "docker"


def events(host: Host, since: str) -> str:
    """Return the events of the key since a time, as ausearch tells them."""
    done = host.run(f"ausearch --input-logs -k {KEY} --start {since} -i < /dev/null")
    # A search that was not made finds nothing either, with the same exit code.
    assert done.rc == 0 or "<no matches>" in done.stderr, done.stderr
    return str(done.stdout)


def now(host: Host) -> str:
    """Return the time in the form that ausearch takes, which is the locale's."""
    return str(host.check_output("date '+%x %X'"))


def rules(text: str) -> list[tuple[str, ...]]:
    """Return watches as (path, permissions, key), other rules as they are written; settings are left out."""
    made: list[tuple[str, ...]] = []
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] == ["-w"]:
            options = dict(zip(words[::2], words[1::2], strict=True))
            permissions = "".join(sorted(options.get("-p", "rwxa")))
            made.append((options["-w"].rstrip("/"), permissions, options.get("-k", "")))
        elif words[:1] in (["-a"], ["-A"]):
            made.append((" ".join(words),))
    return made


def found(host: Host, since: str, word: str) -> bool:
    """Whether an event names a word; auditd writes a little later than the kernel says it."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if word in events(host, since):
            return True
        time.sleep(1)
    return False


@pytest.mark.parametrize(
    ("command", "word"),
    [
        (
            "cp -p /etc/docker/daemon.json /run/kept && cat /run/kept > /etc/docker/daemon.json",
            "/etc/docker/daemon.json",
        ),
        ("/usr/sbin/dockerd --version", "proctitle=/usr/sbin/dockerd --version"),
        ("$(command -v runc) --version", "runc --version"),
        ("chmod --reference=/run/docker.sock /run/docker.sock", "docker.sock"),
    ],
    ids=["daemon.json", "dockerd", "runc", "socket"],
)
def test_it_leaves_an_event(host: Host, command: str, word: str) -> None:
    since = now(host)
    host.check_output(command)
    assert found(host, since, word)


def test_reading_leaves_none(host: Host) -> None:
    since = now(host)
    host.check_output("cat /etc/docker/daemon.json")
    time.sleep(3)
    assert "comm=cat" not in events(host, since)


def test_the_rules_of_this_boot_are_those_on_disk(host: Host) -> None:
    disk = rules(host.file("/etc/audit/audit.rules").content_string)
    listed = str(host.check_output("auditctl -l"))
    assert disk
    assert sorted(rules(listed)) == sorted(disk)
    assert len(rules(listed)) == len(listed.splitlines()), listed


def test_they_are_loaded_before_the_first_container(host: Host) -> None:
    """Of this boot: what loads them had ended before the engine began."""
    show = "systemctl show --property=%s --value %s"
    # Until Debian 12 auditd's own unit loads them, and is active once that is done.
    apart = host.check_output(show, "LoadState", "audit-rules.service") == "loaded"
    unit, moment = (
        ("audit-rules.service", "ExecMainExitTimestampMonotonic")
        if apart
        else ("auditd.service", "ActiveEnterTimestampMonotonic")
    )
    assert "augenrules --load" in host.check_output("systemctl cat %s", unit)
    assert host.check_output(show, "Result", unit) == "success"
    loaded = int(host.check_output(show, moment, unit))
    engine = int(host.check_output(show, "ExecMainStartTimestampMonotonic", "docker"))
    assert 0 < loaded < engine


def test_they_are_set_in_stone(host: Host) -> None:
    assert "enabled 2" in host.check_output("auditctl -s")
    # Its own exit code is 255, which is SSH's word for a connection that failed.
    refused = host.run("auditctl -D || exit 1")
    assert refused.rc != 0
    assert "not permitted" in refused.stderr + refused.stdout
