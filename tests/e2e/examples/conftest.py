from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples_support import host as examples

from lab import engine

# Debian's, by the package that brings them. Where one could not be had, what needs it says so and is skipped.
SIGNING = {
    "cosign": "cosign",
    "notation": "notation",
    "notary": "notary",
    "notary-server": "notary",
}


@pytest.fixture(scope="session")
def host() -> Iterator[examples.ExampleHost]:
    """One host for all examples; each takes away what it started."""
    tools = os.environ.get("HULLGUARD_TOOLS")
    programs = ("hadolint", "trivy")
    with examples.running(engine.ensure(), Path(tools) if tools else None, programs) as host:
        for program, package in SIGNING.items():
            # Not what is in bin: that calls the program where it was unpacked.
            path = Path(tools or "", "..", "debian", package, "usr", "bin", program)
            if path.is_file():
                host.put(path, f"/usr/local/bin/{program}", 0o755)
        yield host


@pytest.fixture(scope="session")
def bases(host: examples.ExampleHost) -> None:
    """The base images that the examples build on, in the host's registry on loopback."""
    host.output(f"sh {examples.HOME}/examples/images/bases.sh")
