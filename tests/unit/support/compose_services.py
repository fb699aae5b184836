"""Specs of compose services, for tests."""

from __future__ import annotations

from typing import Any

from hullguard.spec.compose import containers
from hullguard.spec.compose_values import Service

# Where relative paths of the tests lead that are not in the project's folder.
OUTSIDE = {"../..": "/", "./link": "/var/run/docker.sock", "../data": "/src/data"}


def services(project: dict[str, Any], allowed: tuple[str, ...] = ()) -> dict[str, Service]:
    return {one.name: one for one in containers(project, OUTSIDE.get, allowed)}


def service(resources: dict[str, Any] | None = None, **members: Any) -> Service:
    return services({"services": {"web": {"image": "a", **members}}, **(resources or {})})["web"]


def spec(resources: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    return service(resources, **members).spec
