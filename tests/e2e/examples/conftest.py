from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples_support import host as examples

from lab import engine


@pytest.fixture(scope="session")
def host() -> Iterator[examples.ExampleHost]:
    """One host for all examples; each takes away what it started."""
    tools = os.environ.get("HULLGUARD_TOOLS")
    programs = ("hadolint", "trivy")
    with examples.running(engine.ensure(), Path(tools) if tools else None, programs) as host:
        yield host


@pytest.fixture(scope="session")
def bases(host: examples.ExampleHost) -> None:
    """The base images that the examples build on, in the host's registry on loopback."""
    host.output(f"sh {examples.HOME}/examples/images/bases.sh")
