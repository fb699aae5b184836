"""The seccomp profiles that the role docker_seccomp makes of compliance/policies/seccomp only ever take away."""

from __future__ import annotations

import itertools
import json
from functools import cache
from typing import Any

import pytest
import yaml
from jinja2 import Environment, FileSystemLoader

from hullguard.paths import compliance_dir

FOLDER = compliance_dir() / "policies" / "seccomp"
ROLE = compliance_dir().parent / "roles" / "docker_seccomp"
CHAINS = {
    "default": ["default"],
    "baseline": ["default", "baseline"],
    "strict": ["default", "baseline", "strict"],
}
ARCHES = ["amd64", "arm64", "s390x"]
RULE_KEYS = {"calls", "args", "caps", "no_caps", "arches", "no_arches", "kernel", "errno"}
# Values of one argument that tell every rule of the policies from its neighbours.
VALUES = [0, 1, 2, 3, 5, 8, 10, 16, 17, 29, 37, 38, 39, 40, 41, 4096, 8192, 24576, 32768, 49152]
VALUES += [0x10000000, 0x10000011, 131072, 131080, 0xFFFFFFFF, (1 << 32) + 2, 0x80001, 0x80003]
FREE = 12  # of no interest
Call = tuple[str, tuple[int, int, int]]


@cache
def policies() -> dict[str, Any]:
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in FOLDER.glob("*.yml")}


@cache
def profile(name: str, *allow: str) -> dict[str, Any]:
    """Render a profile as the role does."""
    environment = Environment(loader=FileSystemLoader(ROLE / "templates"), autoescape=False)
    environment.filters["to_nice_json"] = lambda value, **_: json.dumps(value)
    template = environment.get_template("profile.json.j2")
    found: dict[str, Any] = json.loads(
        template.render(policies=policies(), chain=CHAINS[name], allow=list(allow))
    )
    return found


def holds(condition: dict[str, Any], arguments: tuple[int, int, int]) -> bool:
    value = arguments[condition["index"]]
    return {
        "SCMP_CMP_EQ": value == condition["value"],
        "SCMP_CMP_LT": value < condition["value"],
        "SCMP_CMP_GT": value > condition["value"],
        "SCMP_CMP_MASKED_EQ": (value & condition["value"]) == condition.get("valueTwo", 0),
    }[condition["op"]]


def applies(call: dict[str, Any], arch: str, caps: frozenset[str]) -> bool:
    """Whether the engine takes a rule into the filter of a container."""
    wanted, unwanted = call.get("includes", {}), call.get("excludes", {})
    return not (
        (wanted.get("arches") and arch not in wanted["arches"])
        or not caps.issuperset(wanted.get("caps", []))
        or arch in unwanted.get("arches", [])
        or caps.intersection(unwanted.get("caps", []))
    )


def calls(found: dict[str, Any]) -> set[str]:
    return {name for rule in found["syscalls"] for name in rule["names"]}


def capabilities() -> list[frozenset[str]]:
    every = sorted(
        {cap for rule in profile("default")["syscalls"] for cap in rule.get("includes", {}).get("caps", [])}
    )
    return [frozenset(), *(frozenset([cap]) for cap in every), frozenset(every)]


@cache
def allowed(name: str, arch: str, caps: frozenset[str], *allow: str) -> set[Call]:
    """Return every call, with arguments that matter, that a container may make."""
    found: set[Call] = set()
    for rule in profile(name, *allow)["syscalls"]:
        if rule["action"] != "SCMP_ACT_ALLOW" or not applies(rule, arch, caps):
            continue
        for call in rule["names"]:
            if not sensitive(call):
                found.add((call, (FREE, FREE, FREE)))
                continue
            for first, second in itertools.product(VALUES, VALUES):
                arguments = (first, second, second)
                if all(holds(one, arguments) for one in rule.get("args", [])):
                    found.add((call, arguments))
    return found


@cache
def sensitive(call: str) -> bool:
    """Whether any policy looks at the call's arguments."""
    return any(
        call in rule["names"] and rule.get("args") for name in CHAINS for rule in profile(name)["syscalls"]
    )


