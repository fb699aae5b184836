from __future__ import annotations

from typing import Any

import pytest
from unit.preview.hosts import careless, choice, container, plan, seen

from hullguard.preview.restart import restart
from hullguard.preview.situation import Situation


def policy(name: str) -> dict[str, Any]:
    return {"RestartPolicy": {"Name": name, "MaximumRetryCount": 0}}


def restarted(found: Any, chosen: Any = None) -> Any:
    return restart(Situation(found, plan(), chosen or choice()))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("always", "the engine starts it again"), ("unless-stopped", "the engine starts it again"),
        ("on-failure", "the engine or"), ("no", "the role starts it again"), ("", "the role starts it again"),
    ],
)  # fmt: skip
def test_who_brings_a_container_back(name: str, words: str) -> None:
    (effect,) = restarted(careless(container("a", **policy(name)))).effects
    assert (effect.effect, effect.certainty, effect.when) == ("restarts", "will", "now")
    assert effect.detail.startswith(words)


def test_live_restore_that_is_on_already_keeps_containers_running() -> None:
    found = restarted(careless(container("a"), container("b", AutoRemove=True), **{"live-restore": True}))
    assert found.kept
    assert [(e.effect, e.name) for e in found.effects] == [("keeps_running", "a"), ("keeps_running", "b")]
    assert found.refusals == ()


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("20.10.24+dfsg1", "blocks"), ("24.0.7", "blocks"), ("24.0.8", "keeps_running"), ("26.1.5+dfsg1", "keeps_running"),
        ("dev", "blocks"),
    ],
)  # fmt: skip
def test_old_engines_remove_jobs_whatever_live_restore_says(version: str, expected: str) -> None:
    host = careless(container("job", AutoRemove=True), **{"live-restore": True})
    host["engines"][0]["info"]["ServerVersion"] = version
    found = restarted(host)
    assert [(effect.effect, effect.certainty) for effect in found.effects] == [(expected, "will")]
    assert [refusal.objects for refusal in found.refusals] == ([("job",)] if expected == "blocks" else [])


@pytest.mark.parametrize(
    ("version", "stops", "helps"),
    [("20.10.24", False, False), ("26.1.5", False, True), ("26.1.5", True, False)],
)
def test_live_restore_is_named_as_a_way_out_only_where_it_is_one(
    version: str, stops: bool, helps: bool
) -> None:
    host = careless(container("job", AutoRemove=True))
    host["engines"][0]["info"]["ServerVersion"] = version
    (refusal,) = restarted(host, choice("docker_daemon", docker_daemon_stop_containers=stops)).refusals
    assert ("switch live-restore on" in refusal.reason) is helps
    assert "stop them" in refusal.reason


def test_live_restore_that_only_comes_with_this_restart_keeps_nobody() -> None:
    assert not restarted(careless(container("a"))).kept


def test_who_is_asked_to_stop_containers_stops_them() -> None:
    host = careless(container("a"), **{"live-restore": True})
    assert not restarted(host, choice("docker_daemon", docker_daemon_stop_containers=True)).kept


def test_live_restore_that_goes_keeps_nobody() -> None:
    host = careless(container("a"), **{"live-restore": True})
    assert not restarted(host, choice("docker_daemon", docker_daemon_settings={"live-restore": False})).kept


def test_the_role_refuses_containers_that_would_be_gone() -> None:
    found = restarted(careless(container("job", AutoRemove=True), container("web")))
    assert [(r.role, r.objects) for r in found.refusals] == [("_daemon_json", ("job",))]
    assert [(e.effect, e.name) for e in found.effects] == [("blocks", "job"), ("restarts", "web")]


@pytest.mark.parametrize(
    ("name", "status", "expected"),
    [
        ("always", "exited", [("starts", "will")]), ("unless-stopped", "exited", [("starts", "maybe")]),
        ("no", "exited", []), ("always", "created", []),
    ],
)  # fmt: skip
def test_stopped_containers_that_the_engine_starts(name: str, status: str, expected: list[Any]) -> None:
    found = restarted(careless(container("a", status=status, **policy(name))))
    assert [(effect.effect, effect.certainty) for effect in found.effects] == expected


def test_no_change_no_restart() -> None:
    found = restarted(careless(container("a")), choice("docker_files", "docker_auditd"))
    assert (found.needed, found.effects, found.reasons) == (False, (), ())


def test_a_file_that_the_engine_has_not_read_is_a_reason() -> None:
    host = careless(container("a"), debug=False)
    engine = host["engines"][0]
    engine["daemon_json"]["mtime"] = engine["process"]["started_at"] + 5
    assert "daemon.json is newer than the running engine" in restarted(host).reasons


def test_limits_of_the_service_are_a_reason_once() -> None:
    host = careless(container("a"))
    assert any("docker_host" in reason for reason in restarted(host, choice("docker_host")).reasons)
    host["engines"][0]["units"]["docker.service"]["drop_ins"] = (
        "/etc/systemd/system/docker.service.d/zz-hullguard-limits.conf"
    )
    assert restarted(host, choice("docker_host")).needed is False


def test_what_could_not_be_read_leaves_the_restart_open() -> None:
    host = careless(container("a"))
    host["engines"][0]["process"] = None
    found = restarted(host, choice("docker_daemon"))
    assert found.needed is None
    assert seen(host)["risk"] == "unknown"


def test_a_flag_that_says_otherwise_is_refused() -> None:
    host = careless(container("a"))
    host["engines"][0]["process"]["flags"]["icc"] = True
    assert any("icc" in refusal["reason"] for refusal in seen(host)["refusals"])


def test_a_broken_daemon_json_is_refused() -> None:
    host = careless(container("a"), debug=False)
    host["engines"][0]["daemon_json"] |= {
        "valid": False,
        "content": None,
        "error": "daemon.json:1:2: Expecting value",
    }
    found = seen(host)
    assert found["restart"]["needed"] in (None, True)
    assert any("no JSON object" in refusal["reason"] for refusal in found["refusals"])
