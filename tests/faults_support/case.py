"""What one case of the fault matrix is: a fault, the step it strikes at, and what has to be true afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the table in compliance/docs/faults.md and one test.

    `fault` and `outcome` are the table's words, `at` is the name of the task that the fault strikes at.
    """

    name: str
    fault: str
    at: str
    outcome: str
    # How the run with the fault ends, what it says, and which daemon.json is there then.
    ends: Literal["killed", "failed", "passed"]
    config: Literal["old", "new", "edited", "wrong"]
    says: tuple[str, ...] = ()
    # What the run that mends says, and a second playbook that is started beside the first one.
    says_again: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    beside_playbook: str = "harden"
    # The fault itself: see callback/hullguard_fault.py.
    moment: Literal["begins", "ends"] = "begins"
    until: str = ""
    do: str = ""
    # Shell on the host: before the engine reads the administrator's configuration, and what takes the fault away again.
    setup: str = ""
    undo: str = ""
    playbook: str = "harden"
    # Variables of a run before it all, where the host is to be a hardened one.
    prior: Mapping[str, Any] | None = None
    roles: tuple[str, ...] = ("docker_daemon",)
    # Of the run with the fault alone; the run after it does without them.
    variables: Mapping[str, Any] = field(default_factory=dict)
    # Of every run.
    variables_always: Mapping[str, Any] = field(default_factory=dict)
    suite: str = "debian-13"
    live_restore: bool = True
    # Which containers may be down until the next run: without live-restore the engine's end is theirs.
    down: tuple[str, ...] = ()
    # A condition of the host that holds after the fault, in shell.
    then: str = ""
    # A second run after the one that mends has to change nothing.
    twice: bool = False
    long: bool = True

    @property
    def row(self) -> str:
        """The case as a row of the table."""
        suite = self.suite.replace("debian-", "Debian ")
        step = f"`{self.playbook}.yml`: {self.at}{' (after it)' if self.moment == 'ends' else ''}"
        return f"| {self.fault} | {step} | {suite} | {self.outcome} | `{self.name}` |"
