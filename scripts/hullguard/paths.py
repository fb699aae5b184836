"""Where the compliance data lies: beside the package in a checkout, inside it when installed from a wheel."""

from __future__ import annotations

from pathlib import Path


def compliance_dir() -> Path:
    """Return the folder that holds controls, benchmarks, profiles and schemas."""
    package = Path(__file__).resolve().parent
    checkout = package.parent.parent / "compliance"
    return checkout if checkout.is_dir() else package / "_compliance"
