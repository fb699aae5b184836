"""One container, judged by the catalogue as the audit judges it: what it breaks, and what could not be seen.

`judge` takes a normalized spec, whatever it was read from, so that it serves whoever asks before a start too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from hullguard import evaluate
from hullguard.audit import Plan
from hullguard.catalogue import SEVERITIES, Control
from hullguard.effective import member
from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.spec import Spec, inspect
from hullguard.spec.paths import canonical
from hullguard.verdict import FAIL, UNKNOWN, Verdict
from hullguard.waivers import Waiver, apply
from hullguard.watch import alerts
from hullguard.watch.alerts import Alert, Broken, Named
from hullguard.watch.engine import Surroundings

# Controls that are functions over one container's spec.
FUNCTIONS = ("published_ports_declared",)
# What runs inside shows itself later than the start.
LATER = ("sshd_inside",)


@dataclass(frozen=True, slots=True)
class Measure:
    """What is judged: controls, a profile's parameters, waivers by host, and the day that these end on."""

    controls: tuple[Control, ...]
    params: Mapping[str, Any]
    waivers: Sequence[Waiver]
    host: str
    today: Callable[[], date]

    def waived(self, verdict: Verdict, slug: str) -> Verdict:
        """Return a verdict with the waivers applied that hold today."""
        return apply(verdict, slug, self.host, self.waivers, self.today())[0]


def controls(plan: Plan, least: str) -> tuple[Control, ...]:
    """Return the plan's controls that one container's start decides, of severity `least` or above."""
    grave = SEVERITIES[SEVERITIES.index(least) :]
    return tuple(
        control
        for control in plan.controls.values()
        if (control.check["kind"] == "container" or control.id in FUNCTIONS)
        and control.severity in grave
        and control.id not in LATER
    )


def borne_by_host(surroundings: Surroundings) -> dict[str, str]:
    """Return {slug: reason} of controls that every container of this host breaks alike: the audit says so
    once, an alert at each start would say nothing of the container.
    """
    if member(surroundings.evidence, "host", "apparmor", "enabled") is False:
        return {"apparmor_profile": "this kernel does not run AppArmor"}
    return {}


class _Engine(EngineContext):
    """An engine that holds one container."""

    def __init__(self, spec: Spec, surroundings: Surroundings, params: Mapping[str, Any]) -> None:
        # Published ports of a swarm's services are no container's.
        engine = {**surroundings.engine, "info": {"Swarm": {"LocalNodeState": "inactive"}}}
        super().__init__(engine, surroundings.evidence, params)
        self._spec = spec

    def complete(self, kind: str) -> bool:
        """It is all there."""
        return True

    @cached_property
    def containers(self) -> list[Spec]:
        """The container."""
        return [self._spec]


class _Host(HostContext):
    """A host with that engine."""

    def __init__(self, spec: Spec, surroundings: Surroundings, params: Mapping[str, Any]) -> None:
        super().__init__(surroundings.evidence, params)
        self._engine = _Engine(spec, surroundings, params)

    @cached_property
    def engines(self) -> list[EngineContext]:
        """The one engine."""
        return [self._engine]


def judge(spec: Spec, surroundings: Surroundings, measure: Measure) -> list[Broken]:
    """Return the controls that a container breaks, and those that could not be judged; gravest first.

    What is waived, does not apply or takes a person to decide gives nothing.
    """
    host, found = _Host(spec, surroundings, measure.params), []
    outside = borne_by_host(surroundings)
    for control in measure.controls:
        if control.id in outside:
            continue
        verdict = measure.waived(evaluate.judge(control, host), control.id)
        if verdict.verdict in (FAIL, UNKNOWN):
            details = ", ".join(one.detail for one in verdict.objects if one.detail)
            found.append(Broken(control.id, control.severity, details or verdict.reason, verdict.verdict))
    return sorted(found, key=lambda one: (one.verdict, -SEVERITIES.index(one.severity), one.id))


def specify(
    raw: Mapping[str, Any],
    joined: Sequence[Mapping[str, Any]],
    volumes: Sequence[Mapping[str, Any]] | None,
    surroundings: Surroundings,
    params: Mapping[str, Any],
) -> Spec:
    """Return the normalized spec of a container from its inspect output as the collector trims it."""
    rows = list(volumes or ())
    engine = {
        **surroundings.engine, "volumes": rows, "complete": {"volumes": volumes is not None},
        "counts": {"volumes": len(rows)},
    }  # fmt: skip
    context = inspect.Context(engine, surroundings.evidence)
    specs = inspect.containers([raw, *joined], context, params["allowed_capabilities"])
    return next(spec for spec in specs if spec.get("id") == raw.get("Id"))


def alert(spec: Spec, raw: Mapping[str, Any], found: Sequence[Broken]) -> Alert | None:
    """Return the alert of a container's start; None when it breaks nothing and all was seen."""
    if not found:
        return None
    thing = Named(str(spec.get("id", "")), str(spec["name"]), str(spec.get("image", "")))
    broken = [one for one in found if one.verdict == FAIL]
    unseen = [one.id for one in found if one.verdict == UNKNOWN]
    also = f"not seen: {', '.join(unseen)}" if unseen else ""
    if not broken:
        return Alert(alerts.UNSEEN, alerts.UNKNOWN, f"started; {also}", thing, tuple(found))
    words = f"started, breaks {len(broken)} control{'s' * (len(broken) > 1)}"
    return Alert(
        _kind(spec, raw, {one.id for one in broken}),
        alerts.worst(one.severity for one in broken),
        f"{words}; {also}" if also else words,
        thing,
        tuple(found),
    )


def _kind(spec: Spec, raw: Mapping[str, Any], ids: set[str]) -> str:
    places = [*spec.get("sensitive_mounts", ())]
    places += [m.get("Real") for m in raw.get("Mounts") or [] if isinstance(m, Mapping)]
    whole = any(isinstance(place, str) and canonical(place) == "/" for place in places)
    if whole and "sensitive_host_mounts" in ids:
        return alerts.HOST_FILESYSTEM_MOUNTED
    return alerts.ENGINE_SOCKET_MOUNTED if "engine_socket_mounted" in ids else alerts.CONTROL_BROKEN
