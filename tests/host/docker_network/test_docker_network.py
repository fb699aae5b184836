"""Who reaches what: seen from outside the host, from its containers, and after a restart of the engine.

The effects are looked at between the two hosts of molecule/docker_network, each of which is the other's outside. There
10.77.0.0/16 and fd77::/64 are allowed to reach port 8080, and 10.78.0.0/16 and fd78::/64 are strangers.
"""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import testinfra
from testinfra.host import Host

LOADER = "/usr/local/sbin/hullguard-docker-network"
POLICY = "/etc/hullguard/docker_network/policy"
UNITS = {"hullguard-docker-network-early.service": "Before", "hullguard-docker-network.service": "After"}
# What side_effect.yml has brought about when it runs these, or what converge.yml has.
BACKEND, DEFAULT = os.environ.get("DOCKER_NETWORK_TEST", "iptables accept").split()

CLOUD = "169.254.169.254"
SITE = "-s 192.0.2.1/32 -j DROP"
ALLOWED, STRANGER = ("10.77", "fd77:"), ("10.78", "fd78:")
NEIGHBOUR = Path(__file__).with_name("neighbour.py").read_text(encoding="utf-8")

Reached = dict[tuple[tuple[str, str], int], set[bool]]

# Which of [source, destination, port] answer, tried at the same time.
TRY = """
import concurrent.futures, json, socket, sys
def answers(way):
    try:
        with socket.create_connection((way[1], way[2]), timeout=1, source_address=(way[0], 0)) as link:
            link.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
            return link.recv(4) == b"HTTP"
    except OSError:
        return False
ways = json.loads(sys.argv[1])
with concurrent.futures.ThreadPoolExecutor(len(ways)) as pool:
    print(json.dumps(list(pool.map(answers, ways))))
"""


@pytest.fixture(scope="module")
def policy(host: Host) -> Host:
    if not host.file(POLICY).exists:
        pytest.skip("the role's policy is not on this host")
    return host


def test_what_was_loaded_is_in_force(policy: Host) -> None:
    assert policy.check_output(f"{LOADER} status") == "unchanged"
    if policy.file(POLICY).content_string.startswith("# iptables\n"):
        assert policy.check_output("iptables -S DOCKER-USER").splitlines()[1] == "-A DOCKER-USER -j HULLGUARD"


@pytest.mark.parametrize("unit", UNITS)
def test_it_is_loaded_before_and_after_the_engine_starts(policy: Host, unit: str) -> None:
    show = dict(
        line.split("=", 1)
        for line in policy.check_output(
            "systemctl show --property=Before,After,PartOf,WantedBy,Result,ActiveState %s", unit
        ).splitlines()
    )
    assert "docker.service" in show[UNITS[unit]].split()
    assert (show["PartOf"], show["WantedBy"]) == ("docker.service", "docker.service")
    assert (show["ActiveState"], show["Result"]) == ("active", "success")


def test_the_rules_are_there_before_the_engine_starts(policy: Host) -> None:
    early, engine = (
        int(policy.check_output("systemctl show --value --property=%s %s", what, unit))
        for what, unit in (
            ("ActiveEnterTimestampMonotonic", "hullguard-docker-network-early"),
            ("ExecMainStartTimestampMonotonic", "docker"),
        )
    )
    if early > engine and policy.run("test %s -nt /run/docker.pid", POLICY).rc == 0:
        pytest.skip("the engine has not been started since the role ran")
    assert 0 < early < engine


def test_no_proxy_stands_between(policy: Host) -> None:
    names = policy.check_output("cat /proc/[0-9]*/comm 2>/dev/null; true").splitlines()
    assert "dockerd" in names
    assert "docker-proxy" not in names


@pytest.fixture(scope="module")
def prepared(policy: Host) -> Host:
    """A host of molecule/docker_network; skips on any other."""
    if policy.run("docker inspect listed inside1 silent1").rc != 0:
        pytest.skip("not a host of the scenario docker_network")
    assert policy.file(POLICY).content_string.startswith(f"# {BACKEND}\n")
    return policy


