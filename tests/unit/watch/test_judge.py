"""One container: the audit's own judgement, thresholds, waivers, what could not be seen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from unit.watch.support import ID, decent, measure

from hullguard import audit, collect
from hullguard.audit import Plan
from hullguard.catalogue import load_benchmark, load_profile
from hullguard.waivers import Waiver
from hullguard.watch.alerts import Alert
from hullguard.watch.engine import Surroundings
from hullguard.watch.judge import alert, borne_by_host, controls, judge, specify

FIXTURES = Path(__file__).parents[1] / "fixtures"
ENGINE = {
    "name": "system", "socket": "/run/docker.sock", "daemon_json": {"exists": False},
    "process": {"flags": {}, "started_at": 1.0},
    "info": {"DockerRootDir": "/var/lib/docker", "SecurityOptions": ["name=seccomp,profile=builtin"]},
}  # fmt: skip
AROUND = Surroundings(
    ENGINE,
    {"host": {"name": "h", "apparmor": {"enabled": True, "profiles": []}, "selinux": {"mode": "disabled"}}},
)
BIND = {"Type": "bind", "Destination": "/x", "RW": True, "Propagation": "rprivate"}


def judged(
    raw: Mapping[str, Any], *joined: Any, volumes: Any = (), around: Surroundings = AROUND, **choices: Any
) -> Alert | None:
    by = measure(**choices)
    kept = collect.trim_container(dict(raw))
    kept["Process"] = None
    spec = specify(kept, joined, volumes, around, by.params)
    return alert(spec, kept, judge(spec, around, by))


def slugs(found: Alert | None, verdict: str = "fail") -> list[str]:
    assert found
    return [one.id for one in found.controls if one.verdict == verdict]


def test_a_decent_container_gives_none() -> None:
    assert judged(decent()) is None


def test_severity_is_the_threshold() -> None:
    raw = decent(ReadonlyRootfs=False)
    assert judged(raw) is None
    found = judged(raw, least="medium")
    assert found
    assert "read_only_root" in slugs(found)
    assert found.severity == "medium"
    assert judged(decent(Privileged=True), least="critical")


@pytest.mark.parametrize(
    ("host", "slug"),
    [
        ({"Privileged": True}, "privileged"),
        ({"NetworkMode": "host"}, "host_network"),
        ({"PidMode": "host"}, "host_pid"),
        ({"CapAdd": ["SYS_ADMIN"]}, "capabilities"),
        ({"SecurityOpt": ["no-new-privileges", "seccomp=unconfined"]}, "seccomp"),
        ({"SecurityOpt": []}, "no_new_privileges"),
        ({"Devices": [{"PathOnHost": "/dev/sda"}]}, "host_devices"),
    ],
)
def test_each_fault_is_named_with_its_reason(host: dict[str, Any], slug: str) -> None:
    found = judged(decent(**host))
    assert found
    assert found.kind == "control_broken"
    assert found.container
    assert (found.container.id, found.container.name, found.container.image) == (ID, "web", "web:1")
    broken = next(one for one in found.controls if one.id == slug)
    assert broken.reason
    assert found.controls[0].severity == found.severity


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("/run/docker.sock", "engine_socket_mounted"),
        ("/var/run", "engine_socket_mounted"),
        ("/", "host_filesystem_mounted"),
        ("//", "host_filesystem_mounted"),
        ("/etc", "control_broken"),
    ],
)
def test_mounts_come_out_as_what_they_are(source: str, kind: str) -> None:
    found = judged({**decent(), "Mounts": [{**BIND, "Source": source}]})
    assert found
    assert found.kind == kind
    assert found.severity == ("high" if source == "/etc" else "critical")


def test_a_link_to_everything(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/")
    found = judged({**decent(), "Mounts": [{**BIND, "Source": str(tmp_path / "link")}]})
    assert found
    assert found.kind == "host_filesystem_mounted"


def test_a_volume_in_disguise() -> None:
    mount = {
        "Type": "volume",
        "Name": "disguised",
        "Source": "/var/lib/docker/volumes/d/_data",
        "Destination": "/x",
        "RW": True,
        "Propagation": "",
    }
    raw = {**decent(), "Mounts": [mount]}
    row = {
        "Name": "disguised",
        "Options": {"device": "/run/docker.sock", "o": "bind", "type": "none"},
        "Real": "/run/docker.sock",
    }
    found = judged(raw, volumes=[row])
    assert found
    assert found.kind == "engine_socket_mounted"
    assert judged(raw) is None
    unseen = judged(raw, volumes=None)
    assert unseen
    assert (unseen.kind, unseen.severity) == ("unseen", "unknown")
    assert slugs(unseen, "unknown") == ["engine_socket_mounted", "sensitive_host_mounts"]


def test_namespaces_of_another_container() -> None:
    raw = decent(NetworkMode=f"container:{'b' * 64}")
    target = collect.trim_container({**decent(NetworkMode="host"), "Id": "b" * 64, "Name": "/pause"})
    assert slugs(judged(raw, target)) == ["host_network"]
    unseen = judged(raw)
    assert unseen
    assert slugs(unseen, "unknown") == ["host_network"]


def waiver(**fields: Any) -> Waiver:
    return Waiver(
        **{
            "control": "privileged",
            "reason": "r",
            "owner": "o",
            "approver": "a",
            "expires": date(2026, 6, 1),
            **fields,
        }
    )


def test_waivers() -> None:
    raw = decent(CapAdd=["SYS_ADMIN"])
    capabilities = {"control": "capabilities"}
    assert judged(raw, waivers=[waiver(**capabilities, object="web")]) is None
    assert judged(raw, waivers=[waiver(**capabilities, object="db")])
    assert judged(raw, waivers=[waiver(**capabilities, host="host2")])
    assert judged(raw, waivers=[waiver(**capabilities)], today=date(2026, 6, 2)), "its last day is over"
    rest = judged(decent(Privileged=True), waivers=[waiver()])
    assert rest
    assert "privileged" not in slugs(rest)


def test_what_was_not_seen_is_said_beside_what_was() -> None:
    blind = Surroundings({**ENGINE, "process": None}, AROUND.evidence)
    found = judged(decent(PidMode="host"), around=blind)
    assert found
    assert found.kind == "control_broken"
    assert "not seen: engine_socket_mounted" in found.detail
    assert judged(decent(), around=blind), "nothing broken, and yet not in order"


def test_what_the_whole_host_lacks_is_no_containers_fault() -> None:
    without = Surroundings(
        ENGINE, {"host": {**AROUND.evidence["host"], "apparmor": {"enabled": False, "profiles": []}}}
    )
    assert borne_by_host(without).keys() == {"apparmor_profile"}
    assert borne_by_host(AROUND) == {}
    plan = Plan.make(load_benchmark(), load_profile())
    assert "apparmor_profile" in {control.id for control in controls(plan, "high")}


def test_no_value_of_a_variable_and_no_argument_is_in_an_alert() -> None:
    raw = decent(Privileged=True, PidMode="host")
    raw["Config"] |= {
        "Env": ["DB_PASSWORD=hunter2"],
        "Cmd": ["--password", "hunter2"],
        "Labels": {"api-token": "hunter2"},
    }
    raw["Args"] = ["hunter2"]
    assert "hunter2" not in repr(judged(raw, least="low"))


def test_a_profile_and_skip_decide_which_controls() -> None:
    profile = load_profile("cis_level1")
    every = controls(Plan.make(load_benchmark(), profile), "low")
    assert {"privileged", "published_ports_declared", "wildcard_bind"} <= {control.id for control in every}
    assert {"sshd_inside", "image_user", "userns_remap", "default_bridge_unused"}.isdisjoint(
        control.id for control in every
    )


@pytest.mark.parametrize("name", ["debian12", "debian13"])
def test_it_is_the_audits_judgement(name: str) -> None:
    """Each container of real hosts, looked at alone, gives what the audit of the whole host says of it."""
    evidence = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    engine, by = evidence["engines"][0], measure("low")
    wanted = {control.id for control in by.controls if control.check["kind"] == "container"}
    plan = Plan.make(load_benchmark(), load_profile())
    rows = {row.id: row for row in audit.results(evidence, plan) if row.id in wanted}
    around = Surroundings(engine, evidence)
    for raw in engine["containers"]:
        others = [row for row in engine["containers"] if row["Id"] != raw["Id"]]
        volumes = [
            row for row in engine["volumes"] if any(m.get("Name") == row["Name"] for m in raw["Mounts"])
        ]
        found = judge(specify(raw, others, volumes, around, by.params), around, by)
        name_ = raw["Name"].lstrip("/")
        said = {one.id for one in found if one.verdict == "fail" and one.id in wanted}
        assert said == {
            slug
            for slug, row in rows.items()
            if row.verdict == "fail" and name_ in {o.name for o in row.objects}
        }
