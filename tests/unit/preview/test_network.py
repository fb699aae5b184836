from __future__ import annotations

from typing import Any

from unit.preview.hosts import careless, choice, container, effects, seen, short

from hullguard.preview.model import Effect


def on(network: str, name: str, **host_config: Any) -> Any:
    found = container(name, NetworkMode=network, **host_config)
    found["NetworkSettings"]["Networks"] = [network]
    return found


def publishing(name: str, address: str, port: str) -> Any:
    found = container(name, PortBindings={"80/tcp": [{"HostIp": address, "HostPort": port}]})
    found["NetworkSettings"]["Ports"] = {"80/tcp": [{"HostIp": address or "0.0.0.0", "HostPort": port}]}
    return found


def test_neighbours_on_the_default_bridge_lose_each_other() -> None:
    host = careless(container("a"), container("b"), container("gone", status="exited"), on("app", "c"))
    found = effects("inter_container_traffic", host)
    assert short(found) == [
        ("loses_connectivity", "will", "now", "a"),
        ("loses_connectivity", "will", "now", "b"),
    ]
    assert found[0].detail.startswith("b on the default bridge")
    assert "links are not in the evidence" in found[0].detail


def test_a_container_alone_loses_nobody() -> None:
    assert effects("inter_container_traffic", careless(container("a"), on("app", "b"))) == []


def test_links_keep_the_ports_that_they_name() -> None:
    found = effects(
        "inter_container_traffic",
        careless(container("web", Links=["/db:/web/db"]), container("db", Links=None)),
    )
    assert [(e.name, "links to" in e.detail) for e in found] == [("db", True), ("web", True)]


def test_with_live_restore_it_is_pending() -> None:
    host = careless(container("a"), container("b"), **{"live-restore": True})
    assert {e.when for e in effects("inter_container_traffic", host)} == {"pending"}


def test_what_is_in_force_already_takes_nothing() -> None:
    host = careless(container("a"), container("b"), icc=False)
    engine = host["engines"][0]
    bridge = next(n for n in engine["networks"] if n["Name"] == "bridge")
    bridge["Options"]["com.docker.network.bridge.enable_icc"] = "false"
    host["packet_filter"]["isolated"] = ["docker0"]
    assert effects("inter_container_traffic", host) == []


def test_who_publishes_may_be_reached_otherwise() -> None:
    host = careless(publishing("web", "127.0.0.1", "8080"), container("quiet"))
    assert short(effects("userland_proxy", host)) == [("loses_connectivity", "maybe", "now", "web")]


def besides(host: Any, name: str, **variables: Any) -> list[Effect]:
    rows = seen(host, choice(**variables))["besides"]
    listed = next((row["effects"] for row in rows if row["id"] == f"docker_network.{name}"), [])
    return [
        Effect(*(row[k] for k in ("effect", "certainty", "when", "kind", "name", "detail"))) for row in listed
    ]


def test_where_clouds_hand_out_credentials() -> None:
    host = careless(container("a"), on("host", "h"), on("none", "n"))
    assert short(besides(host, "blocked_destinations")) == [("loses_connectivity", "maybe", "now", "a")]
    assert besides(host, "blocked_destinations", docker_network_blocked_destinations=[]) == []


def test_ports_that_a_policy_closes() -> None:
    host = careless(
        publishing("web", "", "8080"),
        publishing("admin", "", "9000"),
        publishing("local", "127.0.0.1", "7000"),
    )
    assert [e.name for e in besides(host, "published_ports")] == ["local"]
    listed = [{"port": 8080, "sources": ["10.0.0.0/8"]}]
    found = besides(
        host, "published_ports", docker_network_default_policy="drop", docker_network_published=listed
    )
    assert short(found) == [
        ("loses_connectivity", "maybe", "now", "local"),
        ("loses_connectivity", "maybe", "now", "web"),
        ("loses_connectivity", "will", "now", "admin"),
    ]


def test_single_controls_leave_out_what_roles_do_beside_them() -> None:
    assert seen(careless(container("a")), choice(single=True))["besides"] == []
