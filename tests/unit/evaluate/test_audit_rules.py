from __future__ import annotations

from typing import Any

import pytest
from catalogue.baseline import evidence, file_fact

from hullguard.catalogue import DEFAULT_PARAMS
from hullguard.effective import Unseen
from hullguard.evaluate.audit_rules import judge, names, parse, watched
from hullguard.evaluate.context import HostContext

DOCKER = "/etc/docker/daemon.json"


@pytest.mark.parametrize(
    "rule",
    [
        "-w /etc/docker/daemon.json -p wa -k docker", "-w /etc/docker/daemon.json", "-w /etc/docker/ -p rwxa", "-w /etc -p aw",
        "-a always,exit -F path=/etc/docker/daemon.json -F perm=wa", "-a exit,always -F path=/etc/docker/daemon.json -F perm=wa -F key=x",
        "-a always,exit -F dir=/etc/docker -F perm=wa -k x", "-a always,exit -S all -F path=/etc/docker/daemon.json",
        "-a always,exit -F arch=b64 -F path=/etc/docker/daemon.json -F perm=wa", "-A always,exit -F dir=/etc",
        "-w //etc/docker/../docker/daemon.json -p wa",
    ],
)  # fmt: skip
def test_watches_in_every_spelling(rule: str) -> None:
    assert watched(DOCKER, "wa", [rule])


@pytest.mark.parametrize(
    "rule",
    [
        "-w /etc/docker/daemon.json -p r", "-w /etc/docker/daemon.json -p w", "-w /etc/docker/daemon.jso", "-w /etc/dock -p wa", "-w etc/docker -p wa",
        "-a always,exit -F path=/etc/docker -F perm=wa", "-a always,exit -F path!=/etc/docker/daemon.json -F perm=wa",
        "-a never,exit -F path=/etc/docker/daemon.json", "-a always,exclude -F path=/etc/docker/daemon.json", "-a always,task",
        "-a always,exit -S execve -F path=/etc/docker/daemon.json", "-a always,exit -F auid>=1000 -F path=/etc/docker/daemon.json -F perm=wa",
        "-a always,exit -F path=/etc/docker/daemon.json -F perm=wa -F uid=0", "-a always,exit -F path=/etc/docker/daemon.json -C uid!=euid",
        "-a always,exit -F arch=b32 -F path=/etc/docker/daemon.json -F perm=wa", "-a always,exit -F path=/etc/docker/daemon.json -F success=0",
        "-D", "-b 8192", "", "-w", "#-w /etc/docker -p wa", "-a", "-F path=",
    ],
)  # fmt: skip
def test_what_is_no_watch(rule: str) -> None:
    assert not watched(DOCKER, "wa", [rule])


def test_several_rules_may_share_the_work() -> None:
    assert watched(DOCKER, "wa", ["-w /etc/docker -p w", "-w /etc/docker/daemon.json -p a"])


@pytest.mark.parametrize(
    "rules",
    [
        ["-a never,exit -F path=/etc/docker/daemon.json", "-w /etc/docker -p wa"],
        ["-a exit,never -F dir=/etc", "-w /etc/docker -p wa"],
        ["-w /etc/docker -p wa", "-A never,exit -F dir=/etc/docker"],
        ["-w /etc/docker -p wa", "-a never,task"],
        ["-a task,never", "-w /etc/docker -p wa"],
        ["-a never,exit", "-w /etc/docker -p wa"],
    ],
)
def test_a_rule_that_silences_comes_first(rules: list[str]) -> None:
    assert not watched(DOCKER, "wa", rules)


@pytest.mark.parametrize(
    "rules",
    [
        ["-w /etc/docker -p wa", "-a never,exit -F path=/etc/docker/daemon.json"],
        ["-a never,exit -F dir=/etc/ssh", "-w /etc/docker -p wa"],
        ["-a never,exit -F exe=/usr/sbin/chronyd", "-w /etc/docker -p wa"],
        ["-a never,user -F subj_type=crond_t", "-w /etc/docker -p wa"],
        ["-a always,exclude -F msgtype=CWD", "-w /etc/docker -p wa"],
    ],
)
def test_a_rule_that_silences_something_else_does_not_matter(rules: list[str]) -> None:
    assert watched(DOCKER, "wa", rules)


def test_a_watch_does_not_reach_into_a_mounted_file_system() -> None:
    rules = ["-w /var/lib -p wa"]
    assert watched("/var/lib/docker", "wa", rules, ["/"])
    assert not watched("/var/lib/docker", "wa", rules, ["/", "/var/lib/docker"])
    assert not watched("/var/lib/docker/x", "wa", rules, ["/", "/var/lib/docker"])
    assert watched("/var/lib/docker", "wa", ["-w /var/lib/docker -p wa"], ["/", "/var/lib/docker"])
    assert watched("/var/lib/docker", "wa", rules, ["/", "/var/lib"])


def test_the_old_architecture_on_an_old_host() -> None:
    rule = "-a always,exit -F arch=b32 -F path=/x -F perm=wa"
    assert watched("/x", "wa", [rule], (), "b32")


def test_of_a_link_its_target_has_to_be_watched() -> None:
    assert names(file_fact("/usr/bin/runc", real="/opt/runc-1.2")) == ["/opt/runc-1.2"]
    # Only folders above it are links: the same file.
    assert names(file_fact("/lib/systemd/system/a", real="/usr/lib/systemd/system/a")) == [
        "/lib/systemd/system/a",
        "/usr/lib/systemd/system/a",
    ]
    for real in (None, 5):
        with pytest.raises(Unseen):
            names(file_fact("/a", real=real))


def test_other_rules_are_none() -> None:
    assert parse("-D") is None
    assert parse("-w relative -p wa") is None


def host(**audit: Any) -> HostContext:
    document = evidence()
    for place, changes in audit.items():
        document["audit"][place] |= changes
    return HostContext(document, DEFAULT_PARAMS)


FILES = [file_fact("/etc/docker/daemon.json")]


@pytest.mark.parametrize(
    ("audit", "verdict", "words"),
    [
        ({}, "pass", "on disk and in the kernel"),
        ({"kernel": {"rules": []}}, "fail", "not watched"),
        ({"disk": {"rules": []}}, "fail", "not watched"),
        (
            {"kernel": {"read": False, "reason": "Operation not permitted"}},
            "unknown",
            "in the kernel could not be read (Operation not permitted)",
        ),
        ({"disk": {"read": False, "reason": "denied"}}, "unknown", "on disk could not be read (denied)"),
        (
            {"disk": {"read": False, "reason": "a"}, "kernel": {"read": False, "reason": "b"}},
            "unknown",
            "No audit rules could be read",
        ),
        ({"disk": {"rules": []}, "kernel": {"read": False}}, "fail", "not watched"),
        ({"kernel": {"enabled": 0}}, "fail", "switched off"),
        ({"kernel": {"enabled": 2}}, "pass", "is watched"),
        ({"kernel": {"enabled": None}}, "unknown", "switched on could not be read"),
        ({"kernel": {"enabled": "yes"}}, "unknown", "switched on could not be read"),
        ({"kernel": {"read": "yes"}}, "unknown", "in the kernel"),
        ({"kernel": {"rules": None}}, "unknown", "in the kernel"),
    ],
)
def test_verdicts(audit: dict[str, Any], verdict: str, words: str) -> None:
    given = judge(FILES, "wa", host(**audit))
    assert given.verdict == verdict
    assert words in given.reason
    assert bool(given.objects) is (verdict == "fail")
