"""What a probe is, and what comes of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

BLOCKED, SUCCEEDED, UNKNOWN = "blocked", "succeeded", "unknown"
OUTCOMES: dict[str, str] = {
    SUCCEEDED: "The attack worked.",
    UNKNOWN: "It could not be carried out, so nothing is claimed.",
    BLOCKED: "Something kept the attack from working.",
}
REMOVED = "Its container is removed."


@dataclass(frozen=True, slots=True)
class Probe:
    """One attack. `place` says from where it is made (places.PLACES); `threat` is an id in threats.yml.

    `slugs` are controls of the host or the engine that claim to stop it for every container: when one of
    them passes and the attack succeeds, the two contradict each other. `per_container` are controls that
    whoever starts a container can stop it with, for that container: the ordinary one of a probe does not
    have them. `roles` are those of ours that claim to stop it beyond any control. `severity` is what a
    success means for a host. `asks`: that its container starts at all is the attack, as with places.Place.
    """

    id: str
    family: str
    threat: str
    severity: str
    place: str
    tries: str
    succeeds: str
    blocked: str
    slugs: tuple[str, ...] = ()
    per_container: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    heavy: bool = False
    asks: bool = False
    cleans: str = REMOVED

    def names(self) -> frozenset[str]:
        """Return everything that --only may name it by."""
        return frozenset((self.id, self.family, *self.slugs, *self.per_container))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a probe: outcome is blocked, succeeded or unknown; `detail` says what was seen."""

    outcome: str
    detail: str
    seconds: float = 0.0


def unknown(reason: str) -> Outcome:
    """Return an `unknown`: the probe could not be carried out."""
    return Outcome(UNKNOWN, reason)


def row(probe: Probe, found: Outcome) -> dict[str, Any]:
    """Return a probe and its outcome as they stand in a document (schema hullguard/prove/1)."""
    return {
        "id": probe.id,
        "family": probe.family,
        "threat": probe.threat,
        "severity": probe.severity,
        "slugs": list(probe.slugs),
        "per_container": list(probe.per_container),
        "roles": list(probe.roles),
        "heavy": probe.heavy,
        "place": probe.place,
        "tries": probe.tries,
        "outcome": found.outcome,
        "detail": found.detail,
        "seconds": round(found.seconds, 3),
    }
