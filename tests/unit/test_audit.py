from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from catalogue.baseline import evidence, fixture
from jsonschema import Draft202012Validator

from hullguard.audit import EXIT_CODES, Plan, exit_code, report
from hullguard.catalogue import load_benchmark, load_profile
from hullguard.paths import compliance_dir
from hullguard.waivers import Waiver

TODAY = date(2026, 11, 24)
NOW = "2026-11-24T00:00:00Z"


def plan(profile: str = "cis_level2", benchmark: str = "cis_docker_1_8_0", *waivers: Waiver) -> Plan:
    return Plan.make(load_benchmark(benchmark), load_profile(profile), waivers, TODAY)


@pytest.mark.parametrize("name", ["debian12", "debian13", "swarm13"])
@pytest.mark.parametrize(("benchmark", "size"), [("cis_docker_1_8_0", 118), ("cis_docker_1_6_0", 117)])
def test_a_report_of_a_real_host_keeps_its_schema(name: str, benchmark: str, size: int) -> None:
    made = report([fixture(name)], plan(benchmark=benchmark), NOW)
    schema = json.loads((compliance_dir() / "schema" / "report.schema.json").read_text(encoding="utf-8"))
    assert not [
        error.message for error in Draft202012Validator(schema).iter_errors(json.loads(json.dumps(made)))
    ]
    (host,) = made["hosts"]
    assert sum(host["summary"].values()) == len(host["results"]) == size


def test_at_least_a_hundred_are_decided_by_evidence() -> None:
    (host,) = report([fixture("debian13")], plan(), NOW)["hosts"]
    decided = sum(host["summary"][verdict] for verdict in ("pass", "fail", "not_applicable"))
    assert decided >= 100


def test_two_reports_of_an_unchanged_host_are_equal() -> None:
    assert report([fixture("debian13")], plan(), NOW) == report([fixture("debian13")], plan(), NOW)


def test_careless_containers_are_named() -> None:
    (host,) = report([fixture("debian13")], plan(), NOW)["hosts"]
    rows = {row["id"]: row for row in host["results"]}

    def failing(slug: str) -> set[str]:
        assert rows[slug]["verdict"] == "fail"
        return {obj["name"] for obj in rows[slug]["objects"]}

    assert failing("privileged") == {"rootful"}
    assert failing("engine_socket_mounted") == {"sock"}
    assert failing("host_network") == {"hostnet", "disguise"}  # which joined it
    assert failing("sensitive_host_mounts") == {"nolimit", "disguise"}  # a volume that is /etc
    assert failing("capabilities") == {"rootful", "published"}
    assert failing("seccomp") == {"rootful", "published"}
    assert failing("wildcard_bind") == {"secretenv", "published"}
    blamed = {
        obj["name"]: row["id"] for row in rows.values() if row["verdict"] == "fail" for obj in row["objects"]
    }
    # This kernel has no AppArmor, which is not the container's fault but leaves it without.
    assert {slug for name, slug in blamed.items() if name == "decent"} <= {"apparmor_profile"}


def test_hosts_are_sorted_and_their_errors_kept() -> None:
    first, second = evidence(), evidence()
    first["host"]["name"], second["host"]["name"] = "b", "a"
    second["errors"] = [{"what": "x", "reason": "y"}, "junk", {"reason": 5}]
    made = report([first, second], plan(), NOW)
    assert [host["name"] for host in made["hosts"]] == ["a", "b"]
    assert made["hosts"][0]["errors"] == [{"what": "x", "reason": "y"}, {"what": "", "reason": "5"}]


@pytest.mark.parametrize("junk", [None, 5, "x", [1], [None, {"info": 5}, {"info": {"ServerVersion": 5}}]])
def test_junk_beside_the_facts_breaks_no_report(junk: Any) -> None:
    found = evidence() | {"engines": junk, "errors": junk}
    found["host"]["os"] = junk
    assert report([found], plan(), NOW)["hosts"][0]["engine"] is None


def test_a_waiver_is_in_the_report() -> None:
    given = Waiver(
        "rootless", "The workload needs a rootful engine", "ops", "ciso", date(2027, 1, 1), host="tests*"
    )
    (host,) = report([fixture("debian13")], plan("cis_level2", "cis_docker_1_8_0", given), NOW)["hosts"]
    (row,) = [row for row in host["results"] if row["id"] == "rootless"]
    assert (row["verdict"], row["waiver"]["expires"]) == ("waived", "2027-01-01")
    assert host["summary"]["waived"] == 1


def test_controls_outside_of_the_benchmark_come_last_without_a_number() -> None:
    from dataclasses import replace

    profile = replace(load_profile("cis_level1"), enable=frozenset({"rootless"}), levels=frozenset())
    chosen = Plan.make(load_benchmark("cis_docker_1_6_0"), profile, (), TODAY)
    assert {control.id for _number, _level, control in chosen.numbered()} == {"rootless"}


def rows(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {
        "hosts": [{"results": [{"verdict": verdict, "severity": severity} for verdict, severity in pairs]}]
    }


@pytest.mark.parametrize(
    ("document", "fail_on", "strict", "code"),
    [
        (rows(), "low", False, 0),
        (rows(("pass", "critical")), "low", True, 0),
        (rows(("fail", "low")), "low", False, 10),
        (rows(("fail", "medium"), ("fail", "low")), "low", False, 11),
        (rows(("fail", "high")), "high", False, 12),
        (rows(("fail", "critical"), ("fail", "high")), "low", False, 13),
        (rows(("fail", "medium")), "high", False, 0),
        (rows(("fail", "critical")), None, False, 0),
        (rows(("unknown", "critical")), "low", False, 0),
        (rows(("unknown", "low")), "low", True, 10),
        (rows(("unknown", "low")), None, True, 10),
        (rows(("waived", "critical"), ("manual", "high")), "low", True, 0),
    ],
)
def test_exit_codes(document: dict[str, Any], fail_on: str | None, strict: bool, code: int) -> None:
    assert exit_code(document, fail_on, strict=strict) == code
    assert set(EXIT_CODES.values()) == {10, 11, 12, 13}
