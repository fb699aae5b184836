"""The tables of the attacks: what each came to on a host as it comes, a careless and a hardened one.

The outcomes are measured by tests/e2e/test_prove.py and kept in compliance/docs/attack-probes.json. Those
of a whole machine, which `./nox -s vm` attacks, are in attack-probes-machine.json beside it (written by
molecule/vm/proved.py); without it there is no column of them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from docs.data import Rows
from docs.markdown import paragraph, table
from hullguard.errors import InputError
from hullguard.prove.base import BLOCKED, SUCCEEDED, Probe
from hullguard.prove.battery import PROBES
from hullguard.prove.places import PLACES

STATES = ("default", "careless", "hardened")
FAMILIES = {
    "host_files": "Files of the host",
    "privileges": "Privileges",
    "engine_access": "The engine",
    "kernel_calls": "System calls",
    "kernel_files": "The kernel's files",
    "network": "Network",
    "data": "Secrets of others",
    "supply": "Supply chain",
    "resources": "Resources (heavy)",
}
NOTHING = "nothing of ours"
Measured = Mapping[str, Any]


def lists(path: Path, threats: Rows) -> dict[str, Callable[[], str]]:
    """Return what makes each of the lists, by its marker's name. Raises InputError for stale results."""
    measured, machine = load(path), load_machine(path.with_name("attack-probes-machine.json"))
    titles = {threat["id"]: threat["title"] for threat in threats}
    return {
        "measured": lambda: summary(measured, machine),
        "places": lambda: places(),
        "attacks": lambda: "\n\n".join(section(family, measured, titles, machine) for family in FAMILIES),
    }


def load(path: Path) -> Measured:
    """Return the outcomes. Raises InputError when they are not those of the battery that there is now."""
    how = "run tests/e2e/test_prove.py with HULLGUARD_PROVE_RESULTS naming this file."
    return _measured(path, {probe.id for probe in PROBES}, how)


def load_machine(path: Path) -> Measured | None:
    """Return what came of the attacks on a machine; None where nobody has measured it.

    Raises InputError when they are not those of the battery, without the heavy ones, that there is now.
    """
    if not path.exists():
        return None
    how = "run ./nox -s vm, then .nox/vm/bin/python molecule/vm/proved.py."
    return _measured(path, {probe.id for probe in PROBES if not probe.heavy}, how)


def _measured(path: Path, wanted: set[str], how: str) -> Measured:
    measured: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if other := wanted ^ set(measured["probes"]):
        raise InputError(
            f"{path}: the battery has changed since it was measured ({', '.join(sorted(other))}): {how}"
        )
    return measured


def summary(measured: Measured, machine: Measured | None = None) -> str:
    """Say what was measured, and count."""
    rows = measured["probes"]

    def count(state: str, outcome: str) -> int:
        return sum(row[state] == outcome for row in rows.values())

    on = measured["measured_on"]
    about = [one for one in PROBES if one.slugs or one.roles]
    closed = [one for one in about if rows[one.id]["careless"] == SUCCEEDED]
    stopped = sum(rows[one.id]["hardened"] == BLOCKED for one in closed)
    authorized = sum(row.get("authorized") == BLOCKED for row in rows.values())
    text = paragraph(
        f"Measured on {on['os']}, engine {on['engine']}: of {len(rows)} attacks {count('default', SUCCEEDED)}"
        f" succeed on the host as it comes, {count('careless', SUCCEEDED)} on the careless one and"
        f" {count('hardened', SUCCEEDED)} on the hardened one. Of the {len(closed)} that a control or a role"
        f" is about and that succeed on the careless host, hardening stops {stopped},"
        f" and {authorized} are for an authorization plugin to stop: with a small one in front of the"
        " hardened host's engine they are blocked."
    )
    return text if machine is None else f"{text}\n\n{_of_machine(machine)}"


def _of_machine(machine: Measured) -> str:
    on, rows = machine["measured_on"], machine["probes"].values()
    before, after = (sum(row[moment] == SUCCEEDED for row in rows) for moment in ("before", "after"))
    return paragraph(
        f"On a virtual machine ({on['os']}, kernel {on['kernel']}, engine {on['engine']}, AppArmor in force)"
        f" {before} of {len(rows)} succeed before `playbooks/site.yml` and {after} after it and a reboot."
    )


def places() -> str:
    """Where attacks are made from."""
    used = {probe.place for probe in PROBES}
    return table(("from", "which is"), ((f"`{name}`", PLACES[name].words) for name in PLACES if name in used))


def section(
    family: str, measured: Measured, titles: Mapping[str, str], machine: Measured | None = None
) -> str:
    """One family's table."""
    of_machine = None if machine is None else machine["probes"]
    rows = [
        _row(probe, measured["probes"][probe.id], titles, of_machine)
        for probe in PROBES
        if probe.family == family
    ]
    header = ("attack", "threat", "from", "as it comes", "careless", "hardened")
    last = ("stopped by",) if machine is None else ("a machine before and after", "stopped by")
    return f"### {FAMILIES[family]}\n\n{table((*header, *last), rows)}"


def _loud(outcome: str) -> str:
    return f"**{outcome}**" if outcome == SUCCEEDED else outcome


def _row(
    probe: Probe, row: Mapping[str, Any], titles: Mapping[str, str], machine: Mapping[str, Any] | None
) -> tuple[str, ...]:
    outcomes = [_loud(row[state]) for state in STATES]
    if machine is not None:
        seen = machine.get(probe.id)
        outcomes.append(f"{_loud(seen['before'])}, {_loud(seen['after'])}" if seen else "not tried")
    return (
        f"`{probe.id}`: {probe.tries}", titles[probe.threat], f"`{probe.place}`", *outcomes,
        stopped(probe, row),
    )  # fmt: skip


def stopped(probe: Probe, row: Mapping[str, Any]) -> str:
    """What stops an attack: the default of engine or kernel where it was blocked at first, then ours."""
    parts = []
    if row["default"] == BLOCKED:
        parts.append("not in the kernel it was tried on" if row.get("absent") else "the default")
    tried = " (one was tried)" if row.get("authorized") == BLOCKED else ""
    parts += [
        f"`{name}`{tried if name == 'authorization_plugin' else ''}" for name in (*probe.slugs, *probe.roles)
    ]
    own = ", ".join(f"`{slug}`" for slug in probe.per_container)
    return "; ".join(filter(None, [", ".join(parts), f"for a container {own}" if own else ""])) or NOTHING
