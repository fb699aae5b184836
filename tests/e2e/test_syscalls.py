"""What the profiles let through, measured anew on throwaway hosts and compared with what is documented."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from examples_support.host import ExampleHost
from syscalls_support import measured as support

from docs.syscall_results import RENEW as HOW
from docs.syscall_results import Host
from hullguard.syscalls.judge import ALLOWED, KILLED, UNKNOWN
from hullguard.syscalls.measure import DEFAULT, KERNEL, PRIVILEGED
from hullguard.syscalls.rows import GUARDED, I386, NATIVE, X32, rows
from lab import engine

RENEW = "HULLGUARD_SYSCALLS_WRITE"
SUITES = ["debian-13", pytest.param("debian-12", marks=pytest.mark.long)]
INVENTORY = (
    "docker ps --all --quiet --no-trunc; docker images --all --quiet --no-trunc; docker network ls --quiet --no-trunc;"
    " find /var/tmp /tmp -maxdepth 1 -name '*hullguard*'"
)


class Measured:
    def __init__(self, host: ExampleHost, suite: str) -> None:
        before = host.output(INVENTORY)
        self.document = support.measure(host)
        self.leftovers = (before, host.output(INVENTORY))
        if os.environ.get(RENEW):
            support.keep(suite, self.document)
        self.found = Host(self.document)
        self.documented = Host(json.loads(support.FILE.read_text(encoding="utf-8"))["hosts"][suite])


@pytest.fixture(scope="module", params=SUITES)
def results(request: pytest.FixtureRequest) -> Iterator[Measured]:
    with support.host(engine.ensure(), request.param) as host:
        yield Measured(host, request.param)


def different(results: Measured, columns: list[str]) -> dict[str, Any]:
    found, documented = results.found, results.documented
    pairs = {
        (row, name): (documented.said(row, name), found.said(row, name)) for row in rows() for name in columns
    }
    return {f"{row.id}, {name}": pair for (row, name), pair in pairs.items() if pair[0] != pair[1]}


def test_nothing_is_unknown(results: Measured) -> None:
    unknown = {
        (row.id, name)
        for row in rows()
        for name in results.found.columns
        if results.found.said(row, name) == UNKNOWN
    }
    assert not unknown


def test_our_profiles_are_as_documented(results: Measured) -> None:
    for name in ("engine", "runtime", "libseccomp", "capabilities"):
        if results.found.about[name] != results.documented.about[name]:
            pytest.skip(f"another {name} than documented: {results.found.about[name]}")
    ours = [name for name in results.found.columns if name not in (KERNEL, DEFAULT, DEFAULT + PRIVILEGED)]
    assert len(ours) == 4
    assert not different(results, ours), HOW


def test_the_engines_profile_is_as_documented(results: Measured) -> None:
    if results.found.about["engine"] != results.documented.about["engine"]:
        pytest.skip(f"engine {results.found.about['engine']} is not the one documented")
    assert not different(results, [DEFAULT, DEFAULT + PRIVILEGED]), HOW


def test_the_kernel_is_as_documented_but_for_calls_that_it_lacks(results: Measured) -> None:
    if results.found.about["kernel"] != results.documented.about["kernel"]:
        pytest.skip(f"kernel {results.found.about['kernel']} is not the one documented")
    lacking = {name: pair for name, pair in different(results, [KERNEL]).items() if "ENOSYS" not in pair}
    assert not lacking, HOW


def test_every_call_of_a_guard_was_kept_from_the_kernel(results: Measured) -> None:
    kept = {row.id for row in rows() if results.found.said(row, KERNEL) == "not called"}
    assert kept == GUARDED


def test_strict_never_lets_more_through(results: Measured) -> None:
    for suffix in ("", PRIVILEGED):
        for row in rows():
            _, baseline, strict = results.found.pattern(row, suffix)
            assert not (strict == ALLOWED and baseline != ALLOWED), (row.id, suffix)


def test_no_capability_adds_to_strict(results: Measured) -> None:
    added = {
        row.id for row in rows() if results.found.pattern(row)[2] != results.found.pattern(row, PRIVILEGED)[2]
    }
    assert not added


def test_strict_ends_whoever_takes_another_entry(results: Measured) -> None:
    other = [row for row in rows() if row.abi in (I386, X32)]
    assert len(other) > 10
    assert {results.found.said(row, "strict") for row in other} == {KILLED}
    # The engine's own leaves both open, as far as the kernel has them.
    assert results.found.said(next(row for row in other if row.id == "i386 getpid"), DEFAULT) == ALLOWED


def test_what_a_service_lives_on_is_let_through(results: Measured) -> None:
    alive = {
        "read",
        "openat",
        "execve",
        "clone(SIGCHLD)",
        "futex",
        "accept4",
        "mmap",
        "socket(AF_INET, SOCK_STREAM)",
        "exit_group",
    }
    found = {row.id: results.found.pattern(row) for row in rows() if row.id in alive and row.abi == NATIVE}
    assert set(found) == alive
    assert set(found.values()) == {(ALLOWED,) * 3}


def test_measuring_leaves_nothing_behind(results: Measured) -> None:
    before, after = results.leftovers
    assert before == after
