"""What the demo says of its attacks, and when it fails."""

from __future__ import annotations

import pytest
from unit.prove.support import report, run_on

from hullguard.prove import join
from lab import LabError, attacks

BEFORE = run_on(
    choose=lambda name: "succeeded" if name in ("neighbour_port", "raw_socket", "trace") else "blocked"
)
AFTER = run_on(choose=lambda name: "succeeded" if name == "raw_socket" else "blocked")


def test_what_was_stopped_and_what_is_left_stand_with_whom_they_concern(
    capsys: pytest.CaptureFixture[str],
) -> None:
    attacks.show(BEFORE, AFTER, join.joined(report(), [AFTER]))
    said = capsys.readouterr().out
    stopped, left = said.split("attacks still work")
    assert "2 attacks that worked before are stopped" in stopped
    assert "inter_container_traffic (docker_daemon)   neighbour_port" in stopped
    assert "(docker_seccomp)                          trace" in stopped
    assert "capabilities, per container               raw_socket" in left
    assert "none contradicted" in left
    attacks.verify(BEFORE, AFTER, join.joined(report(), [AFTER]))


def test_a_contradiction_is_loud_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    after = run_on(choose=lambda name: "succeeded" if name == "neighbour_port" else "blocked")
    joined = join.joined(report(), [after])
    attacks.show(BEFORE, after, joined)
    said = capsys.readouterr().out
    assert "Contradicted by an attack: 1" in said
    assert "none contradicted" not in said
    with pytest.raises(LabError, match="worked all the same: inter_container_traffic"):
        attacks.verify(BEFORE, after, joined)


def test_what_works_only_now_fails() -> None:
    after = run_on(choose=lambda name: "succeeded" if name == "host_port" else "blocked")
    with pytest.raises(LabError, match="only since the host was hardened: host_port"):
        attacks.verify(BEFORE, after, join.joined(report(), [after]))


def test_nothing_stopped_fails() -> None:
    verdicts = {"inter_container_traffic": "fail"}
    with pytest.raises(LabError, match="stopped no attack"):
        attacks.verify(BEFORE, BEFORE, join.joined(report(**verdicts), [BEFORE]))
