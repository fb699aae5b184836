from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from catalogue.baseline import FIXTURES
from jsonschema import Draft202012Validator
from unit.preview.hosts import careless, choice, container, plan, seen

from hullguard.catalogue import load_controls
from hullguard.paths import compliance_dir
from hullguard.preview.model import Effect
from hullguard.preview.preview import exit_code, preview
from hullguard.preview.registry import RULES
from hullguard.preview.roles import listed
from hullguard.preview.vocabulary import CERTAINTIES, EFFECTS, KINDS, WHEN, weight, worst

ROOT = compliance_dir().parent
SCHEMA = json.loads((compliance_dir() / "schema" / "preview.schema.json").read_text(encoding="utf-8"))


def document(*hosts: Any, chosen: Any = None) -> dict[str, Any]:
    return preview(hosts, lambda _name: (plan(), chosen or choice()), "2026-11-27T00:00:00Z")


def test_a_control_without_a_rule_says_so_in_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES, "inter_container_traffic")
    found = seen(careless(container("a"), container("b")))
    row = next(row for row in found["controls"] if row["id"] == "inter_container_traffic")
    assert row["rule"] is False
    assert [(e["effect"], e["certainty"]) for e in row["effects"]] == [("unexamined", "maybe")]
    assert row["effects"][0]["detail"] == row["breaks"]


def test_rules_are_of_controls_that_exist() -> None:
    assert set(RULES) - set(load_controls()) == set()


def test_the_roles_are_those_of_the_playbook() -> None:
    play = yaml.safe_load((ROOT / "playbooks" / "harden.yml").read_text(encoding="utf-8"))[0]
    usual = play["vars"]["__harden_usual"]
    if isinstance(usual, list):  # else the playbook reads the same file
        assert sorted(usual) == sorted(listed()["usual"])
        assert sorted(play["vars"]["__harden_others"]) == sorted(listed()["others"])
    text = (ROOT / "playbooks" / "tasks" / "harden.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"name: (docker_\w+)", text)) == {*listed()["usual"], *listed()["others"]}


def test_the_variables_are_those_of_the_roles() -> None:
    known = set()
    for path in (ROOT / "roles").glob("*/defaults/main.yml"):
        known |= set(yaml.safe_load(path.read_text(encoding="utf-8")))
    assert set(listed()["variables"]) - known == set()


@pytest.mark.parametrize("name", ["debian12", "debian13", "swarm13"])
@pytest.mark.parametrize("roles", [(), ("docker_userns",), (*listed()["usual"], *listed()["others"])])
def test_a_preview_keeps_its_schema(name: str, roles: tuple[str, ...]) -> None:
    host = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    made = document(
        host, chosen=choice(*roles, docker_userns_accept_hidden=True, docker_host_remove_members=True)
    )
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(made)] == []


def test_the_schema_and_the_page_have_the_words_of_the_vocabulary() -> None:
    effect = SCHEMA["$defs"]["effect"]["properties"]
    words = {"effect": EFFECTS, "certainty": CERTAINTIES, "when": WHEN, "kind": KINDS}
    assert {name: sorted(effect[name]["enum"]) for name in words} == {
        name: sorted(listed) for name, listed in words.items()
    }
    page = (compliance_dir() / "docs" / "preview.md").read_text(encoding="utf-8")
    missing = [
        name for name, (meaning, risk) in EFFECTS.items() if f"| `{name}` | {meaning} | {risk} |" not in page
    ]
    missing += [name for name, meaning in WHEN.items() if f"| `{name}` | {meaning} |" not in page]
    assert missing == []


def test_the_same_evidence_gives_the_same_preview() -> None:
    host = careless(container("b"), container("a"))
    turned = careless(container("a"), container("b"))
    assert document(host) == document(turned)


def test_a_decent_host_has_nothing_to_fear() -> None:
    done = seen(
        careless(container("a"), **seen(careless())["daemon_json"]["result"]), choice("docker_daemon")
    )
    assert done["daemon_json"]["added"] == {}
    assert done["restart"]["needed"] is False


def test_what_could_not_be_seen_makes_the_risk_unknown() -> None:
    stub = {
        "schema": "hullguard/evidence/1", "collected_at": "2026-11-27T00:00:00Z", "host": {"name": "dark"},
        "errors": [{"what": "host", "reason": "unreachable"}], "engines": [],
    }  # fmt: skip
    made = document(stub, careless(container("a")))
    assert {host["name"]: host["risk"] for host in made["hosts"]}["dark"] == "unknown"
    assert made["risk"] == "unknown"
    assert "unreachable" in made["hosts"][0]["unseen"][0]
    assert exit_code(made, "high") == 12
    assert exit_code(made, None) == 0


def test_a_list_of_containers_that_was_cut_is_unknown() -> None:
    host = careless(container("a"))
    host["engines"][0]["counts"]["containers"] = 2
    assert seen(host)["risk"] == "unknown"


@pytest.mark.parametrize(
    ("roles", "threshold", "code"),
    [
        (("docker_userns",), "high", 12), ((), "low", 11), ((), "medium", 11), ((), "high", 0),
        (("docker_trust",), "low", 10), (("docker_trust",), "medium", 0),
    ],
)  # fmt: skip
def test_exit_codes(roles: tuple[str, ...], threshold: str, code: int) -> None:
    host = careless(container("a"))
    host["login_environment"] = {}
    made = document(host, chosen=choice(*roles, docker_userns_accept_hidden=True))
    assert exit_code(made, threshold) == code


def test_damaged_evidence_says_so_in_the_controls_own_words() -> None:
    host = careless(container("a"))
    host["groups"] = "none"
    chosen = choice("docker_host", docker_host_remove_members=True)
    row = next(row for row in seen(host, chosen)["controls"] if row["id"] == "docker_group_members")
    assert [(e["effect"], e["certainty"]) for e in row["effects"]] == [("unexamined", "maybe")]
    assert "lose access at their next login" in row["effects"][0]["detail"]


def test_weights() -> None:
    assert weight(Effect("hidden", "will", "now", "image", "a")) == "high"
    assert weight(Effect("hidden", "maybe", "now", "image", "a")) == "medium"
    assert weight(Effect("limited", "maybe", "now", "container", "a")) == "low"
    assert worst([]) == "low"
    assert worst(["low", "high", "medium"]) == "high"
    assert worst(["high", "unknown"]) == "unknown"
