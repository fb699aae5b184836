"""The timers' units see what root sees, keep it for root alone, and can do little else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from testinfra.host import Host

FOLDER = "/var/lib/hullguard"
COLLECTOR = "/usr/local/lib/hullguard/collect.py"


# One command for each answer: through Ansible's connection every single one takes its time.
def newest(host: Host, kind: str) -> str:
    """Return the path of the newest result of a kind."""
    path = host.check_output(f"find {FOLDER}/{kind} -name '*.json' | sort | tail -n 1")
    assert path, f"{FOLDER}/{kind} is empty"
    return path


def read(host: Host, path: str) -> Any:
    return json.loads(host.check_output("cat %s", path))


def status(host: Host, job: str) -> dict[str, Any]:
    found: dict[str, Any] = read(host, f"{FOLDER}/status/{job}.json")
    return found


def in_order(value: Any) -> Any:
    """Return a value with its lists of objects sorted: the engine has networks and mounts in another order each time."""
    if isinstance(value, dict):
        return {key: in_order(inner) for key, inner in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return sorted(
            (in_order(inner) for inner in value), key=lambda inner: json.dumps(inner, sort_keys=True)
        )
    return value


def without_times(evidence: dict[str, Any]) -> dict[str, Any]:
    """Return evidence without what differs from one second to the next."""
    found: dict[str, Any] = in_order(evidence)
    found.pop("collected_at")
    found["collector"].pop("seconds")
    for engine in found["engines"]:
        # Worked out from an age in ticks, it differs by some of them.
        (engine["process"] or {}).pop("started_at", None)
    return found


@pytest.fixture(scope="module")
def host_seen(host: Host) -> dict[str, dict[str, Any]]:
    """The same host twice: seen by the sandboxed unit, and by root without any."""
    host.check_output("systemctl start hullguard-evidence.service")
    unit = read(host, newest(host, "evidence"))
    direct = json.loads(host.check_output(f"python3 {COLLECTOR}"))
    return {"unit": unit, "direct": direct}


@pytest.fixture
def images(host: Host) -> Any:
    if not host.file("/etc/systemd/system/hullguard-images.service").exists:
        pytest.skip("docker_scan_scanner is none here")
    return None


@pytest.fixture
def prepared(host: Host) -> Host:
    """The host of molecule/docker_scan/prepare.yml; skips on any other."""
    if not host.file("/usr/local/bin/lab-scan").exists:
        pytest.skip("not a host of the scenario docker_scan")
    return host


def test_the_sandbox_hides_nothing(host_seen: dict[str, dict[str, Any]]) -> None:
    """A unit that is blind for something would make the audit pass or know nothing where it should fail."""
    unit, direct = without_times(host_seen["unit"]), without_times(host_seen["direct"])
    for section in direct:
        assert unit[section] == direct[section], section
    assert unit.keys() == direct.keys()


def test_what_a_careless_sandbox_would_hide_is_seen(
    prepared: Host, host_seen: dict[str, dict[str, Any]]
) -> None:
    seen = host_seen["unit"]
    assert {"protocol": "tcp", "address": "0.0.0.0", "port": 2375} in seen["listeners"]
    mounted = {row["target"]: row["options"].split(",") for row in seen["mounts"]}
    assert "rw" in mounted["/"]
    assert {"rw", "nosuid", "nodev", "noexec"} <= set(mounted["/srv/disk"])
    engine = next(engine for engine in seen["engines"] if not engine["rootless"])
    assert engine["process"]["executable"].endswith("/dockerd")
    web = next(row for row in engine["containers"] if row["Name"] == "/web")
    real = {mount["Destination"]: mount["Real"] for mount in web["Mounts"]}
    assert real == {"/a": "/etc", "/b": "/srv/docs", "/c": "/opt/source", "/d": "/dev/shm"}
    assert web["Process"]["Seccomp"] == 2
    assert seen["login_environment"]["/etc/profile.d/zz-lab.sh"] == "0"


def test_results_are_for_root(host: Host, host_seen: dict[str, dict[str, Any]]) -> None:
    found = host.check_output(
        f"find {FOLDER}/evidence {FOLDER}/status ! -user root -o -type f -perm /077 -o -type d -perm /077"
    )
    assert found == ""
    assert host.run(f"find {FOLDER}/evidence {FOLDER}/status -name '.?*'").stdout == ""


def test_the_status_names_the_last_result(host: Host, host_seen: dict[str, dict[str, Any]]) -> None:
    found = status(host, "evidence")
    assert found["result"] == "complete"
    assert newest(host, "evidence").endswith("/" + found["file"])


@pytest.mark.parametrize(("unit", "limit"), [("evidence", 30), ("images", 30), ("push", 30)])
def test_units_are_exposed_little(host: Host, unit: str, limit: int) -> None:
    """Systemd's own score, ten times the number it prints: 0 is best, 96 is a unit without any sandbox."""
    name = f"hullguard-{unit}.service"
    if not host.file(f"/etc/systemd/system/{name}").exists:
        pytest.skip(f"{name} is not configured here")
    found = host.run(f"systemd-analyze security --no-pager --threshold={limit} {name}")
    assert found.rc == 0, found.stdout.splitlines()[-1]


