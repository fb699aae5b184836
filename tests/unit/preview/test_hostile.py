"""Whatever evidence holds, a preview and a comparison come out; what can't be read makes the risk unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from catalogue.baseline import Facts, fixture
from jsonschema import Draft202012Validator
from unit.preview.hosts import careless, choice, container, plan

from hullguard.drift.compare import drift
from hullguard.paths import compliance_dir
from hullguard.preview.formats import write
from hullguard.preview.preview import preview
from hullguard.preview.roles import listed

ALL = choice(
    *listed()["usual"], *listed()["others"], docker_userns_accept_hidden=True, docker_host_remove_members=True
)
GARBAGE: list[Any] = [None, [], {}, "\x1b[2J../²", -1, [None], {"a": {"b": 1}}]
VALIDATOR = Draft202012Validator(
    json.loads((compliance_dir() / "schema" / "preview.schema.json").read_text(encoding="utf-8"))
)
PLAN = plan()


def places(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = (
        document.items()
        if isinstance(document, dict)
        else enumerate(document)
        if isinstance(document, list)
        else ()
    )
    for key, value in items:
        yield (*at, key)
        yield from places(value, (*at, key))


def damaged(name: str, every: int) -> Iterator[tuple[tuple[Any, ...], Facts]]:
    """Yield evidence with one member replaced, for every so many of its members."""
    text = json.dumps(fixture(name) if name != "careless" else careless(container("a"), container("b")))
    spots = [
        path
        for path in places(json.loads(text))
        if path[0] not in ("schema", "collected_at") and path != ("host",)
    ]
    for number, path in enumerate(islice(spots, 0, None, every)):
        document = json.loads(text)
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        parent[path[-1]] = GARBAGE[number % len(GARBAGE)]
        if path != ("host", "name"):
            yield path, document


@pytest.mark.parametrize("name", ["careless", "debian12"])
def test_damage_gives_a_preview_that_keeps_its_schema(name: str, tmp_path: Any) -> None:
    for path, document in damaged(name, 41):
        made = preview([document], lambda _name: (PLAN, ALL), "2026-11-27T00:00:00Z")
        assert next(VALIDATOR.iter_errors(made), None) is None, path
        with (tmp_path / "out").open("w") as stream:
            for format_ in ("table", "markdown", "json"):
                write(format_, made, stream)
        assert "\x1b[2J" not in (tmp_path / "out").read_text()


@pytest.mark.parametrize("name", ["careless", "debian12"])
def test_damage_gives_a_comparison(name: str) -> None:
    whole = fixture("debian13")
    for path, document in damaged(name, 11):
        assert isinstance(drift(whole, document, [], PLAN.controls), list), path
        assert isinstance(drift(document, whole, [], PLAN.controls), list), path