@pytest.mark.parametrize("name", CHAINS)
def test_every_profile_has_what_the_engine_wants(name: str) -> None:
    found = profile(name)
    assert (found["defaultAction"], found["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", 1)
    assert all(rule["names"] and len(set(rule["names"])) == len(rule["names"]) for rule in found["syscalls"])
    assert found["archMap"][0]["architecture"] == "SCMP_ARCH_X86_64"


@pytest.mark.parametrize("arch", ARCHES)
@pytest.mark.parametrize(("smaller", "larger"), [("baseline", "default"), ("strict", "baseline")])
def test_a_profile_only_takes_away(smaller: str, larger: str, arch: str) -> None:
    for caps in capabilities():
        less, more = allowed(smaller, arch, caps), allowed(larger, arch, caps)
        assert less < more, (arch, sorted(caps), sorted(less - more)[:5])


@pytest.mark.parametrize("arch", ARCHES)
def test_no_capability_adds_to_strict(arch: str) -> None:
    for caps in capabilities():
        assert allowed("strict", arch, caps) == allowed("strict", arch, frozenset()), sorted(caps)


@pytest.mark.parametrize("name", ["baseline", "strict"])
def test_what_a_policy_takes_away_was_there(name: str) -> None:
    before = calls(profile(CHAINS[name][-2]))
    for entry in policies()[name]["takes_away"]:
        assert [call for call in entry["calls"].split() if call not in before] == []


@pytest.mark.parametrize("name", ["baseline", "strict"])
def test_every_group_says_why_and_who_needs_it(name: str) -> None:
    policy = policies()[name]
    assert policy["extends"] == CHAINS[name][-2]
    for entry in policy["takes_away"]:
        assert set(entry) <= {"calls", "why", "breaks", "leaves"}, entry["calls"]
        assert entry["why"].endswith((".", ")."))
        assert entry["breaks"].endswith(".")
        for rule in entry.get("leaves", []):
            assert set(rule) <= RULE_KEYS
            assert set(rule["calls"].split()) <= set(entry["calls"].split())


def test_the_defaults_facts_name_their_source_and_licence() -> None:
    text = (FOLDER / "default.yml").read_text(encoding="utf-8")
    assert "github.com/moby/profiles" in text
    assert "Apache License 2.0" in text
    assert all(set(rule) <= RULE_KEYS for rule in policies()["default"]["rules"])


def test_what_a_service_lives_on_is_left() -> None:
    plain = {call for call, _ in allowed("strict", "amd64", frozenset())}
    assert {
        "execve",
        "clone",
        "futex",
        "mmap",
        "openat",
        "openat2",
        "read",
        "write",
        "accept4",
        "bind",
    } <= plain
    assert {
        "capset",
        "setuid",
        "setgroups",
        "prctl",
        "io_submit",
        "shmget",
        "semop",
        "rseq",
        "fchmodat2",
    } <= plain


def test_what_is_gone() -> None:
    every = capabilities()[-1]
    gone = {
        "baseline": [
            "socketcall",
            "modify_ldt",
            "memfd_secret",
            "remap_file_pages",
            "io_uring_setup",
            "keyctl",
        ],
        "strict": ["chroot", "mount", "unshare", "bpf", "ptrace", "init_module", "msgsnd", "memfd_create"],
    }
    for name, names in gone.items():
        assert {call for call, _ in allowed(name, "amd64", every)}.isdisjoint(names), name


@pytest.mark.parametrize(
    ("call", "arguments", "levels"),
    [
        ("socket", (2, 1, 1), {"default", "baseline", "strict"}),
        ("socket", (2, 0x80001, 0x80001), {"default", "baseline", "strict"}),
        ("socket", (2, 3, 3), {"default", "baseline"}),
        ("socket", (2, 0x80003, 0x80003), {"default", "baseline"}),
        ("socket", (16, 3, 3), {"default", "baseline", "strict"}),
        ("socket", (17, 3, 3), {"default"}),
        ("socket", (38, 5, 5), set()),
        ("socket", ((1 << 32) + 2, 1, 1), {"default"}),
        ("mknod", (0, 8192, 8192), {"default"}),
        ("mknod", (0, 4096, 4096), {"default", "baseline", "strict"}),
        ("clone", (0x10000011, 0, 0), set()),
        ("personality", (8, 0, 0), {"default"}),
    ],
)
def test_arguments_decide(call: str, arguments: tuple[int, int, int], levels: set[str]) -> None:
    assert {name for name in CHAINS if (call, arguments) in allowed(name, "amd64", frozenset())} == levels


def test_strict_knows_the_processors_own_calls_only() -> None:
    assert not any(entry["subArchitectures"] for entry in profile("strict")["archMap"])
    assert any(entry["subArchitectures"] for entry in profile("baseline")["archMap"])


def test_what_is_allowed_by_name_is_as_in_the_default() -> None:
    names = ("chroot", "socket", "clone")
    for caps in capabilities():
        given = {one for one in allowed("strict", "amd64", caps, *names) if one[0] in names}
        assert given == {one for one in allowed("default", "amd64", caps) if one[0] in names}
        assert allowed("strict", "amd64", caps, *names) - given < allowed("strict", "amd64", caps)
