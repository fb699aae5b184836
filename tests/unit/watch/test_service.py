"""The whole watch against an engine that does what a real one does rarely: break off, tell twice, hide."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from unit.watch.support import END, ID, EventEngine, Raw, chunk, decent, event, line, measure, until

from hullguard.catalogue import load_controls
from hullguard.collect import Unseen
from hullguard.watch import attend, service
from hullguard.watch.alerts import Alert
from hullguard.watch.engine import Engine
from hullguard.watch.service import Watch
from hullguard.watch.sinks import Alerts
from hullguard.watch.work import Seen, moment

EXEC = "e" * 64
START = chunk(line(event("start")))
WANTED = load_controls(["exec_root", "exec_privileged"])
# The socket of a fake engine can't be told from a daemon's: what depends on its flags is left out.
BLIND = ("engine_socket_mounted",)


def bad(
    started: str = "2099-01-01T00:00:00.5Z", number: str = ID, name: str = "web", **more: Any
) -> dict[str, Any]:
    found = {**decent(PidMode="host"), "Id": number, "Name": f"/{name}", **more}
    return {**found, "State": {**found["State"], "StartedAt": started}}


@contextmanager
def watching(engine: EventEngine, **options: Any) -> Iterator[list[Alert]]:
    said: list[Alert] = []
    by = measure()
    by = type(by)(tuple(c for c in by.controls if c.id not in BLIND), by.params, (), by.host, by.today)
    ready = threading.Event()
    say = Alerts(said.append, "h", lambda: None)
    watch = Watch(
        Engine(str(engine.path), 5), by, WANTED, say, config_file="/nonexistent", ready=ready.set, **options
    )
    thread = threading.Thread(target=watch.run)
    thread.start()
    try:
        assert ready.wait(10)
        yield said
    finally:
        watch.stop()
        thread.join(20)
        assert not thread.is_alive()


def kinds(said: list[Alert]) -> list[str]:
    return [one.kind for one in said if not one.kind.startswith("engine_")]


def test_told_twice_is_said_once_and_a_new_start_again() -> None:
    with EventEngine([START, START, None, START, None]) as engine:
        engine.answers[f"/containers/{ID}/json"] = bad()
        with watching(engine) as said:
            until(lambda: len(engine.asked) > 4 and kinds(said))
            engine.answers[f"/containers/{ID}/json"] = bad("2099-01-01T00:00:01Z")
            engine.go_on()
            until(lambda: len(kinds(said)) == 2)
    assert kinds(said) == ["control_broken", "control_broken"]


def test_gone_before_it_could_be_looked_at_is_unseen() -> None:
    with EventEngine([START, None]) as engine:
        engine.answers[f"/containers/{ID}/json"] = Raw(404, b"{}")
        with watching(engine) as said:
            until(lambda: kinds(said))
    (found,) = said
    assert (found.kind, found.severity) == ("unseen", "unknown")
    assert found.container
    assert (found.container.name, found.container.image) == ("web", "web:1")


@pytest.mark.parametrize(
    "answer",
    [Raw(500, b"{}"), [], {"State": {}}, {"Id": ID, "State": {"StartedAt": "never"}}, Raw(200, b"{")],
)
def test_an_answer_that_makes_no_sense_is_unseen(answer: Any) -> None:
    with EventEngine([START, None]) as engine:
        engine.answers[f"/containers/{ID}/json"] = answer
        with watching(engine) as said:
            until(lambda: kinds(said))
    assert kinds(said) == ["unseen"]


def test_rubbish_in_the_stream_is_said_and_the_rest_goes_on() -> None:
    with EventEngine([chunk(b"{rubbish\n"), START, None]) as engine:
        engine.answers[f"/containers/{ID}/json"] = bad()
        with watching(engine) as said:
            until(lambda: len(kinds(said)) == 2)
    assert sorted(kinds(said)) == ["control_broken", "unseen"]


@pytest.mark.parametrize("broken", [END, b"400\r\n{half a chunk"])
def test_a_stream_that_breaks_off_is_taken_up_where_it_ended(broken: Any) -> None:
    pieces = [START, broken] + ([END] if broken != END else []) + [START, None]
    notes: list[str] = []
    with EventEngine(pieces) as engine:
        engine.answers[f"/containers/{ID}/json"] = bad()
        engine.answers["/containers/json?all=1"] = [{"Id": ID, "State": "running"}]
        with watching(engine, note=notes.append) as said:
            until(lambda: "engine_back" in [one.kind for one in said])
            until(lambda: engine.asked.count(f"/containers/{ID}/json") >= 3)
    assert [one.kind for one in said if one.kind != "control_broken"] == ["engine_lost", "engine_back"]
    assert kinds(said) == ["control_broken"], "the engine told it again"
    asked = [path for path in engine.asked if path.startswith("/events")]
    assert ["since=1700000000.123456789" in path for path in asked[:2]] == [False, True]
    assert any("the engine is lost" in text for text in notes)


def test_what_started_while_the_engine_was_lost_is_found() -> None:
    missed, before, stopped = "b" * 64, "c" * 64, "d" * 64
    with EventEngine([None, END, None]) as engine:
        engine.answers["/containers/json"] = [{"Id": before, "State": "running"}]
        rows = [(missed, "running"), (before, "running"), (stopped, "exited"), ("f" * 64, "created")]
        engine.answers["/containers/json?all=1"] = [{"Id": number, "State": state} for number, state in rows]
        engine.answers[f"/containers/{missed}/json"] = bad(number=missed, name="missed")
        engine.answers[f"/containers/{before}/json"] = bad("2001-01-01T00:00:00Z", before, "before")
        engine.answers[f"/containers/{stopped}/json"] = bad(number=stopped, name="stopped")
        with watching(engine) as said:
            engine.go_on()
            until(lambda: len(kinds(said)) == 2)
    assert sorted(one.container.name for one in said if one.container) == ["missed", "stopped"]


def test_a_list_that_makes_no_sense_is_said_and_the_watch_goes_on() -> None:
    with EventEngine([None, END, START, None]) as engine:
        engine.answers["/containers/json?all=1"] = [{"State": "running"}]
        engine.answers[f"/containers/{ID}/json"] = bad()
        with watching(engine) as said:
            engine.go_on()
            until(lambda: len(kinds(said)) == 2)
    assert sorted(kinds(said)) == ["control_broken", "unseen"]


def test_a_list_that_fails_at_first_is_asked_for_again_and_nothing_is_unseen() -> None:
    with EventEngine([None, END, None]) as engine:
        failing = [Raw(500, b"{}")] * 4  # each is asked twice

        def rows(_handler: Any) -> Any:
            return failing.pop() if failing else [{"Id": ID, "State": "running"}]

        engine.answers["/containers/json?all=1"] = rows
        engine.answers[f"/containers/{ID}/json"] = bad()
        with watching(engine) as said:
            engine.go_on()
            until(lambda: kinds(said))
    assert kinds(said) == ["control_broken"]


def test_an_engine_that_hangs_is_lost_though_its_stream_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attend, "SILENT_SECONDS", 0.1)
    monkeypatch.setattr(attend, "ANSWER_SECONDS", 0.2)
    with EventEngine([None, START, None]) as engine:
        engine.answers["/_ping"] = engine.hang()
        engine.answers["/containers/json?all=1"] = [{"Id": ID, "State": "running"}]
        engine.answers[f"/containers/{ID}/json"] = bad()
        with watching(engine) as said:
            until(lambda: said)
            assert (said[0].kind, said[0].severity) == ("engine_lost", "unknown")
            assert said[0].detail == "it does not answer within 0.2 s"
            until(lambda: engine.asked.count("/_ping") > 2)
            assert len(said) == 1, "said once"
            engine.answers["/_ping"] = {}
            until(lambda: len(said) == 3)
            engine.go_on()
            until(lambda: engine.asked.count(f"/containers/{ID}/json") == 2)
    assert sorted(one.kind for one in said) == ["control_broken", "engine_back", "engine_lost"]
    assert len([path for path in engine.asked if path.startswith("/events")]) == 1


def test_a_look_that_failed_is_done_again() -> None:
    with EventEngine([START, None, END, None]) as engine:
        engine.answers[f"/containers/{ID}/json"] = bad() | {"Mounts": "rubbish"}
        with watching(engine) as said:
            until(lambda: kinds(said) == ["unseen"])
            engine.answers[f"/containers/{ID}/json"] = bad()
            engine.answers["/containers/json?all=1"] = [{"Id": ID, "State": "running"}]
            engine.go_on()
            until(lambda: len(kinds(said)) == 2)
    assert kinds(said) == ["unseen", "control_broken"]


def test_a_command_that_could_not_be_looked_at_is_looked_at_again() -> None:
    with EventEngine([command("exec_create"), None, command("exec_start"), None]) as engine:
        engine.answers[f"/exec/{EXEC}/json"] = Raw(500, b"{}")
        with watching(engine) as said:
            until(lambda: kinds(said) == ["unseen"])
            engine.answers[f"/exec/{EXEC}/json"] = {"ProcessConfig": {"entrypoint": "sh", "user": "0"}}
            engine.go_on()
            until(lambda: len(kinds(said)) == 2)
    assert kinds(said) == ["unseen", "exec_as_root"]


def test_what_is_still_waiting_at_the_end_is_unseen() -> None:
    numbers = [f"{index:064x}" for index in range(20)]
    with EventEngine([chunk(b"".join(line(event("start", number)) for number in numbers)), None]) as engine:
        for number in numbers:
            engine.answers[f"/containers/{number}/json"] = engine.hang()
        said: list[Alert] = []
        say = Alerts(said.append, "h", lambda: None)
        watch = Watch(Engine(str(engine.path), 1.5), measure(), WANTED, say, config_file="/nonexistent")
        watch.run(0.5)
        found = [one.detail for one in said if "before the end" in one.detail]
        assert found == ["20 of the events were not looked at before the end"]
        assert say.exit_code("high", strict=True) == 10


def test_an_engine_that_was_away_is_no_pass() -> None:
    with EventEngine([None, END, None]) as engine:
        said: list[Alert] = []
        say = Alerts(said.append, "h", lambda: None)
        watch = Watch(
            Engine(str(engine.path), 5),
            measure(),
            WANTED,
            say,
            config_file="/nonexistent",
            ready=engine.go_on,
        )
        watch.run(1)
    assert [one.kind for one in said] == ["engine_lost", "engine_back"]
    assert (say.exit_code("low", strict=True), say.exit_code("low", strict=False)) == (10, 0)


def test_no_error_ends_a_thread() -> None:
    """A sink that breaks in a way that nobody thought of: the next alert comes all the same."""
    said: list[Alert] = []

    def sink(alert: Alert) -> None:
        said.append(alert)
        if len(said) <= 2 * service.WORKERS:
            raise ValueError(alert.kind)

    numbers = [f"{index:064x}" for index in range(20)]
    with EventEngine([chunk(b"".join(line(event("start", number)) for number in numbers)), None]) as engine:
        for number in numbers:
            engine.answers[f"/containers/{number}/json"] = bad(number=number, name=number)
        say = Alerts(sink, "h", lambda: None)
        watch = Watch(Engine(str(engine.path), 5), measure(), WANTED, say, config_file="/nonexistent")
        watch.run(2)
    assert {one.container.id for one in said if one.container} == set(numbers)
    assert say.exit_code("low", strict=False) == 12


def test_existing_ones_are_judged_when_asked_for() -> None:
    with EventEngine([None]) as engine:
        engine.answers["/containers/json"] = [{"Id": ID, "State": "running"}]
        engine.answers[f"/containers/{ID}/json"] = bad("2001-01-01T00:00:00Z", ExecIDs=[EXEC])
        engine.answers[f"/exec/{EXEC}/json"] = {"ProcessConfig": {"entrypoint": "sh", "user": "0"}}
        with watching(engine, existing=True) as said:
            until(lambda: len(said) == 2)
    assert sorted(kinds(said)) == ["control_broken", "exec_as_root"]


def command(action: str, number: str = EXEC) -> bytes:
    return chunk(line(event(f"{action}: sh ", execID=number)))


def test_a_command_is_said_once_and_late_ones_too() -> None:
    with EventEngine(
        [command("exec_create"), command("exec_start"), command("exec_start", "f" * 64), None]
    ) as engine:
        for number in (EXEC, "f" * 64):
            engine.answers[f"/exec/{number}/json"] = {"ProcessConfig": {"entrypoint": "sh", "user": "root"}}
        with watching(engine) as said:
            until(lambda: len(said) == 2)
            until(lambda: engine.asked.count(f"/containers/{ID}/json") == 3)
    assert kinds(said) == ["exec_as_root", "exec_as_root"]


def test_a_label_does_not_hide_a_command() -> None:
    hiding = decent()
    hiding["Config"]["Labels"] = {"execID": "f" * 64}
    with EventEngine(
        [command("exec_create", "f" * 64), None, command("exec_create", "f" * 64), None]
    ) as engine:
        engine.answers[f"/containers/{ID}/json"] = {**hiding, "ExecIDs": [EXEC]}
        engine.answers[f"/exec/{EXEC}/json"] = {"ProcessConfig": {"entrypoint": "sh", "user": "root"}}
        with watching(engine) as said:
            until(lambda: kinds(said) == ["exec_as_root"])
            engine.answers[f"/containers/{ID}/json"] = {**hiding, "ExecIDs": None}
            engine.go_on()
            until(lambda: len(said) == 2)
    assert said[1].kind == "unseen"
    assert "hidden by its label execID" in said[1].detail


def test_a_command_that_is_gone_is_unseen() -> None:
    with (
        EventEngine([command("exec_create"), command("exec_start"), None]) as engine,
        watching(engine) as said,
    ):
        until(lambda: said)
        until(lambda: engine.asked.count(f"/containers/{ID}/json") == 2)
    assert kinds(said) == ["unseen"]


def test_more_than_can_wait_is_looked_at_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_WAITING", 4)
    numbers = [f"{index:064x}" for index in range(40)]
    burst = b"".join(line(event("start", number)) for number in numbers)
    gate = threading.Event()

    def slowly(_handler: Any) -> Any:
        gate.wait(10)
        return decent()

    with EventEngine([chunk(burst), None]) as engine:
        for number in numbers:
            engine.answers[f"/containers/{number}/json"] = slowly
        engine.answers["/containers/json?all=1"] = []
        with watching(engine) as said:
            until(lambda: len([path for path in engine.asked if path.endswith("/json")]) >= service.WORKERS)
            gate.set()
            until(lambda: [one for one in said if "were waiting" in one.detail])
            until(lambda: "/containers/json?all=1" in engine.asked)


def test_no_engine_is_an_error_at_the_beginning(tmp_path: Any) -> None:
    watch = Watch(
        Engine(str(tmp_path / "none")), measure(), WANTED, Alerts(lambda _a: None, "h", lambda: None)
    )
    with pytest.raises(OSError, match="No such file"):
        watch.run(1)
    with EventEngine([], status=403) as engine:
        refused = Watch(
            Engine(str(engine.path)), measure(), WANTED, Alerts(lambda _a: None, "h", lambda: None)
        )
        with pytest.raises(Unseen):
            refused.run(1)


def test_what_is_remembered_is_bounded() -> None:
    seen = Seen(most=2)
    assert [seen.add(key) for key in (1, 2, 1, 3, 2, 1)] == [True, True, False, True, False, True]
    assert 3 in seen


def test_the_engines_times() -> None:
    assert moment("2026-11-27T18:32:04.873896378Z") == pytest.approx(1795804324.873896)
    assert moment("0001-01-01T00:00:00Z") < 0
    with pytest.raises(ValueError, match="never"):
        moment("never")
