"""Measure a throwaway host's system calls, and keep what came of it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import docker
from examples_support.host import HOME, ROOT, ExampleHost

from docs import seccomp
from lab import hosts

FILE = ROOT / "compliance/docs/seccomp-syscalls.json"


@contextmanager
def host(client: docker.DockerClient, suite: str) -> Iterator[ExampleHost]:
    """Yield a host as it comes, with this checkout's package; it is gone afterwards."""
    container, _ = hosts.up(client, f"hullguard-syscalls-{uuid.uuid4().hex[:8]}", suite)
    try:
        found = ExampleHost(container)
        found.put(ROOT / "scripts/hullguard", f"{HOME}/scripts/hullguard")
        yield found
    finally:
        hosts.remove(container)


def measure(found: ExampleHost) -> dict[str, Any]:
    """Return what hullguard.syscalls measures there, of the engine's profile and ours."""
    profiles = {name: json.dumps(seccomp.profile(ROOT, name)) for name in seccomp.CHAINS}
    found.write(json.dumps({"profiles": profiles}), "/opt/ask.json")
    text = found.output(f"cd {HOME}/scripts; python3 -m hullguard.syscalls < /opt/ask.json")
    document: dict[str, Any] = json.loads(text)
    return document


def keep(suite: str, measured: dict[str, Any]) -> None:
    """Write a suite's results beside those of the others."""
    before = json.loads(FILE.read_text(encoding="utf-8"))["hosts"] if FILE.exists() else {}
    # Each host's own: those that are not measured this time may be of other profiles.
    digests = {name: seccomp.digest(ROOT, name) for name in seccomp.CHAINS}
    document = {"hosts": dict(sorted((before | {suite: {"profiles": digests, **measured}}).items()))}
    FILE.write_text(laid_out(document), encoding="utf-8")


def laid_out(document: Any, depth: int = 0) -> str:
    """Return JSON with a line for each call."""
    if not isinstance(document, dict):
        return json.dumps(document)
    inner = " " * (depth + 1)
    lines = (f"{inner}{json.dumps(key)}: {laid_out(value, depth + 1)}" for key, value in document.items())
    return "{\n" + ",\n".join(lines) + "\n" + " " * depth + "}" + ("" if depth else "\n")
