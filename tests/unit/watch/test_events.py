"""The engine's stream: lines in pieces, rubbish, streams that break off."""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.watch.support import ID, EventEngine, chunk, event, line

from hullguard.collect import Unseen
from hullguard.watch.events import FILTERS, Event, Lines, Stream, parse, question


@given(
    st.lists(st.binary(min_size=1).filter(lambda text: b"\n" not in text and text.strip() != b"")),
    st.integers(1, 7),
)
def test_lines_come_out_whole_whatever_the_pieces(lines: list[bytes], size: int) -> None:
    sent, reader = b"".join(text + b"\n" for text in lines), Lines()
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert [found for piece in pieces for found in reader.feed(piece)] == lines


def test_a_line_without_end_is_not_kept_and_does_not_hide_the_next() -> None:
    reader = Lines(longest=10)
    found = [text for piece in (b"x" * 8, b"y" * 8, b"z" * 8, b"\n{1}\n") for text in reader.feed(piece)]
    assert found == [b"{}", b"{1}"]
    assert parse(found[0]) == Event("garbage")


def test_a_start() -> None:
    assert parse(line(event("start"))) == Event("start", ID, "web", "web:1", "", 1_700_000_000_123_456_789)


@pytest.mark.parametrize("what", ["exec_create", "exec_start"])
def test_a_command_is_told_by_the_beginning_of_its_action(what: str) -> None:
    found = parse(line(event(f"{what}: sh -c start: x", execID="b" * 64)))
    assert found
    assert (found.what, found.exec_id) == (what, "b" * 64)


@pytest.mark.parametrize(
    "document",
    [
        event("die"),
        event("exec_die: id"),
        event("started"),
        {**event("start"), "Type": "network"},
        {**event("x"), "Type": "daemon"},
    ],
)
def test_what_is_of_no_interest(document: dict[str, Any]) -> None:
    assert parse(line(document)) is None


def test_the_engine_read_its_configuration_again() -> None:
    found = parse(line({**event("reload"), "Type": "daemon"}))
    assert found
    assert found.what == "reload"


@pytest.mark.parametrize(
    "text",
    [b"{", b"[]", b"null", b"\xff\xfe", b'{"Action": 1, "Type": "container", "Actor": {}}', b"[" * 100_000,
     b'{"Type": "container", "Action": "start", "Actor": {}}', b'{"Type": "container", "Action": "start", "Actor": null}'],
)  # fmt: skip
def test_rubbish_is_said_not_skipped(text: bytes) -> None:
    assert parse(text) == Event("garbage")


def test_hostile_labels_do_not_become_another_container() -> None:
    found = parse(line(event("start", **{"Action": "die", "ID": "other", "com.example\n": "\x1b[2J"})))
    assert found == Event("start", ID, "web", "web:1", "", 1_700_000_000_123_456_789)


def test_the_question_names_the_moment_to_the_nanosecond() -> None:
    asked = parse_qs(urlsplit(question(1_700_000_000_000_000_007)).query)
    assert asked["since"] == ["1700000000.000000007"]
    assert json.loads(asked["filters"][0]) == FILTERS
    assert "since" not in question(0)


def test_a_stream_in_small_chunks_ends_with_the_engine() -> None:
    text = line(event("start")) + line(event("exec_start: id", execID="c" * 64))
    with EventEngine(
        [b"".join(chunk(text[at : at + 3]) for at in range(0, len(text), 3)) + b"0\r\n\r\n"]
    ) as engine:
        assert [found.what for found in Stream(str(engine.path), 5)] == ["start", "exec_start"]


def test_a_chunk_that_breaks_off_is_an_error_after_what_came_before() -> None:
    with EventEngine([chunk(line(event("start"))) + b"400\r\n{half"]) as engine:
        reader = iter(Stream(str(engine.path), 5))
        assert next(reader).what == "start"
        with pytest.raises(http.client.HTTPException):
            next(reader)


def test_an_engine_that_refuses() -> None:
    with EventEngine([], status=500) as engine, pytest.raises(Unseen, match="HTTP 500"):
        Stream(str(engine.path), 5)


def test_closing_from_elsewhere_ends_a_silent_stream() -> None:
    with EventEngine([chunk(line(event("start"))), None]) as engine:
        stream = Stream(str(engine.path), 5)
        reader = iter(stream)
        assert next(reader).what == "start"
        threading.Timer(0.05, stream.close).start()
        assert list(reader) == []
