"""Whatever evidence holds, every control gets one of the six verdicts, and less evidence never gives a better one."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from catalogue.baseline import evidence, fixture
from catalogue.facts import Path, became_better, facts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hullguard.audit import Plan, report
from hullguard.catalogue import DEFAULT_PARAMS, load_benchmark, load_controls, load_profile
from hullguard.evaluate import judge_all
from hullguard.verdict import VERDICTS

CONTROLS = load_controls()
PLAN = Plan.make(load_benchmark(), load_profile(), (), date(2026, 1, 1))
SOURCES = {
    "decent": json.dumps(evidence()),
    "debian12": json.dumps(fixture("debian12")),
    "swarm13": json.dumps(fixture("swarm13")),
}
HOSTILE_TEXTS = [
    "", " ", "\x00", "../../etc/passwd", "<script>alert(1)</script>", "\x1b[2J", "\u202e", "\ud800", "²", "٣", "-1", "1e999",
    "host", "root", "0", "unconfined", "9" * 5000, "a" * 100_000, "[/red]", "{{ 7 * 7 }}", "-w / -p rwxa", "tcp://", "://",
    "0.0.0.0:99999->x/y", "container:", "container:container:", "/" * 5000,
]  # fmt: skip
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**70), max_value=2**70),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(HOSTILE_TEXTS),
)
GARBAGE = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)
RELAXED = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def everywhere(document: Any, at: Path = ()) -> list[Path]:
    """Return the path of everything in a document."""
    items = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    return [path for key, value in items for path in [(*at, key), *everywhere(value, (*at, key))]]


PATHS = {name: everywhere(json.loads(text)) for name, text in SOURCES.items()}
FACTS = {name: list(facts(json.loads(text))) for name, text in SOURCES.items()}
BEFORE = {
    name: {
        slug: found.verdict for slug, found in judge_all(CONTROLS, json.loads(text), DEFAULT_PARAMS).items()
    }
    for name, text in SOURCES.items()
}


def parent(document: Any, path: Path) -> Any:
    """Return what holds the last member of a path, or None when an earlier change took it away."""
    for key in path[:-1]:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return None
    return document


@pytest.mark.parametrize("source", SOURCES)
@RELAXED
@given(data=st.data())
def test_damaged_evidence_gets_a_verdict_for_every_control(source: str, data: st.DataObject) -> None:
    document = json.loads(SOURCES[source])
    for path in data.draw(st.lists(st.sampled_from(PATHS[source]), min_size=1, max_size=8)):
        holder = parent(document, path)
        if isinstance(holder, dict) or (
            isinstance(holder, list) and isinstance(path[-1], int) and path[-1] < len(holder)
        ):
            holder[path[-1]] = data.draw(GARBAGE)
    given_ = judge_all(CONTROLS, document, DEFAULT_PARAMS)
    assert set(given_) == set(CONTROLS)
    for found in given_.values():
        assert found.verdict in VERDICTS
        assert isinstance(found.reason, str)
        assert all(
            isinstance(part, str) for obj in found.objects for part in (obj.kind, obj.name, obj.detail)
        )


@pytest.mark.parametrize("source", SOURCES)
@RELAXED
@given(data=st.data())
def test_less_evidence_is_never_better(source: str, data: st.DataObject) -> None:
    document = json.loads(SOURCES[source])
    for path in data.draw(st.lists(st.sampled_from(FACTS[source]), min_size=1, max_size=12)):
        holder = parent(document, path)
        if isinstance(holder, dict):
            holder.pop(path[-1], None)
        elif isinstance(holder, list) and isinstance(path[-1], int) and path[-1] < len(holder):
            holder.pop(path[-1])
    after = judge_all(CONTROLS, document, DEFAULT_PARAMS)
    assert not [slug for slug, found in after.items() if became_better(BEFORE[source][slug], found.verdict)]


@RELAXED
@given(document=st.dictionaries(st.sampled_from(list(evidence())), GARBAGE))
def test_evidence_of_nonsense_passes_nothing(document: dict[str, Any]) -> None:
    for found in judge_all(CONTROLS, document, DEFAULT_PARAMS).values():
        assert found.verdict in ("unknown", "manual", "not_applicable")


@RELAXED
@given(data=st.data())
def test_a_report_is_made_of_anything(data: st.DataObject) -> None:
    document = json.loads(SOURCES["decent"])
    for key in data.draw(st.lists(st.sampled_from([key for key in document if key != "host"]), max_size=4)):
        document[key] = data.draw(GARBAGE)
    document["collected_at"] = str(document["collected_at"])
    made = report([document], PLAN, "2026-01-01T00:00:00Z")
    json.dumps(made, allow_nan=False)
    assert sum(made["hosts"][0]["summary"].values()) == 118


def test_values_that_repeat_without_end_are_judged_in_time() -> None:
    document = evidence()
    engine = document["engines"][0]
    engine["images"][0]["History"] = ["curl " * 200_000, "apt " * 200_000, "yum -" * 100_000]
    engine["images"][0]["Config"]["Env"] = ["A_" * 100_000]
    engine["containers"][0]["HostConfig"]["SecurityOpt"] = ["=" * 100_000, ":" * 100_000]
    assert judge_all(CONTROLS, document, DEFAULT_PARAMS)["verified_packages"].verdict == "unknown"


def test_deep_nesting_is_judged() -> None:
    document = evidence()
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    document["engines"][0]["info"]["Driver"] = deep
    document["engines"][0]["containers"][0]["HostConfig"]["CapAdd"] = deep
    given_ = judge_all(CONTROLS, document, DEFAULT_PARAMS)
    assert given_["capabilities"].verdict != "pass"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), True, "1", None])
def test_a_time_that_is_none_makes_no_configuration_current(value: Any) -> None:
    document = evidence()
    document["engines"][0]["process"]["started_at"] = value
    assert judge_all(CONTROLS, document, DEFAULT_PARAMS)["userland_proxy"].verdict == "unknown"
