from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest

from hullguard.errors import InputError
from hullguard.lint.tree import Place, Table, Tagged, parse, scalar

PATH = Path("compose.yml")


def one(text: str) -> Any:
    ((value, _),) = parse(text, PATH)
    return value


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        parse(text, PATH)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("true", True), ("False", False), ("no", "no"), ("on", "on"),
        ("22:22", "22:22"), ("8080", 8080), ("0", 0), ("-1", -1), ("0x1F", 31), ("0o17", 15), ("017", 15), ("0b11", 3),
        ("1.5", 1.5), (".5", 0.5), ("1e3", 1000.0), (".inf", math.inf), ("512m", "512m"), ("2001-01-01", "2001-01-01"),
        ("9" * 41, "9" * 41), ("0x", "0x"), ("-", "-"),
    ],
)  # fmt: skip
def test_scalars_are_those_that_compose_reads(text: str, value: Any) -> None:
    found = scalar(text)
    assert (found, type(found)) == (value, type(value))


def test_quoted_texts_stay_texts() -> None:
    assert one("a: \"1\"\nb: 'true'\nc: |\n  5\nd: !!str 7\ne: 8") == {
        "a": "1",
        "b": "true",
        "c": "5\n",
        "d": "7",
        "e": 8,
    }


def test_lines_are_known() -> None:
    value = one("a:\n  b: 1\n  c:\n    - x\n    - y\n")
    assert value.at["a"] == Place("compose.yml", 1)
    assert value["a"].at["c"].line == 3
    assert [at.line for at in value["a"]["c"].at] == [4, 5]


def test_merge_keys_keep_the_line_of_the_anchor() -> None:
    value = one("x: &x\n  restart: always\n  user: a\ny: &y {user: b}\nweb:\n  <<: [*x, *y]\n  user: c\n")
    assert value["web"] == {"user": "c", "restart": "always"}
    assert value["web"].at["restart"].line == 2
    assert one('"<<": 1') == {"<<": 1}


def test_tags_of_compose() -> None:
    value = one("ports: !override [a]\nuser: !reset null\nrestart: !reset\n")
    assert value["ports"] == Tagged("!override", ["a"])
    assert value["user"] == Tagged("!reset", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3", "compose.yml:3: the key 'a' is already in line 1"),
        ("a:\n  1: x", "compose.yml:2: the key 1 is no text"),
        ("true: x", "the key True is no text"),
        ("? [a, b]\n: x", "the key is no text"),
        ("a: *b", "compose.yml:1: there is no anchor &b"),
        ("a: &a [*a]", "holds itself"),
        ("a: [", "compose.yml:2: is no valid YAML"),
        ("a: b: c", "compose.yml:1: is no valid YAML"),
        ("a: !!python/object:os.system x", None),
        ("a: !danger x", "not !danger"),
        ("<<: 5", "takes a mapping"),
        ("a: \x07", "is no valid YAML"),
    ],
)
def test_what_is_refused(text: str, words: str | None) -> None:
    if words is None:
        assert one(text) == {"a": "x"}  # a text, nothing is built of it
    else:
        assert words in refused(text)


def test_an_anchor_bomb_is_cheap() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    start = time.perf_counter()
    assert "more than 100000 nodes" in refused("\n".join(lines))
    assert time.perf_counter() - start < 2


def test_a_bomb_of_one_long_text() -> None:
    assert "more than 100000 nodes" in refused(f"a: &a {'x' * 500_000}\nb: [{', '.join(['*a'] * 1000)}]")


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 50_000, "- " * 100_000, "? " * 100_000])
def test_deep_nesting(text: str) -> None:
    assert "deep" in refused(text) or "no valid YAML" in refused(text)


def test_several_documents() -> None:
    assert [value for value, _ in parse("a: 1\n---\na: 2\n", PATH)] == [{"a": 1}, {"a": 2}]
    assert parse("", PATH) == []
    assert isinstance(parse("a: 1", PATH)[0][0], Table)
