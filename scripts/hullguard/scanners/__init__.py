"""Scanners: one module per tool, registered by name and imported only when used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from hullguard.errors import unknown_name

if TYPE_CHECKING:
    from hullguard.scanners.base import Scanner

NAMES = (
    "checkov",
    "compose-lint",
    "cosign",
    "detect-secrets",
    "docker-bench",
    "docker-scout",
    "gitleaks",
    "grype",
    "hadolint",
    "lynis",
    "syft",
    "trivy",
)


def load(name: str) -> Scanner:
    """Return a scanner. Raises InputError for an unknown name."""
    if name not in NAMES:
        raise unknown_name("scanner", name, NAMES)
    module = import_module(f"hullguard.scanners.{name.replace('-', '_')}")
    return cast("Scanner", module.SCANNER)


def handling(kind: str, only: tuple[str, ...] = ()) -> list[Scanner]:
    """Return the scanners for a kind of target, sorted by name; of the optional ones those in `only`.

    Raises InputError for an unknown name, or one that does not take that kind.
    """
    from hullguard.errors import InputError

    chosen = [load(name) for name in sorted(set(only) or NAMES)]
    if wrong := [s.name for s in chosen if only and kind not in s.handles]:
        fits = [name for name in NAMES if kind in load(name).handles]
        raise InputError(f"{', '.join(wrong)} can't scan {kind}: {', '.join(fits)} can.")
    return [s for s in chosen if kind in s.handles and (only or not s.optional)]
