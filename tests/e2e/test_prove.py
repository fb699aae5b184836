"""The battery on a host as it comes, on a careless one and on a hardened one; and nothing of it stays behind."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from prove_support import host as support
from prove_support.host import ProveHost

from hullguard.paths import compliance_dir
from hullguard.prove.battery import PROBES
from hullguard.prove.places import PLACES
from lab import engine

Rows = dict[str, dict[str, Any]]
RESULTS = compliance_dir() / "docs/attack-probes.json"
# Claims that a throwaway host can't show, and why.
NOT_SHOWN = {
    "ambient_capabilities": "engines without the fix of CVE-2022-24769 are not here",
    "release_agent_mounted": "a host that is itself a container has no release_agent to find",
    "crypto_socket": "the kernel of the test machine may have no AF_ALG",
    "machine_socket": "the kernel of the test machine may have no AF_VSOCK",
    "secret_memory": "the kernel of the test machine may have no memfd_secret",
}
# Nothing was there to be attacked: without any filter the kernel says so.
ABSENT = re.compile(r"there is no such thing|^[^;]*: ENOENT$|^no cgroup here has|release_agent: ENOENT$")
# Nobody but an authorization plugin stops these, and Hullguard installs none.
OPEN = ("authorization_plugin",)
ASKED = [one.id for one in PROBES if set(OPEN) & set(one.slugs)]
CLAIMED = [one.id for one in PROBES if (one.roles or set(one.slugs) - set(OPEN)) and one.id not in NOT_SHOWN]
# Only a policy that is there can be asked.
NEEDS_POLICY = [one.id for one in PROBES if one.place == "policy"]


class States:
    """The host's three states, gone through in their order, once each."""

    def __init__(self, host: ProveHost, folder: Path) -> None:
        self.host = host
        schema = json.loads((compliance_dir() / "schema/prove.schema.json").read_text(encoding="utf-8"))
        self.validator = Draft202012Validator(schema)
        host.output(support.CLOUD)
        self.before = host.inventory()
        self.light = self.attacked()
        self.after = host.inventory()
        self.default = self.rows("--include-heavy")
        host.output(support.CARELESS)
        self.careless = self.rows("--include-heavy")
        support.harden(host, folder)
        self.hardened_before = host.inventory()
        self.hardened = self.rows("--include-heavy")
        self.hardened_after = host.inventory()
        self.plugin = {rule: self.with_plugin(rule) for rule in ("options", "all")}
        host.output(support.UNAUTHORIZE)

    def with_plugin(self, rule: str) -> dict[str, Any]:
        """Return the joined report of its control, with an authorization plugin in front of the engine."""
        support.authorize(self.host, rule)
        report = self.host.both(f"plugin-{rule}", "--only", "authorization_plugin", "--only", "trace")
        found: dict[str, Any] = next(
            row for row in report["hosts"][0]["results"] if row["id"] == "authorization_plugin"
        )
        return found

    def attacked(self, *arguments: str) -> dict[str, Any]:
        document = self.host.prove(*arguments)
        self.validator.validate(document)
        return document

    def rows(self, *arguments: str) -> Rows:
        return {row["id"]: row for row in self.attacked(*arguments)["probes"]}


@pytest.fixture(scope="module")
def host() -> Iterator[ProveHost]:
    with support.running(engine.ensure()) as found:
        yield found


@pytest.fixture(scope="module")
def states(host: ProveHost, tmp_path_factory: pytest.TempPathFactory) -> States:
    found = States(host, tmp_path_factory.mktemp("prove"))
    if path := os.environ.get("HULLGUARD_PROVE_RESULTS"):
        Path(path).write_text(json.dumps(measured(found), indent=1) + "\n", encoding="utf-8")
    return found


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    """{id: outcome} of the attacks that a control's result names."""
    return {row["id"]: row["outcome"] for row in result["attack"]["probes"]}


def measured(states: States) -> dict[str, Any]:
    """What compliance/docs/attack-probes.json holds."""
    said = {name: states.light[name] for name in ("engine",)} | {"os": states.light["host"]["os"]}
    names = ("default", "careless", "hardened")
    rows: dict[str, dict[str, Any]] = {
        one.id: {name: getattr(states, name)[one.id]["outcome"] for name in names} for one in PROBES
    }
    for name, outcome in outcomes(states.plugin["all"]).items():
        rows[name]["authorized"] = outcome
    for name, row in states.careless.items():
        if row["outcome"] == "blocked" and ABSENT.search(row["detail"]):
            rows[name]["absent"] = True
    return {"measured_on": said, "probes": rows}


def test_the_battery_takes_less_than_a_minute(states: States) -> None:
    assert states.light["seconds"] < 60
    assert [row["id"] for row in states.light["probes"]] == [one.id for one in PROBES if not one.heavy]
    assert {row["place"] for row in states.light["probes"]} <= PLACES.keys()


def test_what_is_unknown_says_why(states: States) -> None:
    unknown = {row["id"]: row["detail"] for row in states.light["probes"] if row["outcome"] == "unknown"}
    assert unknown.keys() == set(NEEDS_POLICY), unknown
    assert all("there is no trust policy" in detail for detail in unknown.values())


