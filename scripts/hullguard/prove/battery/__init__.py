"""The battery: every probe, family by family. Each module holds one family's probes as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from hullguard.errors import unknown_name
from hullguard.prove.base import Probe
from hullguard.prove.battery import (
    data,
    engine_access,
    host_files,
    kernel_calls,
    kernel_files,
    network,
    privileges,
    resources,
    supply,
)
from hullguard.prove.places import PLACES

PROBES: tuple[Probe, ...] = (
    *host_files.PROBES, *privileges.PROBES, *engine_access.PROBES, *kernel_calls.PROBES, *kernel_files.PROBES,
    *network.PROBES, *data.PROBES, *supply.PROBES, *resources.PROBES,
)  # fmt: skip


def select(only: Iterable[str] = (), *, heavy: bool = False) -> list[Probe]:
    """Return the probes that `only` names by id, family or control, all when it names none.

    Heavy ones are among them only with `heavy`. Raises InputError for a name that nobody knows, and for one
    whose probes are all heavy.
    """
    wanted = list(only)
    known = {name for probe in PROBES for name in probe.names()}
    for name in wanted:
        if name not in known:
            raise unknown_name("probe, family of probes or control that a probe is about", name, known)
    chosen = [probe for probe in PROBES if not wanted or probe.names() & set(wanted)]
    return [probe for probe in chosen if heavy or not probe.heavy]


def described(probe: Probe) -> dict[str, Any]:
    """Return everything about a probe that does not depend on a run, JSON-ready."""
    return {**asdict(probe), "place": PLACES[probe.place].words}