class Outside:
    """The other host, and how it comes here."""

    def __init__(self, host: Host, peer: Host) -> None:
        self.host, self.peer = host, peer
        self.end, self.from_end = ending(host), ending(peer)
        forward = host.check_output("ip6tables -w -S FORWARD").splitlines()
        # Engines of old send nothing of IPv6 through DOCKER-USER; the role says so, and the other backend needs none.
        self.ipv6 = BACKEND == "nftables" or "-A FORWARD -j DOCKER-USER" in forward

    def reaches(self, *wanted: tuple[tuple[str, str], int]) -> list[set[bool]]:
        """Tell for each net and port which answers the peer gets: over IPv4, and over IPv6 where the role filters it."""
        ends = [end.replace(".", ":") for end in (self.from_end, self.end)]
        ways = []
        for (four, six), port in wanted:
            ways.append((f"{four}.{self.from_end}", f"{four}.{self.end}", port))
            ways.append((f"{six}:{ends[0]}", f"{six}:{ends[1]}", port))
        found = tried(self.peer, ways if self.ipv6 else ways[::2])
        step = 2 if self.ipv6 else 1
        return [set(found[at : at + step]) for at in range(0, len(found), step)]

    def past_the_port(self) -> list[bool]:
        """Route straight to a container, as any neighbour may: from where it is allowed, and from elsewhere."""
        inside = address_of(self.host, "listed")
        sources = [f"{net[0]}.{self.from_end}" for net in (ALLOWED, STRANGER)]
        # In a table of its own, since the peer's containers may have the same address.
        rules = " && ".join(f"ip rule add from {source} to {inside} lookup 77" for source in sources)
        self.peer.check_output(f"ip route replace {inside}/32 via 10.77.{self.end} table 77 && {rules}")
        try:
            return tried(self.peer, [(source, inside, 80) for source in sources])
        finally:
            rules = rules.replace("rule add", "rule delete")
            self.peer.check_output(f"ip route flush table 77 && {rules}")

    def past_loopback(self, port: int) -> bool:
        """Send what is for 127.0.0.1 to this host's own address on the link."""
        mac = self.host.file("/sys/class/net/eth0/address").content_string.strip()
        ask = ("eth0", mac, f"{ALLOWED[0]}.{self.from_end}", str(port))
        return bool(json.loads(self.peer.check_output("python3 -c %s %s %s %s %s", NEIGHBOUR, *ask)))


def tried(host: Host, ways: list[tuple[str, str, int]]) -> list[bool]:
    """Tell which of (source, destination, port) answer."""
    return list(json.loads(host.check_output("python3 -c %s %s", TRY, json.dumps(ways))))


def ending(host: Host) -> str:
    """Return the last two bytes of a host's addresses."""
    links = json.loads(host.check_output("ip -json -4 address show dev eth0"))
    address = next(
        part["local"] for part in links[0]["addr_info"] if part["local"].startswith(f"{ALLOWED[0]}.")
    )
    return str(address).split(".", 2)[2]


@pytest.fixture(scope="module")
def outside(prepared: Host, request: pytest.FixtureRequest) -> Outside:
    hosts = testinfra.get_hosts(["ansible://all"], ansible_inventory=request.config.option.ansible_inventory)
    (peer,) = [other for other in hosts if ending(other) != ending(prepared)]
    return Outside(prepared, peer)


def fetches(host: Host, *wanted: tuple[str, str, int]) -> list[bool]:
    """Tell for each (container, address, port) whether the container gets an answer over HTTP."""

    def one(container: str, address: str, port: int) -> bool:
        ask = f"printf 'GET / HTTP/1.0\\r\\n\\r\\n' | busybox nc -w 1 {address} {port}"
        result = host.run("docker exec %s busybox sh -c %s", container, ask)
        if result.rc == 0 and result.stdout.startswith("HTTP"):
            return True
        assert "timed out" in result.stderr or "unreachable" in result.stderr, result
        return False

    with ThreadPoolExecutor(len(wanted)) as pool:
        return list(pool.map(lambda way: one(*way), wanted))


def major(host: Host) -> int:
    """Return the engine's major version."""
    return int(host.check_output("dockerd --version").split()[2].split(".")[0])


def address_of(host: Host, container: str) -> str:
    (found,) = json.loads(host.check_output("docker inspect %s", container))
    return next(str(part["IPAddress"]) for part in found["NetworkSettings"]["Networks"].values())


@pytest.fixture(scope="module")
def reached(outside: Outside) -> Reached:
    """From which net which port answers."""
    wanted = [(net, port) for net in (ALLOWED, STRANGER) for port in (8080, 7070, 9090, 6060)]
    return dict(zip(wanted, outside.reaches(*wanted), strict=True))


def test_an_allowed_source_reaches_a_listed_port_and_nobody_else(reached: Reached) -> None:
    assert reached[ALLOWED, 8080] == {True}
    assert reached[STRANGER, 8080] == {False}


