"""What docker_network says of its variables, by what a host says of itself; no host is needed."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = Path(__file__).parents[3] / "roles/docker_network/files"
sys.path.insert(0, str(FILES))

from network_look import answer, networks, policy, values  # noqa: E402

LOCAL = [ipaddress.ip_address("10.0.0.5"), ipaddress.ip_address("2001:db8::5")]


def bridge(name: str = "backend", **changes: Any) -> dict[str, Any]:
    """Return a network as the engine lists it."""
    there = {
        "Name": name,
        "Id": name.ljust(12, "0") + "rest",
        "Driver": "bridge",
        "Internal": True,
        "Options": {},
    }
    return {**there, "IPAM": {"Config": [{"Subnet": "10.90.0.0/24"}]}, **changes}


def asked(**changes: Any) -> dict[str, Any]:
    """Return what the role asks when nobody has set a variable."""
    nothing: dict[str, Any] = {
        "published": [],
        "sources": [],
        "blocked": [],
        "external": [],
        "networks": [],
        "pools": [],
    }
    usual = {"policy": "accept", "publish_address": "", "backend": "auto", "firewall_backend": ""}
    return {**nothing, **usual, "restricts": False, "iptables": True, "userland_proxy": False, **changes}


def seen(**changes: Any) -> dict[str, Any]:
    """Return what a host says that has nothing but an engine."""
    nothing: dict[str, Any] = {"networks": [], "containers": [], "links": [], "routes": [], "forward6": []}
    programs = ["iptables-restore", "nft"]
    return {
        **nothing,
        "info": {},
        "interfaces": ["eth0"],
        "nonlocal_bind": [],
        "programs": programs,
        **changes,
    }


@pytest.mark.parametrize("value", ["10.0.0.0/8", "10.1.2.3", "fd00::/64", "0.0.0.0/0"])
def test_networks_and_addresses_are_networks(value: str) -> None:
    wrong: list[str] = []
    assert values.network("name", value, wrong) == ipaddress.ip_network(value)
    assert wrong == []


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("10.0.0.1/8", "has host bits set; the network is 10.0.0.0/8"),
        ("10.0.0.0/33", "'10.0.0.0/33' is no network"),
        ("example.org", "'example.org' is no network"),
        (None, "None is no network"),
        ("", "'' is no network"),
    ],
)
def test_other_values_are_none_and_the_reason_is_told(value: object, reason: str) -> None:
    wrong: list[str] = []
    assert values.network("name", value, wrong) is None
    assert len(wrong) == 1
    assert wrong[0].startswith("name: ")
    assert reason in wrong[0]


@pytest.mark.parametrize("value", ["10.0.0.0/8", {"a": 1}, None])
def test_what_is_no_list_is_refused(value: object) -> None:
    wrong: list[str] = []
    assert values.networks("name", value, wrong) == []
    assert wrong == [f"name is {value!r}; it takes a list."]


@pytest.mark.parametrize(
    ("value", "is_one"), [(1, True), ("443", True), (65535, True), (0, False), (65536, False)]
)
def test_ports_are_numbers_within_their_bounds(value: object, is_one: bool) -> None:
    wrong: list[str] = []
    assert bool(values.number("port", value, 1, 65535, wrong)) is is_one
    assert bool(wrong) is not is_one


@pytest.mark.parametrize("value", [True, "٤٤٣", "1e3", "-1", 44.5, None, "80-90"])
def test_what_only_looks_like_a_number_is_none(value: object) -> None:
    wrong: list[str] = []
    assert values.number("port", value, 1, 65535, wrong) == 0
    assert len(wrong) == 1


PUBLISHED = [
    ({"port": 443}, "lacks sources"),
    ({"port": 443, "sources": [], "source": 1}, "has source, and takes only port, protocol, sources"),
    ({"port": 443, "sources": "10.0.0.0/8"}, "takes a list"),
    ({"port": 443, "sources": [], "protocol": "icmp"}, "takes tcp, udp or sctp"),
    ({"port": 443, "sources": ["10.0.0.0/8", "10.0.0.0/8"]}, "names 10.0.0.0/8 twice"),
    ("443", "is '443'; it takes {port, protocol, sources}"),
]


@pytest.mark.parametrize(("entry", "reason"), PUBLISHED)
def test_a_published_port_that_is_none_is_named_with_its_place(entry: object, reason: str) -> None:
    wrong: list[str] = []
    policy.check_published(asked(published=[{"port": 80, "sources": []}, entry]), wrong)
    assert len(wrong) == 1
    assert wrong[0].startswith("docker_network_published[1]")
    assert reason in wrong[0]


def test_a_port_may_be_there_once_for_each_protocol() -> None:
    wrong: list[str] = []
    each = [{"port": 53, "sources": []}, {"port": "53", "protocol": "udp", "sources": ["fd00::/64"]}]
    policy.check_published(asked(published=each), wrong)
    assert wrong == []
    policy.check_published(asked(published=[*each, {"port": 53, "protocol": "tcp", "sources": []}]), wrong)
    assert wrong == ["docker_network_published lists 53/tcp twice; give all its sources in one entry."]


@pytest.mark.parametrize("everything", ["0.0.0.0/0", "::/0"])
def test_to_block_everything_is_refused(everything: str) -> None:
    wrong: list[str] = []
    policy.check_published(asked(blocked=[everything]), wrong)
    assert wrong == [
        f"docker_network_blocked_destinations: {everything} is everything; give such containers an internal network."
    ]


def test_sources_without_a_policy_to_except_them_from_are_refused() -> None:
    wrong: list[str] = []
    policy.check_published(asked(sources=["10.0.0.0/8"], policy="drop"), wrong)
    assert wrong == []
    policy.check_published(asked(sources=["10.0.0.0/8"]), wrong)
    assert "has no effect" in wrong[0]


def test_an_interface_that_is_not_there_is_said_and_one_that_cannot_be_is_refused() -> None:
    wrong: list[str] = []
    warnings: list[str] = []
    policy.check_interfaces(["eth0", "wg0", "eth 1", "-j"], ["eth0"], wrong, warnings)
    name = "docker_network_external_interfaces"
    assert wrong == [f"{name}: {item!r} can't be an interface's name." for item in ("eth 1", "-j")]
    assert warnings == [f"{name}: this host has no interface wg0 now, the rules wait for it."]


@pytest.mark.parametrize(
    ("text", "nonlocal_bind", "fits"),
    [
        ("", [], True),
        ("127.0.0.1", [], True),
        ("::1", [], True),
        ("0.0.0.0", [], True),
        ("10.0.0.5", [], True),
        ("192.0.2.1", [], False),
        ("192.0.2.1", [4], True),
        ("192.0.2.1", [6], False),
        ("10.0.0.5/24", [], False),
        ("localhost", [], False),
    ],
)
def test_ports_can_be_published_on_an_address_of_the_host(
    text: str, nonlocal_bind: list[int], fits: bool
) -> None:
    wrong: list[str] = []
    policy.check_address(text, LOCAL, nonlocal_bind, wrong)
    assert len(wrong) == (0 if fits else 1)
    assert all(why.startswith("docker_network_publish_address is ") and text in why for why in wrong)


BOUND = bridge("bound", Internal=False, Options={policy.BINDING: "127.0.0.1"})


@pytest.mark.parametrize(
    ("text", "version", "there", "warned"),
    [
        ("127.0.0.1", "26.1.5+dfsg1", [BOUND, bridge(), bridge("bridge", Internal=False)], []),
        (
            "127.0.0.1",
            "26.1.5+dfsg1",
            [BOUND, bridge("shop", Internal=False)],
            ["shop publish on every address"],
        ),
        ("127.0.0.1", "20.10.24+dfsg1", [], ["this engine (20.10.24+dfsg1)"]),
        ("127.0.0.1", "", [], []),
        ("", "20.10.24", [bridge("shop", Internal=False)], []),
        ("::1", "20.10.24", [bridge("shop", Internal=False)], []),
    ],
)
def test_networks_that_publish_elsewhere_are_told(
    text: str, version: str, there: list[dict[str, Any]], warned: list[str]
) -> None:
    found = policy.publishes_elsewhere(text, version, there)
    assert len(found) == len(warned)
    assert all(part in why for part, why in zip(warned, found, strict=True))


@pytest.mark.parametrize(
    ("changes", "engine", "programs", "backend", "reason"),
    [
        ({}, {}, ["iptables-restore"], "iptables", ""),
        ({}, {"FirewallBackend": {"Driver": "nftables"}}, ["nft"], "nftables", ""),
        ({}, {"FirewallBackend": {"Driver": "iptables+firewalld"}}, ["iptables-restore"], "iptables", ""),
        ({"firewall_backend": "nftables"}, {}, ["nft"], "nftables", ""),
        ({"backend": "nftables"}, {}, ["nft"], "nftables", ""),
        ({"backend": "nftables"}, {}, ["iptables-restore"], "nftables", "takes nft"),
        ({}, {}, [], "iptables", "takes iptables-restore"),
        (
            {"backend": "iptables", "firewall_backend": "nftables"},
            {},
            ["iptables-restore"],
            "iptables",
            "no chain",
        ),
        ({"iptables": False}, {}, ["iptables-restore"], "iptables", "option iptables is false"),
    ],
)
def test_the_backend_is_the_engines_unless_another_can_work(
    changes: dict[str, Any], engine: dict[str, Any], programs: list[str], backend: str, reason: str
) -> None:
    wrong: list[str] = []
    assert policy.check_backend(asked(**changes), engine, programs, wrong) == backend
    assert [reason in text for text in wrong] == ([True] if reason else [])


@pytest.mark.parametrize(
    ("proxy", "backend", "ipv6", "forward", "warned"),
    [
        (False, "iptables", True, [], ["DOCKER-USER"]),
        (False, "iptables", True, ["-P FORWARD DROP", "-A FORWARD -j DOCKER-USER"], []),
        (False, "iptables", False, [], []),
        (False, "nftables", True, [], []),
        (True, "nftables", False, [], ["docker-proxy"]),
        (True, "iptables", True, [], ["DOCKER-USER", "docker-proxy"]),
    ],
)
def test_ways_that_the_rules_do_not_see_are_told(
    proxy: bool, backend: str, ipv6: bool, forward: list[str], warned: list[str]
) -> None:
    found = policy.ways_past(proxy, backend, ipv6, forward, LOCAL)
    assert len(found) == len(warned)
    assert all(word in text for word, text in zip(warned, found, strict=True))


def test_without_an_address_to_come_in_by_no_proxy_matters() -> None:
    local = [ipaddress.ip_address(text) for text in ("10.0.0.5", "::1", "fe80::1")]
    assert policy.ways_past(True, "nftables", False, [], local) == []


POOLS = [
    ({"base": "10.80.0.0/16", "size": 24}, ""),
    ({"base": "10.80.0.0/16", "size": 8}, "size is 8; it takes a number from 16 to 30"),
    ({"base": "10.80.0.0/16", "size": 31}, "size is 31"),
    ({"base": "10.0.0.0/16", "size": 24}, "overlaps 10.0.0.0/24, this host's route by eth0"),
    ({"base": "10.80.0.1/16", "size": 24}, "has host bits set"),
    ({"base": "10.80.0.0/16"}, "lacks size"),
    ({"base": "fd80::/48", "size": 64}, ""),
]


@pytest.mark.parametrize(("pool", "reason"), POOLS)
def test_a_pool_takes_no_addresses_that_the_host_needs(pool: dict[str, Any], reason: str) -> None:
    wrong: list[str] = []
    networks.check_pools([pool], [("this host's route by eth0", "10.0.0.0/24")], wrong)
    assert [reason in text for text in wrong] == ([True] if reason else [])


def test_two_pools_may_not_overlap() -> None:
    wrong: list[str] = []
    networks.check_pools(
        [{"base": base, "size": 24} for base in ("10.80.0.0/16", "10.80.128.0/17")], [], wrong
    )
    assert wrong == [
        "docker_network_address_pools[1].base 10.80.128.0/17 overlaps 10.80.0.0/16, docker_network_address_pools[0].base."
    ]


DECLARED = [
    ({"name": "backend"}, ""),
    ({"name": "host"}, "no name of the engine's own"),
    ({"name": "../x"}, "it takes letters"),
    ({"name": "a", "internal": "yes"}, "internal is 'yes'; it takes true or false"),
    ({"name": "a", "driver": "macvlan"}, "takes bridge or overlay"),
    ({"name": "a", "encrypted": True}, "encrypted is for overlay"),
    ({"name": "a", "driver": "overlay", "icc": False}, "icc is for bridge"),
    ({"name": "a", "driver": "overlay"}, "in no swarm (inactive)"),
    ({"name": "a", "subnet": "fd81::/64"}, "IPv4 networks only"),
    ({"name": "a", "subnet": "10.90.0.128/25"}, "overlaps 10.90.0.0/24, the network backend"),
    ({"name": "a", "subnet": "192.0.2.0/25"}, "overlaps 192.0.2.0/24, this host's route by eth0"),
    ({"name": "backend", "internal": False}, "is there and is another (internal is True, wanted False)"),
    ({"name": "backend", "subnet": "10.91.0.0/24"}, "subnet is 10.90.0.0/24, wanted 10.91.0.0/24"),
    ({"name": "backend", "icc": False}, "icc is True, wanted False"),
]


@pytest.mark.parametrize(("entry", "reason"), DECLARED)
def test_a_declared_network_that_cannot_be_is_refused_with_its_reason(
    entry: dict[str, Any], reason: str
) -> None:
    wrong: list[str] = []
    routes = [("this host's route by eth0", "192.0.2.0/24")]
    networks.check_declared([entry], [bridge()], routes, "inactive", wrong)
    assert [reason in text for text in wrong] == ([True] if reason else [])


def test_only_missing_networks_are_made_and_with_their_defaults() -> None:
    wrong: list[str] = []
    given = [{"name": "backend", "subnet": "10.90.0.0/24"}, {"name": "frontend", "internal": False}]
    assert networks.check_declared(given, [bridge()], [], "inactive", wrong) == [
        {"name": "frontend", "driver": "bridge", "internal": False, "icc": True, "encrypted": False}
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("value", "icc"), [("false", False), ("0", False), ("true", True), ("True", True), ("", True)]
)
def test_options_of_a_network_are_texts(value: str, icc: bool) -> None:
    entry = {"driver": "bridge", "internal": True, "icc": True, "encrypted": False}
    assert (networks.differences(entry, bridge(Options={networks.ICC: value})) == []) is icc


def test_a_bridge_is_the_engines_or_outside() -> None:
    own = bridge(Id="0123456789abcdef")
    named = bridge("named", Options={"com.docker.network.bridge.name": "apps"}, IPAM={})
    found = answer.answer(
        asked(),
        seen(
            networks=[own, named], interfaces=["apps", "br-0123456789ab", "br-ffffffffffff", "br-lan", "eth0"]
        ),
    )
    assert found["wrong"] == []
    assert found["bridges"] == ["apps", "br-*", "docker0", "docker_gwbridge"]
    # One that the engine has forgotten still looks like its own, and br-lan does not.
    assert found["foreign"] == ["br-lan"]


def test_routes_over_the_engines_own_bridges_are_free_to_take() -> None:
    ways = [("10.90.0.0/24", "br-0123456789ab"), ("10.91.0.0/24", "apps"), ("172.17.0.0/16", "docker0")]
    ways += [("default", "eth0"), ("fe80::/64", "eth0"), ("10.92.0.0/24", "eth0")]
    routes = [{"dst": target, "dev": name} for target, name in ways]
    assert answer.routes_of([*routes, {"dst": "10.93.0.0/24"}], ["apps"]) == [
        ("this host's route by eth0", "10.92.0.0/24"),
        ("this host's route by no interface", "10.93.0.0/24"),
    ]


def test_a_network_of_the_roles_own_is_used_while_a_stopped_container_belongs_to_it() -> None:
    mine = [bridge(name, Labels={"hullguard.role": "docker_network"}) for name in ("used", "spare")]
    container = {"State": "exited", "NetworkSettings": {"Networks": {"used": {"NetworkID": mine[0]["Id"]}}}}
    assert answer.made_by_the_role([*mine, bridge("theirs", Labels=None)], [container]) == [
        {"name": "used", "used": True},
        {"name": "spare", "used": False},
    ]


def test_an_engine_that_is_down_is_no_fault_of_the_variables() -> None:
    assert answer.answer(asked(), seen())["wrong"] == []


def test_the_role_sends_every_module_and_each_after_those_that_it_needs() -> None:
    tasks = yaml.safe_load((FILES.parent / "tasks/look.yml").read_text(encoding="utf-8"))
    (look,) = [task for task in tasks if "__docker_network_modules" in task.get("vars", {})]
    names = look["vars"]["__docker_network_modules"]
    assert set(names) == {path.stem for path in (FILES / "network_look").glob("*.py")} - {"__init__"}
    package = [(name, (FILES / f"network_look/{name}.py").read_text(encoding="utf-8")) for name in names]
    given = {"package": package, "asked": asked(socket="/nonexistent", blocked=["10.0.0.1/8"])}
    command = [sys.executable, "-I", "-c", (FILES / "look.py").read_text(encoding="utf-8")]
    ran = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    assert any("10.0.0.1/8 has host bits set" in text for text in json.loads(ran.stdout)["wrong"])
