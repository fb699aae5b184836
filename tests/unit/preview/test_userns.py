from __future__ import annotations

from typing import Any

import pytest
from catalogue.baseline import bind
from unit.preview.hosts import careless, choice, container, effects, seen, short

CHOSEN = choice("docker_userns", docker_userns_accept_hidden=True)


def mounted(name: str, *mounts: Any) -> Any:
    found = container(name)
    found["Mounts"] = list(mounts)
    return found


def test_everything_that_the_engine_has_is_hidden() -> None:
    volume = {
        "Type": "volume",
        "Name": "data",
        "Destination": "/d",
        "Source": "/x",
        "RW": True,
        "Propagation": "",
    }
    host = careless(mounted("db", volume), container("old", status="exited"))
    host["engines"][0]["networks"].append({"Name": "app", "Driver": "bridge"})
    found = [
        (e.kind, e.name)
        for e in effects("userns_remap", host, CHOSEN)
        if e.effect == "hidden" and e.certainty == "will"
    ]
    assert ("container", "db") in found
    assert ("container", "old") in found
    assert ("volume", "data") in found
    assert ("network", "app") in found
    assert ("network", "bridge") not in found
    assert any(kind == "image" for kind, _name in found)


def test_it_replaces_the_restart() -> None:
    found = seen(careless(container("a")), CHOSEN)
    assert found["restart"]["effects"] == []
    assert found["restart"]["needed"] is True
    assert found["risk"] == "high"


@pytest.mark.parametrize(
    ("options", "fails"),
    [
        ({"Privileged": True}, True), ({"NetworkMode": "host"}, True), ({"PidMode": "host"}, True),
        ({"Privileged": True, "UsernsMode": "host"}, False), ({"IpcMode": "host"}, False), ({}, False),
    ],
)  # fmt: skip
def test_who_can_not_be_made_anew(options: dict[str, Any], fails: bool) -> None:
    found = effects("userns_remap", careless(container("a", **options)), CHOSEN)
    assert any(e.effect == "cannot_start" and e.name == "a" for e in found) is fails


def test_old_engines_refuse_the_hosts_ipc_too() -> None:
    host = careless(container("a", IpcMode="host"))
    host["engines"][0]["info"]["ServerVersion"] = "20.10.24+dfsg1"
    assert any(e.effect == "cannot_start" for e in effects("userns_remap", host, CHOSEN))


def test_whoever_joins_a_container_of_the_hosts_network() -> None:
    first = container("first", NetworkMode="host")
    second = container("second", NetworkMode=f"container:{first['Id']}")
    found = effects("userns_remap", careless(first, second), CHOSEN)
    assert {e.name for e in found if e.effect == "cannot_start"} == {"first", "second"}


def test_bind_mounts_lose_their_owner() -> None:
    host = careless(
        mounted("a", bind("/srv/data"), bind("/etc"), bind("/srv/ro", RW=False), bind("/run/docker.sock"))
    )
    found = [e for e in effects("userns_remap", host, CHOSEN) if e.when == "recreated"]
    assert short(found) == [
        ("loses_engine_access", "will", "recreated", "a"),
        ("loses_write_access", "maybe", "recreated", "a"),
        ("loses_write_access", "will", "recreated", "a"),
    ]
    assert [e.detail.split(",")[0] for e in found[1:]] == ["/srv/data", "/etc"]


def test_an_engine_that_remaps_already_is_left_alone() -> None:
    host = careless(container("a"))
    host["engines"][0]["info"]["SecurityOptions"].append("name=userns")
    assert effects("userns_remap", host, CHOSEN) == []


def refused(host: Any, **variables: Any) -> list[str]:
    return [r["reason"] for r in seen(host, choice("docker_userns", **variables))["refusals"]]


def test_the_role_refuses_to_hide_unasked() -> None:
    host = careless(container("a"))
    found = seen(host, choice("docker_userns"))
    (control,) = found["controls"]
    assert control["planned"] is False
    assert control["needs"] == {"docker_userns_accept_hidden": True}
    assert any("container a" in refusal["objects"] for refusal in found["refusals"])
    assert refused(host, docker_userns_accept_hidden=True) == []
    assert refused(host, docker_userns_accept_hidden="true") == []


def test_the_role_refuses_containerds_images_and_jobs_that_would_be_gone() -> None:
    host = careless(container("job", AutoRemove=True))
    host["engines"][0]["info"]["DriverStatus"] = [["driver-type", "io.containerd.snapshotter.v1"]]
    found = refused(host, docker_userns_accept_hidden=True)
    assert any("containerd" in reason for reason in found)
    assert any("--rm" in reason for reason in found)
