"""Throwaway Docker hosts for the demo, Molecule and CI: an engine, host images, hosts."""

from __future__ import annotations

import sys

LABEL = "io.hullguard.lab"


class LabError(Exception):
    """Something a person can act on; the message says what and how."""


def say(message: str) -> None:
    """Report progress without touching stdout, which belongs to results."""
    print(f"lab: {message}", file=sys.stderr, flush=True)
