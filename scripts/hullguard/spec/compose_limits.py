"""What a compose service says of memory, processes, CPU, restarts and ulimits, wherever it may say so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from hullguard.spec.compose_values import Service, number, size
from hullguard.spec.shared import cpu_limited, restart_unbounded

LIMITS = ("deploy", "resources", "limits")
_RESTART = re.compile(r"(no|always|unless-stopped|on-failure)(?::(\d{1,9}))?", re.ASCII)
_CONDITIONS = {"none": "no", "on-failure": "on-failure", "any": "unless-stopped"}


def limits(service: Service) -> None:
    """Add the limits; without one there is none, as the engine has it."""
    _limit(service, "memory_bytes", "mem_limit", "memory", size)
    _limit(service, "pids_limit", "pids_limit", "pids", _whole)
    _cpu(service)
    _restart(service)
    _ulimits(service)


def _whole(value: Any) -> int | None:
    found = None if isinstance(value, float) else number(value)
    return int(found) if found is not None and found == int(found) else None


def _limit(service: Service, field: str, key: str, below: str, read: Callable[[Any], int | None]) -> None:
    deployed = service.table(*LIMITS)
    if deployed is None:
        return
    found = [
        (read(table[name]), member)
        for table, name, member in ((service.raw, key, (key,)), (deployed, below, (*LIMITS, below)))
        if name in table
    ]
    values = {value for value, _ in found}
    if not found:
        service.set(field, 0, (key,))
    elif len(values) == 1 and None not in values:  # compose refuses two that differ
        service.set(field, *found[0])


def _cpu(service: Service) -> None:
    deployed = service.table(*LIMITS)
    if deployed is None:
        return
    shares = number(service.raw.get("cpu_shares", 0))
    given = [service.raw.get("cpus", 0), service.raw.get("cpu_quota", 0), deployed.get("cpus", 0)]
    values = [number(value) for value in given]
    if shares is None or None in values:
        return
    member = next(
        ((key,) for key in ("cpus", "cpu_quota", "cpu_shares") if key in service.raw),
        (*LIMITS, "cpus") if "cpus" in deployed else ("cpus",),
    )
    service.set("cpu_limited", cpu_limited(shares, [value or 0 for value in values]), member)


def _restart(service: Service) -> None:
    policy = service.raw.get("restart")
    if policy is not None:
        found = _RESTART.fullmatch(policy) if isinstance(policy, str) else None
        if found:
            unbounded = restart_unbounded(found[1], int(found[2] or 0))
            service.set("restart_unbounded", unbounded, ("restart",))
        return
    table = service.table("deploy", "restart_policy")
    if table is None:
        return
    condition, attempts = (
        table.get("condition", "any" if table else "none"),
        _whole(table.get("max_attempts", 0)),
    )
    name = _CONDITIONS.get(condition) if isinstance(condition, str) else None
    if name is not None and (attempts is not None or name != "on-failure"):
        member = ("deploy", "restart_policy") if table else ("restart",)
        service.set("restart_unbounded", restart_unbounded(name, attempts), member)


def _ulimits(service: Service) -> None:
    table = service.table("ulimits")
    if table is None:
        return
    shown = []
    for name, value in table.items():
        pair = [value.get("soft"), value.get("hard")] if isinstance(value, Mapping) else [value, value]
        if any(_whole(part) is None for part in pair):
            return
        shown.append((f"{name}={_whole(pair[0])}:{_whole(pair[1])}", name))
    service.set("ulimits", [text for text, _ in shown], *(("ulimits", name) for _, name in shown))