def test_units_are_well_formed(host: Host) -> None:
    found = host.run(
        "systemd-analyze verify --man=no --recursive-errors=no /etc/systemd/system/hullguard-*.service /etc/systemd/system/hullguard-*.timer"
    )
    assert (found.rc, found.stderr) == (0, "")


@pytest.mark.parametrize("timer", ["evidence", "images"])
def test_timers_wait_persistently(host: Host, timer: str) -> None:
    name = f"hullguard-{timer}.timer"
    if not host.file(f"/etc/systemd/system/{name}").exists:
        pytest.skip(f"{name} is not configured here")
    shown = host.check_output(
        "systemctl show %s -p ActiveState,UnitFileState,Persistent,RandomizedDelayUSec,NextElapseUSecRealtime",
        name,
    )
    found = dict(line.split("=", 1) for line in shown.splitlines())
    assert (found["ActiveState"], found["UnitFileState"], found["Persistent"]) == ("active", "enabled", "yes")
    assert found["NextElapseUSecRealtime"]
    assert found["RandomizedDelayUSec"] != "0"


def test_programs_can_only_be_changed_by_root(host: Host) -> None:
    folder = "/usr/local/lib/hullguard"
    command = f"stat -c '%n %U:%G %a' {folder} {folder}/scan.py {folder}/collect.py /etc/hullguard/scan.json"
    assert host.check_output(command).splitlines() == [
        f"{folder} root:root 755",
        f"{folder}/scan.py root:root 755",
        f"{folder}/collect.py root:root 755",
        "/etc/hullguard/scan.json root:root 600",
    ]


def test_images_that_run_are_scanned(prepared: Host, images: None) -> None:
    prepared.check_output("systemctl start hullguard-images.service")
    found = read(prepared, newest(prepared, "images"))
    running = json.loads(prepared.check_output("docker inspect $(docker ps --quiet)"))
    assert {row["id"] for row in found["images"]} == {container["Image"] for container in running}
    row = found["images"][0]
    assert row["containers"] == ["web"]
    assert row["report"]["found"][0]["Id"] == row["id"]
    assert row["report"]["asked"] in row["names"]
    assert status(prepared, "images")["result"] == "complete"


def test_the_scanner_has_no_network(prepared: Host, images: None) -> None:
    assert read(prepared, newest(prepared, "images"))["images"][0]["report"]["network"].split() == ["lo"]


def test_results_are_handed_on(prepared: Host, host_seen: dict[str, dict[str, Any]]) -> None:
    # The evidence unit's success may have started it already: it is one job, and this waits for it.
    prepared.check_output("systemctl start hullguard-push.service")
    result = newest(prepared, "evidence")
    path = f"/srv/evidence/{prepared.check_output('hostname')}-evidence-{result.rpartition('/')[2]}"
    assert prepared.run("cmp %s %s", result, path).rc == 0
    assert prepared.check_output(f"stat -c '%U %a' {path}") == "root 600"
