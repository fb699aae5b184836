"""The catalogue holds together: controls, benchmarks, profiles and the functions behind them."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from hullguard.catalogue import (
    DEFAULT_PARAMS,
    Control,
    control_paths,
    load_benchmark,
    load_controls,
    load_profile,
    names,
    natural,
)
from hullguard.evaluate.functions import FUNCTIONS
from hullguard.evaluate.kinds import KINDS
from hullguard.paths import compliance_dir

PATHS = control_paths()
CONTROLS = load_controls()
SIZES = {"cis_docker_1_8_0": 118, "cis_docker_1_6_0": 117}
ROOT = Path(__file__).parents[2]
ROLES = {"file": "docker_files", "audit_watch": "docker_auditd"}
by_slug = pytest.mark.parametrize("slug", PATHS)
by_control = pytest.mark.parametrize("control", CONTROLS.values(), ids=CONTROLS)


@cache
def schema(name: str) -> Draft202012Validator:
    document = json.loads((compliance_dir() / "schema" / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(document)
    return Draft202012Validator(document)


def read(path: Any) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@by_slug
def test_control_keeps_its_schema(slug: str) -> None:
    assert not [error.message for error in schema("control").iter_errors(read(PATHS[slug]))]


@pytest.mark.parametrize("kind", ["benchmark", "profile"])
def test_benchmarks_and_profiles_keep_their_schema(kind: str) -> None:
    for name in names(f"{kind}s"):
        found = read(compliance_dir() / f"{kind}s" / f"{name}.yml")
        assert not [f"{name}: {error.message}" for error in schema(kind).iter_errors(found)]


@pytest.mark.parametrize(
    "path", sorted((compliance_dir() / "schema").glob("*.json")), ids=lambda path: path.stem
)
def test_schema_is_a_schema(path: Any) -> None:
    assert schema(path.name.removesuffix(".schema.json"))


@pytest.mark.parametrize("name", names("benchmarks"))
def test_every_number_leads_to_a_control(name: str) -> None:
    entries = load_benchmark(name).entries
    assert {entry.slug for entry in entries} <= set(CONTROLS)
    assert [natural(entry.number) for entry in entries] == sorted(natural(entry.number) for entry in entries)


@pytest.mark.parametrize(("name", "size"), SIZES.items())
def test_benchmark_is_complete(name: str, size: int) -> None:
    entries = load_benchmark(name).entries
    assert (
        len(entries)
        == len({entry.number for entry in entries})
        == len({entry.slug for entry in entries})
        == size
    )
    assert {entry.level for entry in entries} == {1, 2}
    assert {entry.automation for entry in entries} == {"manual", "automated"}


def test_sections_are_those_of_the_numbers() -> None:
    for name in names("benchmarks"):
        raw = read(compliance_dir() / "benchmarks" / f"{name}.yml")
        assert {number.split(".")[0] for number in raw["controls"]} <= {
            section.split(".")[0] for section in raw["sections"]
        }


def test_no_control_is_without_a_place() -> None:
    placed = {entry.slug for name in names("benchmarks") for entry in load_benchmark(name).entries}
    enabled = {slug for name in names("profiles") for slug in load_profile(name).enable}
    assert set(CONTROLS) <= placed | enabled


def test_profiles_add_up() -> None:
    benchmark = load_benchmark("cis_docker_1_8_0")
    chosen = {
        name: {e.slug for e in benchmark.entries if load_profile(name).selects(e)}
        for name in names("profiles")
    }
    assert chosen["cis_level1"] == {entry.slug for entry in benchmark.entries if entry.level == 1}
    assert chosen["cis_level1"] < chosen["cis_level2"] == chosen["strict"]
    assert len(chosen["cis_level2"]) == 118


@by_control
def test_fix_belongs_to_the_role_that_owns_the_subject(control: Control) -> None:
    kind = control.check["kind"]
    if kind in ROLES:
        assert control.fixed_by == ROLES[kind]
    assert control.fixed_by is None or (ROOT / "roles" / control.fixed_by / "tasks").is_dir()
    assert control.fix_text


@by_control
def test_variables_that_a_fix_needs_are_the_roles(control: Control) -> None:
    """A mistyped one would be ignored by Ansible, and the control stay as it is."""
    if given := control.fix.get("with"):
        specification = read(ROOT / "roles" / control.fix["role"] / "meta/argument_specs.yml")
        assert set(given) <= set(specification["argument_specs"]["main"]["options"])
        for name, value in given.items():
            assert f"{name}: {json.dumps(value)}" in control.fix_text


@by_control
def test_fix_of_a_daemon_option_satisfies_its_check(control: Control) -> None:
    from catalogue.baseline import laid_over

    from hullguard.evaluate import HostContext, judge

    if control.check["kind"] == "daemon_option" and control.fixed_by:
        settings = dict(control.fix.get("daemon", {}).items())
        found, params = laid_over(control, settings)
        assert judge(control, HostContext(found, params)).verdict == "pass"


def test_every_function_has_a_control_and_every_control_a_function() -> None:
    assert set(FUNCTIONS) == {
        slug for slug, control in CONTROLS.items() if control.check["kind"] == "function"
    }


def test_every_kind_is_used_and_known() -> None:
    assert {control.check["kind"] for control in CONTROLS.values()} == set(KINDS)


@by_control
def test_texts_name_no_benchmark(control: Control) -> None:
    texts = " ".join([control.title, control.why, control.breaks, control.fix_text])
    assert not re.search(r"\bCIS\b|\bbenchmark\b|docker-bench", texts, re.IGNORECASE)
    numbers = {
        entry.number for entry in load_benchmark("cis_docker_1_8_0").entries if entry.number.count(".") > 1
    }
    assert not numbers & set(re.findall(r"(?<![\w.])\d+\.\d+\.\d+(?![\w.])", texts))


@by_control
def test_title_says_the_good_state_as_an_order(control: Control) -> None:
    assert len(control.title) <= 60
    assert control.title[0].isupper()
    assert not control.title.endswith(".")


def test_slugs_and_aliases_are_unique() -> None:
    aliases = [alias for control in CONTROLS.values() for alias in control.aliases]
    assert len(aliases) == len(set(aliases))
    assert not set(aliases) & set(CONTROLS)


def test_every_parameter_is_documented_with_its_default() -> None:
    text = (compliance_dir() / "profiles" / "cis_level1.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["params"] == dict(DEFAULT_PARAMS)
    properties = json.loads(
        (compliance_dir() / "schema" / "profile.schema.json").read_text(encoding="utf-8")
    )["properties"]
    assert set(properties["params"]["properties"]) == set(DEFAULT_PARAMS)


def test_every_parameter_that_a_check_names_exists() -> None:
    named = {
        name
        for control in CONTROLS.values()
        for name in re.findall(r"\$(\w+)", json.dumps(dict(control.check)))
    }
    assert named <= set(DEFAULT_PARAMS)
    for slug, control in CONTROLS.items():
        for listed in control.examples.values():
            for example in listed:
                assert set(example.get("params", {})) <= set(DEFAULT_PARAMS), slug


def test_strict_is_never_looser() -> None:
    strict, usual = load_profile("strict").params, load_profile("cis_level2").params
    limits = [name for name, value in usual.items() if isinstance(value, int) and not isinstance(value, bool)]
    assert all(strict[name] <= usual[name] for name in limits)
    assert strict["custom_seccomp_required"]
