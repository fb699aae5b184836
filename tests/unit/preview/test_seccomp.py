from __future__ import annotations

from unit.preview.hosts import careless, choice, container, effects, short

BASELINE = choice("docker_seccomp")
STRICT = choice("docker_seccomp", docker_seccomp_profile="strict")


def test_who_has_the_default_filter_may_need_a_call() -> None:
    host = careless(
        container("plain"), container("own", SecurityOpt=["seccomp=<profile>"]), container("all", Privileged=True),
        container("stands", status="exited"),
    )  # fmt: skip
    assert short(effects("seccomp_profile_default", host, BASELINE)) == [
        ("loses_call", "maybe", "now", "plain"),
        ("loses_call", "maybe", "started", "stands"),
    ]


def test_capabilities_say_what_for() -> None:
    host = careless(container("gdb", CapAdd=["SYS_PTRACE"]), container("sniff", CapAdd=["CAP_NET_RAW"]))
    said = {e.name: e.detail for e in effects("seccomp_profile_default", host, BASELINE)}
    assert said == {"gdb": "what baseline takes away", "sniff": "was given capabilities for packet sockets"}
    said = {e.name: e.detail for e in effects("seccomp_profile_default", host, STRICT)}
    assert said["gdb"] == "was given capabilities for ptrace"


def test_a_profile_that_is_there_takes_nothing_more() -> None:
    host = careless(container("a"), **{"seccomp-profile": "/etc/docker/seccomp/hullguard-baseline.json"})
    assert effects("seccomp_profile_default", host, BASELINE) == []
    assert effects("seccomp_profile_default", host, STRICT) != []
