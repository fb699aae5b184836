"""Real services live under the profiles: they start, serve and stop under baseline; strict is told which can't."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import docker
import pytest
from examples_support.host import ExampleHost
from syscalls_support import living, services
from syscalls_support import measured as support
from syscalls_support.living import Life
from syscalls_support.services import SERVICES, Service

from lab import engine, workload

RENEW = "HULLGUARD_SYSCALLS_WRITE"
AT_ONCE = 2
NAMES = [service.name for service in SERVICES]
BY_NAME = {service.name: service for service in SERVICES}


class Place:
    """A throwaway host with the services' image."""

    def __init__(self, client: docker.DockerClient, host: ExampleHost) -> None:
        self.host = host
        self.image = services.image(client)
        workload.load(client, host.container, self.image)
        living.prepare(host)

    def lives(self, profile: str) -> dict[str, Life]:
        path = living.profile(self.host, profile)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(lambda one: living.live(self.host, self.image, one, path), SERVICES)
            return dict(zip(NAMES, found, strict=True))

    def version(self, service: Service) -> str:
        asked = (
            f"docker run --rm {self.image} dpkg-query --show --showformat '${{Version}}' {service.package}"
        )
        return self.host.output(asked).strip()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    client = engine.ensure()
    with support.host(client, "debian-13") as host:
        yield Place(client, host)


@pytest.fixture(scope="module")
def baseline(place: Place) -> dict[str, Life]:
    return place.lives("baseline")


@pytest.fixture(scope="module")
def strict(place: Place) -> dict[str, Life]:
    return place.lives("strict")


@pytest.fixture(scope="module")
def measured(place: Place, baseline: dict[str, Life], strict: dict[str, Life]) -> dict[str, Any]:
    """What compliance/docs/seccomp-workloads.json holds beside the profiles' digests."""
    about = {
        service.name: {
            "package": f"{service.package} {place.version(service)}",
            "does": service.does,
            "baseline": baseline[service.name].ran(service),
            "strict": strict[service.name].ran(service),
            "misses": list(service.misses),
        }
        for service in SERVICES
    }
    version = place.host.output("docker version --format '{{.Server.Version}}'").strip()
    document = {"engine": version, "workloads": about}
    if os.environ.get(RENEW):
        living.keep(document)
    return document


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_under_baseline(baseline: dict[str, Life], name: str) -> None:
    assert baseline[name].ran(BY_NAME[name]), baseline[name]


@pytest.mark.long
@pytest.mark.parametrize("name", NAMES)
def test_it_runs_under_strict_unless_it_is_said_what_it_misses(strict: dict[str, Life], name: str) -> None:
    assert strict[name].ran(BY_NAME[name]) == (not BY_NAME[name].misses), strict[name]


@pytest.mark.long
@pytest.mark.parametrize("name", [one.name for one in SERVICES if one.misses])
def test_what_it_is_said_to_miss_is_all_that_it_misses(place: Place, name: str) -> None:
    service = BY_NAME[name]
    path = living.profile(place.host, "strict", service.misses)
    life = living.live(place.host, place.image, service, path)
    assert life.ran(service), life
    # With one alone, without it is strict itself.
    for left_out in service.misses if len(service.misses) > 1 else ():
        rest = [one for one in service.misses if one != left_out]
        life = living.live(place.host, place.image, service, living.profile(place.host, "strict", rest))
        assert not life.ran(service), left_out


@pytest.mark.long
def test_what_is_documented_is_what_is_seen(measured: dict[str, Any]) -> None:
    documented = json.loads(living.FILE.read_text(encoding="utf-8"))["workloads"]
    told = {
        name: {**row, "package": documented[name]["package"]} for name, row in measured["workloads"].items()
    }
    assert documented == told, "renew it: ./nox -s syscalls -- --write"


def test_nothing_is_left_of_them(place: Place, baseline: dict[str, Life]) -> None:
    assert place.host.output("docker ps --all --quiet").split() == []
