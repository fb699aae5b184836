"""The battery: every probe, family by family. Each module holds one family's probes as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from hullguard.catalogue import load_controls
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
    """Return the probes that `only` names by id, family, control or role, all when it names none.

    Heavy ones are among them only with `heavy`; there may be none without. Raises InputError for a name that
    nobody knows.
    """
    wanted = list(only)
    by_role = claims() if any(name.startswith("docker_") for name in wanted) else {}
    names = {probe.id: probe.names() | by_role.get(probe.id, frozenset()) for probe in PROBES}
    known = frozenset().union(*names.values())
    for name in wanted:
        if name not in known:
            raise unknown_name(
                "probe, family of probes, or control or role that a probe is about", name, known
            )
    chosen = [probe for probe in PROBES if not wanted or names[probe.id] & set(wanted)]
    return [probe for probe in chosen if heavy or not probe.heavy]


def claims() -> Mapping[str, frozenset[str]]:
    """Return {probe: roles that claim to stop it}: beyond any control, or by one that they bring about."""
    controls = load_controls(slug for probe in PROBES for slug in probe.slugs)
    return {
        probe.id: frozenset(probe.roles)
        | {role for slug in probe.slugs if (role := controls[slug].fixed_by) is not None}
        for probe in PROBES
    }


def described(probe: Probe) -> dict[str, Any]:
    """Return everything about a probe that does not depend on a run, JSON-ready."""
    return {**asdict(probe), "place": PLACES[probe.place].words}