def test_a_port_that_is_listed_without_sources_is_closed(reached: Reached) -> None:
    assert reached[ALLOWED, 7070] == reached[STRANGER, 7070] == {False}


def test_ports_that_are_not_listed_follow_the_default_policy(reached: Reached) -> None:
    assert reached[ALLOWED, 9090] == {True}
    assert reached[STRANGER, 9090] == {DEFAULT == "accept"}


def test_a_port_published_without_an_address_stays_on_the_host(outside: Outside, reached: Reached) -> None:
    assert reached[ALLOWED, 6060] == reached[STRANGER, 6060] == {False}
    assert not outside.past_loopback(6060)
    assert tried(outside.host, [("127.0.0.1", "127.0.0.1", 6060)]) == [True]


def test_so_does_one_on_a_network_that_the_role_made(prepared: Host) -> None:
    start = "docker run --detach --rm --name late --network lab-spare --publish 6161:80 lab busybox httpd -f -p 80"
    try:
        assert prepared.run(start).rc == 0
        assert prepared.check_output("docker port late").split("-> ")[1] == "127.0.0.1:6161"
    finally:
        prepared.check_output("docker rm --force late")


def test_nobody_is_let_in_past_the_published_port(outside: Outside) -> None:
    assert outside.past_the_port() == [False, False]


def test_containers_reach_outside_but_not_what_is_blocked(outside: Outside) -> None:
    host, end = outside.host, outside.from_end
    ways = [("listed", f"10.77.{end}", 8000), ("listed", f"10.78.{end}", 8000)]
    ways += [("listed", CLOUD, 8000), ("silent1", CLOUD, 8000)]
    assert fetches(host, *ways) == [True, False, False, False]
    # The cloud's address answers the host itself.
    assert tried(host, [(CLOUD, CLOUD, 8000)]) == [True]


def test_containers_reach_each_other_only_on_a_network_that_lets_them(prepared: Host) -> None:
    pairs = [("listed", "closed"), ("inside1", "inside2"), ("silent1", "silent2")]
    ways = [(one, address_of(prepared, other), 80) for one, other in pairs]
    assert fetches(prepared, *ways) == [False, True, False]


def test_an_internal_network_has_no_way_out(outside: Outside) -> None:
    assert fetches(outside.host, ("inside1", f"10.77.{outside.from_end}", 8000)) == [False]


def test_a_bad_policy_does_not_replace_a_good_one(outside: Outside) -> None:
    host = outside.host
    bad = f"# {BACKEND}\n*filter\n:HULLGUARD - [0:0]\n-A HULLGUARD -j NOWHERE\nCOMMIT\n"
    host.check_output("cp -p %s /root/policy && printf %s > %s", POLICY, bad, POLICY)
    try:
        assert host.run("systemctl reload hullguard-docker-network").rc != 0
        assert outside.reaches((STRANGER, 8080)) == [{False}]
    finally:
        host.check_output("mv /root/policy %s && systemctl reload hullguard-docker-network", POLICY)


@pytest.fixture
def flushed(prepared: Host) -> Iterator[Host]:
    """The host without any of the rules, but for the administrator's own."""
    prepared.check_output(f"{LOADER} unload && iptables -F DOCKER-USER && iptables -I DOCKER-USER {SITE}")
    yield prepared
    prepared.check_output("systemctl reload hullguard-docker-network")


def test_without_the_rules_it_is_open_and_a_restart_of_the_engine_closes_it(
    flushed: Host, outside: Outside
) -> None:
    everything = outside.reaches((ALLOWED, 8080), (STRANGER, 8080), (ALLOWED, 7070))
    assert everything == [{True}, {True}, {True}]
    assert outside.past_the_port() == [True, True]
    # From engine 28 on it sees to that by itself.
    assert outside.past_loopback(6060) == (major(flushed) < 28)
    blocked = [("listed", CLOUD, 8000), ("listed", f"10.78.{outside.from_end}", 8000)]
    assert fetches(flushed, *blocked) == [True, True]

    flushed.check_output("systemctl restart docker")

    assert flushed.check_output(f"{LOADER} status") == "unchanged"
    everything = outside.reaches((ALLOWED, 8080), (STRANGER, 8080), (ALLOWED, 7070))
    assert everything == [{True}, {False}, {False}]
    assert fetches(flushed, *blocked) == [False, False]
    assert f"-A DOCKER-USER {SITE}" in flushed.check_output("iptables -S DOCKER-USER").splitlines()
