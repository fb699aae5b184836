"""The host's devices that a compose service is given: by path, by cgroup rule, by request to a driver."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hullguard.spec.compose_values import Member, Service
from hullguard.spec.shared import PRIVILEGED_DEVICES

RESERVATIONS = ("deploy", "resources", "reservations")


def devices(service: Service) -> None:
    """Add the devices. One that can't be read hides nothing: the others still count."""
    gpus, reserved = service.raw.get("gpus", []), service.table(*RESERVATIONS)
    sources: tuple[tuple[Member, Any, Callable[[Any], str | None]], ...] = (
        (("devices",), service.raw.get("devices", []), _path),
        (("device_cgroup_rules",), service.raw.get("device_cgroup_rules", []), _rule),
        (("gpus",), [gpus] if gpus == "all" else gpus, _request),
        ((*RESERVATIONS, "devices"), None if reserved is None else reserved.get("devices", []), _request),
    )
    privileged = service.spec.get("privileged")
    whole, found = privileged is not None, list[tuple[str, Member]]()
    for member, rows, name_of in sources:
        whole &= isinstance(rows, list)
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            name = name_of(row)
            whole &= name is not None
            if name is not None:
                found.append((name, (*member, index)))
    if privileged:
        found.append((PRIVILEGED_DEVICES, ("privileged",)))
    if found or whole:
        found.sort(key=lambda pair: pair[0])
        service.set("devices", [name for name, _ in found], *(member for _, member in found))


def _path(row: Any) -> str | None:
    source = row.get("source") if isinstance(row, Mapping) else row
    return source.partition(":")[0] if isinstance(source, str) and source else None


def _rule(row: Any) -> str | None:
    return f"cgroup rule {row}" if isinstance(row, str) else None


def _request(row: Any) -> str | None:
    driver = row.get("driver") if isinstance(row, Mapping) else None
    return f"{driver if isinstance(driver, str) else 'driver'} request"
