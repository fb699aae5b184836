"""The demo's attacks: `hullguard prove` on its host, before and after, and whom they contradict."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hullguard.prove import battery
from hullguard.reports.attacks import contradicted
from hullguard.reports.table_attacks import print_contradictions
from hullguard.reports.table_parts import console_for
from lab import LabError, carry
from lab.place import Place

Document = dict[str, Any]
# Whether a workload bears these has to be looked at first.
UNUSUAL = "docker_seccomp and docker_userns"
# On the host, readable by root only, like everything else that is brought there.
RESULT = f"{carry.HOME}/prove.json"


def carry_out(host: Place, folder: Path) -> Document:
    """Attack the host with the whole battery but what is heavy; the result is kept in a folder as prove.json.

    Raises LabError when it could not be done.
    """
    host.unpack(carry.archive())
    host.run(
        *(carry.COMMAND, "prove", "--name", host.name, "--patience", str(host.patience)),
        *("--format", "json", "--output", RESULT, "--fail-on", "never"),
    )
    document: Document = json.loads(host.run("cat", RESULT))
    (folder / "prove.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print("  " + counts(document))
    return document


def counts(document: Mapping[str, Any]) -> str:
    """Return how many attacks came to what, in words."""
    said = ", ".join(f"{number} {outcome}" for outcome, number in document["summary"].items())
    return f"{len(document['probes'])} attacks in {document['seconds']:.0f} s: {said}"


def show(before: Mapping[str, Any], after: Mapping[str, Any], joined: Mapping[str, Any]) -> None:
    """Print what an attacker could do and still can, and where the configuration says otherwise, loudest."""
    earlier, later = _outcomes(before), _outcomes(after)
    claims = battery.claims()
    stopped = [name for name in later if (earlier[name], later[name]) == ("succeeded", "blocked")]
    print(f"\nAttacks before  {counts(before)}\n        after   {counts(after)}")
    print(f"\n{len(stopped)} attacks that worked before are stopped:")
    for who, names in _by(stopped, after, claims).items():
        print(f"  {who:<41} {', '.join(names)}")
    left = [name for name, outcome in later.items() if outcome == "succeeded"]
    print(f"\n{len(left)} attacks still work. What claims to stop them ({UNUSUAL} only when asked for):")
    for who, names in _by(left, after, claims).items():
        print(f"  {who:<41} {', '.join(names)}")
    sys.stdout.flush()
    lies = [row["id"] for row in contradicted(joined["hosts"][0])]
    if lies:
        print_contradictions(console_for(sys.stdout), joined["hosts"])
    else:
        met = _stances(joined).get("confirmed", 0)
        print(f"\nAttack and configuration agree: {met} controls confirmed by attack, none contradicted.")


def verify(before: Mapping[str, Any], after: Mapping[str, Any], joined: Mapping[str, Any]) -> None:
    """Raise LabError when an attack contradicts a control, is new, or when none was stopped."""
    earlier, later = _outcomes(before), _outcomes(after)
    if lies := [row["id"] for row in contradicted(joined["hosts"][0])]:
        raise LabError(f"the configuration meets these, and an attack worked all the same: {', '.join(lies)}")
    worse = [name for name in later if later[name] == "succeeded" and earlier[name] == "blocked"]
    if worse:
        raise LabError(f"attacks that work only since the host was hardened: {', '.join(worse)}")
    if not any(later[name] == "blocked" and earlier[name] == "succeeded" for name in later):
        raise LabError("hardening has stopped no attack")


def _outcomes(document: Mapping[str, Any]) -> dict[str, str]:
    return {row["id"]: row["outcome"] for row in document["probes"]}


def _by(
    names: list[str], document: Mapping[str, Any], claims: Mapping[str, frozenset[str]]
) -> dict[str, list[str]]:
    """Return probes by the control, with the role for it, that claims to stop them; most first."""
    found: dict[str, list[str]] = {}
    for row in document["probes"]:
        if row["id"] in names:
            found.setdefault(_whose(row, claims[row["id"]]), []).append(row["id"])
    return dict(sorted(found.items(), key=lambda pair: -len(pair[1])))


def _whose(row: Mapping[str, Any], roles: frozenset[str]) -> str:
    if row["slugs"]:
        return " ".join((row["slugs"][0], *(f"({role})" for role in sorted(roles - set(row["roles"])))))
    if row["roles"]:
        return f"({' or '.join(row['roles'])})"
    return f"{row['per_container'][0]}, per container" if row["per_container"] else "nothing of ours"


def _stances(joined: Mapping[str, Any]) -> dict[str, int]:
    rows = [row["attack"]["stance"] for row in joined["hosts"][0]["results"] if "attack" in row]
    return {stance: rows.count(stance) for stance in rows}