def test_every_probe_comes_to_something_somewhere(states: States) -> None:
    for name in (one.id for one in PROBES):
        found = {rows[name]["outcome"] for rows in (states.default, states.careless, states.hardened)}
        assert found - {"unknown"}, states.hardened[name]


@pytest.mark.parametrize("name", [name for name in CLAIMED if name not in NEEDS_POLICY])
def test_an_attack_that_is_claimed_to_be_stopped_works_before(states: States, name: str) -> None:
    assert states.careless[name]["outcome"] == "succeeded", states.careless[name]


@pytest.mark.parametrize("name", [*CLAIMED, *NOT_SHOWN])
def test_an_attack_that_is_claimed_to_be_stopped_is_blocked_after(states: States, name: str) -> None:
    assert states.hardened[name]["outcome"] == "blocked", states.hardened[name]


def test_without_a_plugin_nobody_stops_who_may_ask_the_engine(states: States) -> None:
    assert len(ASKED) == 3
    assert {states.hardened[name]["outcome"] for name in ASKED} == {"succeeded"}


def test_an_authorization_plugin_stops_them(states: States) -> None:
    found = states.plugin["all"]
    assert found["verdict"] == "pass", found
    assert found["attack"]["stance"] == "confirmed", found
    assert outcomes(found) == dict.fromkeys(ASKED, "blocked")


def test_a_plugin_that_lets_one_through_is_contradicted(states: States) -> None:
    found = states.plugin["options"]
    assert found["verdict"] == "pass", found
    assert found["attack"]["stance"] == "contradicted", found
    assert outcomes(found) == dict.fromkeys(ASKED, "blocked") | {"unsigned_image": "succeeded"}


def test_what_is_documented_is_what_is_measured(states: States) -> None:
    documented = json.loads(RESULTS.read_text(encoding="utf-8"))["probes"]
    found = measured(states)["probes"]
    different = {
        name: row for name, row in found.items() if name not in NOT_SHOWN and documented.get(name) != row
    }
    assert not different, (
        "renew it: HULLGUARD_PROVE_RESULTS=compliance/docs/attack-probes.json, this test, ./nox -s docs"
    )


def test_a_run_leaves_nothing_behind(states: States) -> None:
    assert states.before == states.after
    assert states.hardened_before == states.hardened_after


def until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


# Starts it, waits until some of its containers are there, and does to it what $1 says; $2: to its guard as well.
MIDDLE = """
PYTHONPATH=/opt/hullguard/scripts python3 -m hullguard prove --include-heavy >/dev/null 2>&1 & run=$!
for _ in $(seq 300); do [ "$(docker ps --quiet | wc -l)" -ge 2 ] && break; sleep 0.05; done
docker ps --quiet | wc -l
%s
"""


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("kill -TERM $run; wait $run", 130),
        ("kill -INT $run; wait $run", 130),
        ("kill -KILL $run; wait $run", 137),
    ],
)
def test_a_run_that_is_ended_in_the_middle_leaves_nothing_behind(
    host: ProveHost, states: States, what: str, code: int
) -> None:
    before = host.inventory()
    # A shell ignores SIGINT for what it starts in the background.
    ended, said = host.run("trap - INT; set -m" + MIDDLE % what)
    assert int(said.split()[0]) >= 2
    assert ended == code
    until(lambda: host.inventory() == before, 40)


def test_when_the_whole_service_is_killed_the_containers_end_and_clean_removes_the_rest(
    host: ProveHost, states: States
) -> None:
    before = host.inventory()
    unit = "systemd-run --quiet --unit prove-middle --setenv PYTHONPATH=/opt/hullguard/scripts python3 -m hullguard prove"
    host.output(f"{unit} --include-heavy")
    until(lambda: len(host.output("docker ps --quiet").split()) >= 2, 30)
    host.output("systemctl kill --signal KILL prove-middle; systemctl reset-failed prove-middle || true")
    until(lambda: not host.output("docker ps --quiet"), 60)
    assert host.inventory() != before
    code, said = host.run("hullguard prove --clean")
    assert (code, "removed: image hullguard-prove:" in said) == (0, True), said
    assert host.inventory() == before


def test_a_second_run_waits_its_turn(host: ProveHost, states: States) -> None:
    said = host.run(MIDDLE % "hullguard prove --only change_root; echo code $?; kill -TERM $run; wait $run")[
        1
    ]
    assert "Another `hullguard prove` is at work" in said
    assert "code 1" in said


def test_somebody_elses_containers_are_left_alone(host: ProveHost, states: States) -> None:
    host.output(
        "tar cf - --files-from /dev/null | docker import --change 'LABEL io.hullguard.other=1' - somebody:else >/dev/null\n"
        "docker create --name theirs --label io.hullguard.other=1 somebody:else x; docker network create theirs"
    )
    before = host.inventory()
    host.prove("--only", "raw_socket")
    host.output("hullguard prove --clean 2>/dev/null")
    assert host.inventory() == before
    host.output("docker rm theirs; docker network rm theirs; docker rmi somebody:else")
