"""What an alert looks like: schema, bounds, nothing that a container's names could do to a terminal."""

from __future__ import annotations

import io
import json

import pytest
from jsonschema import Draft202012Validator

from hullguard.paths import compliance_dir
from hullguard.watch import alerts
from hullguard.watch.alerts import KINDS, Alert, Broken, Named, now, worst
from hullguard.watch.sinks import Alerts, as_json, as_text

SCHEMA = json.loads((compliance_dir() / "schema/alert.schema.json").read_text(encoding="utf-8"))
HOSTILE = 'web\x1b[2J\n{"kind": "forged"}\u202e\ud800' + "x" * 5000
FULL = Alert(
    alerts.CONTROL_BROKEN, "high", HOSTILE, Named(HOSTILE, HOSTILE, HOSTILE),
    (Broken("seccomp", "high", HOSTILE), Broken("host_pid", "high", "pid mode: host", "unknown")), (HOSTILE, "icc"), now(), HOSTILE,
)  # fmt: skip


def valid(document: object) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(document)


def test_the_schema_knows_every_kind_and_no_other() -> None:
    assert SCHEMA["properties"]["kind"]["enum"] == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_fits_the_schema(kind: str) -> None:
    valid(Alert(kind, "info", "x", time=now(), host="h").document())


def test_hostile_names_are_shown_and_bounded() -> None:
    document = FULL.document()
    valid(document)
    assert "\\x1b[2J\\n" in document["container"]["name"]
    assert len(json.dumps(document)) < 8000
    assert FULL.line().isprintable()


def test_a_sink_writes_one_line_whatever_it_holds() -> None:
    for sink in (as_json, as_text):
        stream = io.StringIO()
        sink(stream)(FULL)
        text = stream.getvalue()
        assert text.count("\n") == 1
        assert text.removesuffix("\n").isprintable()
        text.encode("utf-8")


def test_a_line_for_people() -> None:
    one = Alert(
        alerts.ENGINE_SOCKET_MOUNTED, "critical", "started, breaks 1 control", Named("a" * 64, "ci", ""),
        (Broken("engine_socket_mounted", "critical", "/run/docker.sock"),), time="2026-01-01T00:00:00.000Z",
    )  # fmt: skip
    stream = io.StringIO()
    as_text(stream)(one)
    assert stream.getvalue() == (
        "2026-01-01T00:00:00.000Z CRITICAL engine_socket_mounted: ci (image unknown): started, breaks 1 control "
        "[engine_socket_mounted (critical): /run/docker.sock]\n"
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_what_an_encoding_lacks_is_escaped(encoding: str) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding)
    as_text(stream)(Alert(alerts.CONTROL_BROKEN, "high", "it runs \u6f22", time="t"))
    assert written.getvalue() == b"t HIGH     control_broken: it runs \\u6f22\n"


def test_alerts_get_host_and_time_and_none_is_none() -> None:
    stream = io.StringIO()
    say = Alerts(as_json(stream), "host1", lambda: None)
    say(None)
    say(Alert(alerts.ENGINE_LOST, "info", "gone"))
    document = json.loads(stream.getvalue())
    valid(document)
    assert document["host"] == "host1"


@pytest.mark.parametrize(
    ("said", "fail_on", "strict", "code"),
    [
        ((), "low", True, 0),
        (("high", "low"), "low", False, 12),
        (("critical", "high"), "high", False, 13),
        (("medium",), "high", False, 0),
        (("medium",), "medium", False, 11),
        (("low",), None, True, 0),
        (("unknown",), "low", False, 0),
        (("unknown",), "low", True, 10),
        (("unknown", "high"), "low", True, 12),
        (("info",), "low", True, 0),
    ],
)
def test_the_exit_code_is_the_worst(
    said: tuple[str, ...], fail_on: str | None, strict: bool, code: int
) -> None:
    say = Alerts(lambda _alert: None, "h", lambda: None)
    for severity in said:
        say(Alert(alerts.UNSEEN, severity, "x"))
    assert say.exit_code(fail_on, strict=strict) == code


def test_a_reader_that_has_gone_ends_the_watch_once() -> None:
    ended = []

    def gone(_alert: Alert) -> None:
        raise BrokenPipeError

    say = Alerts(gone, "h", lambda: ended.append(True))
    say(FULL)
    say(FULL)
    assert ended == [True]
    assert isinstance(say.broken, BrokenPipeError)


def test_the_worst_severity() -> None:
    assert worst(["low", "critical", "high"]) == "critical"
    assert worst([]) == worst(["info"]) == "unknown"
