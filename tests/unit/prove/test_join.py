"""Both views of a control: a success that its verdict denies is a finding, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest
from unit.prove.support import report, run_on

from hullguard import audit
from hullguard.catalogue import load_controls
from hullguard.errors import InputError
from hullguard.prove import join
from hullguard.yamlfile import check

Document = dict[str, Any]
CONTROLS = load_controls()


def worked(*names: str) -> Any:
    return lambda name: "succeeded" if name in names else "blocked"


def stance(found: Document, slug: str) -> str:
    row = next(row for row in found["hosts"][0]["results"] if row["id"] == slug)
    return str(row["attack"]["stance"])


@pytest.mark.parametrize(
    ("verdict", "outcome", "wanted"),
    [
        ("pass", "succeeded", "contradicted"), ("not_applicable", "succeeded", "contradicted"),
        ("fail", "succeeded", "confirmed"), ("waived", "succeeded", "confirmed"),
        ("unknown", "succeeded", "shown"), ("manual", "succeeded", "shown"),
        ("pass", "blocked", "confirmed"), ("fail", "blocked", "elsewhere"), ("waived", "blocked", "elsewhere"),
        ("pass", "unknown", "unseen"), ("fail", "unknown", "unseen"),
    ],
)  # fmt: skip
def test_verdict_and_attack(verdict: str, outcome: str, wanted: str) -> None:
    def choose(name: str) -> str:
        return outcome if name in ("registry_without_tls",) else "blocked"

    found = join.joined(report(insecure_registries=verdict), [run_on(choose=choose)])
    check(found, "report", "it")
    assert stance(found, "insecure_registries") == wanted
    ids = [row["id"] for row in found["findings"]]
    assert ids == (["contradicted_insecure_registries"] if wanted == "contradicted" else [])


def test_a_contradiction_is_never_less_than_high() -> None:
    found = join.joined(
        report(), [run_on(choose=worked("file_descriptors", "neighbour_port", "api_from_host"))]
    )
    severities = {row["control"]: row["severity"] for row in found["findings"]}
    assert CONTROLS["default_ulimits"].severity == "low"
    assert severities == {
        "default_ulimits": "high",
        "inter_container_traffic": "high",
        "remote_api_tls": "critical",
    }
    assert found["findings"][0]["control"] == "remote_api_tls", "the worst comes first"
    assert audit.exit_code(found, "high", strict=False) == 13


def test_one_that_is_not_met_explains_a_success_for_the_others() -> None:
    found = join.joined(report(daemon_json_owner="fail"), [run_on(choose=worked("daemon_json_as_stranger"))])
    assert found["findings"] == []
    assert stance(found, "daemon_json_owner") == "confirmed"
    assert stance(found, "daemon_json_mode") == "elsewhere"


def test_part_of_the_attacks_unknown_is_no_confirmation() -> None:
    found = join.joined(
        report(), [run_on(choose=lambda name: "unknown" if name == "host_root_read" else "blocked")]
    )
    assert stance(found, "userns_remap") == "unseen"


def test_controls_of_single_containers_are_not_judged_by_an_ordinary_one() -> None:
    found = join.joined(report(), [run_on(choose=worked("trace", "raw_socket", "memory_hog"))])
    assert found["findings"] == []
    rows = {row["id"]: row for row in found["hosts"][0]["results"]}
    assert all("attack" not in rows[slug] for slug in ("seccomp", "capabilities", "memory_limit"))


def test_a_fleet_is_joined_by_name() -> None:
    found = join.joined(report("a", "b"), [run_on("b", worked("keyrings"))])
    assert ["attack" in host for host in found["hosts"]] == [False, True]
    assert [row["object"]["name"] for row in found["findings"]] == ["b"]
    assert [(row["tool"], row["target"]["name"], row["findings"]) for row in found["scans"]] == [
        ("hullguard-prove", "b", 1)
    ]


def test_joining_again_replaces_what_was_joined() -> None:
    once = join.joined(report(), [run_on(choose=worked("keyrings"))])
    again = join.joined(once, [run_on()])
    assert again["findings"] == []
    assert len(again["scans"]) == 1


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (("strange",), "strange, of which the report says nothing: it holds docker1"),
        (("docker1", "docker1"), "Two runs"),
    ],
)
def test_what_does_not_fit_is_refused(runs: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        join.joined(report(), [run_on(name) for name in runs])


def test_what_is_unknown_counts_under_strict() -> None:
    found = join.joined(
        report(), [run_on(choose=lambda name: "unknown" if name == "metadata" else "blocked")]
    )
    assert audit.exit_code(found, "low", strict=False) == 0
    assert audit.exit_code(found, "low", strict=True) == 10
