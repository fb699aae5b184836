from __future__ import annotations

from typing import Any

import pytest
from catalogue.baseline import decent_container
from unit.preview.hosts import careless, choice, container, effects, short


def with_user(name: str, user: str, *options: str) -> Any:
    found = container(name, SecurityOpt=list(options))
    found["Config"]["User"] = user
    return found


def test_the_default_for_privileges_counts_for_containers_made_anew() -> None:
    host = careless(
        with_user("app", "1000:1000"),
        with_user("root", ""),
        with_user("out", "1000", "no-new-privileges=false"),
    )
    found = effects("no_new_privileges_default", host)
    assert short(found) == [
        ("loses_privilege", "maybe", "recreated", "app"),
        ("loses_privilege", "maybe", "recreated", "root"),
    ]
    assert "runs as 1000" in found[0].detail
    assert "runs as root" in found[1].detail


def test_a_default_that_is_there_changes_nobody() -> None:
    host = careless(with_user("app", "1000"), **{"no-new-privileges": True})
    assert effects("no_new_privileges_default", host) == []


def test_limits_come_with_the_next_start() -> None:
    own = container("own", Ulimits=[{"Name": "nofile", "Soft": 1, "Hard": 1}])
    host = careless(container("runs"), container("stands", status="exited"), own)
    assert short(effects("default_ulimits", host)) == [
        ("limited", "will", "now", "runs"),
        ("limited", "will", "started", "stands"),
    ]
    host = careless(container("runs"), **{"live-restore": True})
    assert short(effects("default_ulimits", host)) == [("limited", "will", "started", "runs")]


def test_images_of_an_insecure_registry() -> None:
    host = careless(
        container("a"), **{"insecure-registries": ["registry.example.net:5000", "127.0.0.1:5000"]}
    )
    engine = host["engines"][0]
    image = engine["images"][0]
    local = {**image, "RepoTags": ["127.0.0.1:5000/x:1"], "RepoDigests": []}
    other = {**image, "RepoTags": ["registry.example.net:5000/team/app:1"], "RepoDigests": []}
    engine["images"] = [image, local, other]
    host["files"]["registry_certs"] = []
    assert short(effects("insecure_registries", host)) == [
        ("cannot_pull", "maybe", "now", "registry.example.net:5000/team/app:1")
    ]
    del engine["daemon_json"]["content"]["insecure-registries"]
    assert effects("insecure_registries", host) == []


def test_a_packet_filter_that_comes_back_opens_published_ports() -> None:
    web = container("web", PortBindings={"80/tcp": [{"HostIp": "", "HostPort": "8080"}]})
    web["NetworkSettings"]["Ports"] = {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}]}
    host = careless(web, container("quiet"), iptables=False)
    assert short(effects("packet_filter_managed", host)) == [("becomes_reachable", "maybe", "now", "web")]
    assert effects("packet_filter_managed", careless(web)) == []


def test_clients_over_tcp_are_locked_out() -> None:
    builder = container("builder")
    builder["Config"]["Env"] = ["DOCKER_HOST", "PATH"]
    host = careless(builder, container("other"))
    host["engines"][0]["process"]["flags"]["hosts"] = ["fd://", "tcp://0.0.0.0:2375"]
    assert short(effects("remote_api_tls", host, choice("docker_tls"))) == [
        ("loses_engine_access", "maybe", "now", "builder"),
        ("loses_engine_access", "will", "now", "tcp://0.0.0.0:2375"),
    ]


def test_another_log_driver_is_for_containers_made_anew() -> None:
    own = decent_container()
    host = careless(container("plain"), own)
    chosen = choice(docker_daemon_settings={"log-driver": "syslog"})
    assert short(effects("remote_logging", host, chosen)) == [
        ("logs_elsewhere", "maybe", "recreated", "plain")
    ]
    assert effects("remote_logging", host) == []


@pytest.mark.parametrize("slug", ["live_restore", "log_level"])
def test_what_touches_nothing(slug: str) -> None:
    assert effects(slug, careless(container("a"))) == []


def test_users_of_experiments() -> None:
    assert len(effects("experimental", careless(experimental=True))) == 1
    assert effects("experimental", careless()) == []
