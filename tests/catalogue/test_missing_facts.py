"""A fact that is gone never turns into a better verdict: it gives `unknown`, or what is left still fails."""

from __future__ import annotations

import pytest
from catalogue.baseline import activate_swarm, evidence, fixture, laid_over
from catalogue.facts import GOOD, became_better, facts, shown, without

from hullguard.catalogue import DEFAULT_PARAMS, Control, load_controls
from hullguard.evaluate import judge, judge_all
from hullguard.evaluate.context import HostContext

CONTROLS = load_controls()
DECIDED = {slug: control for slug, control in CONTROLS.items() if control.check["kind"] != "manual"}
# What each kind of check can't do without.
DECIDING = {
    "daemon_option": ("engines.0.process", "engines.0.daemon_json", "engines.0.networks", "engines.0.info"),
    "engine_info": ("engines.0.info",),
    "file": ("files",),
    "audit_watch": ("files", "audit.disk", "audit.kernel", "mounts"),
    "container": ("engines.0.containers", "engines.0.counts"),
    "image": ("engines.0.images", "engines.0.complete"),
    "swarm": ("engines.0.info",),
}


def decent_swarm() -> dict[str, object]:
    found = evidence()
    activate_swarm(found)
    return found


@pytest.mark.parametrize(
    "source", ["decent", "decent_swarm", "debian12", "debian13", "swarm13"]
)  # fmt: skip
def test_no_verdict_gets_better_without_a_fact(source: str) -> None:
    document = {"decent": evidence, "decent_swarm": decent_swarm}.get(source, lambda: fixture(source))()
    before = {slug: given.verdict for slug, given in judge_all(CONTROLS, document, DEFAULT_PARAMS).items()}
    better = []
    for path in list(facts(document)):
        with without(document, path):
            for slug, given in judge_all(DECIDED, document, DEFAULT_PARAMS).items():
                if became_better(before[slug], given.verdict):
                    better.append(f"{slug}: {before[slug]} -> {given.verdict} without {shown(path)}")
    assert not better


@pytest.mark.parametrize("control", DECIDED.values(), ids=DECIDED)
def test_no_failing_example_gets_better_without_a_fact(control: Control) -> None:
    better = []
    for verdict in ("fail", "unknown"):
        for index, example in enumerate(control.examples.get(verdict, [])):
            document, params = laid_over(control, example)
            for path in list(facts(document)):
                with without(document, path):
                    given = judge(control, HostContext(document, params))
                if given.verdict in GOOD:
                    better.append(f"{verdict} {index}: {given.verdict} without {shown(path)}")
    assert not better


@pytest.mark.parametrize("control", DECIDED.values(), ids=DECIDED)
def test_no_pass_without_the_deciding_fact(control: Control) -> None:
    for example in control.examples["pass"]:
        document, params = laid_over(control, example)
        if control.check["kind"] == "function":
            # Each function looks at one part or another: without both nothing is left to look at.
            with without(document, ("engines",)):
                assert (
                    judge(control, HostContext(document, params)).verdict not in GOOD
                    or control.id == "docker_group_members"
                )
            continue
        for path in DECIDING[control.check["kind"]]:
            keys = tuple(int(part) if part.isdigit() else part for part in path.split("."))
            with without(document, keys):
                given = judge(control, HostContext(document, params))
            key = control.check.get("key")
            told = path.endswith((".process", ".daemon_json")) and key in (
                "icc",
                "live-restore",
                "experimental",
                "no-new-privileges",
            )
            asked = path.endswith((".info", ".networks")) and key is not None
            assert given.verdict == "unknown" or told or asked, f"{given} without {path}"


def test_nothing_passes_without_any_fact() -> None:
    empty = {"schema": "hullguard/evidence/1", "host": {"name": "a"}, "collected_at": "2026-01-01T00:00:00Z"}
    for rows in ([], [{}], [None], [{"name": "system"}]):
        given = judge_all(CONTROLS, {**empty, "engines": rows}, DEFAULT_PARAMS)
        verdicts = {found.verdict for found in given.values()}
        assert verdicts <= {"unknown", "manual"}
        assert {slug for slug, found in given.items() if found.verdict == "manual"} <= set(CONTROLS) - set(
            DECIDED
        )
