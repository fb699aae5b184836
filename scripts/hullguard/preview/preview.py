"""The preview: evidence, a plan and a choice of roles in, one document out. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from hullguard import __version__
from hullguard.audit import Plan, results
from hullguard.collect import redact
from hullguard.preview import rules as _rules  # noqa: F401 (registers them)
from hullguard.preview import userns
from hullguard.preview.changes import as_row, changes
from hullguard.preview.model import MAYBE, NOW, Choice, Effect
from hullguard.preview.registry import BESIDE, DAMAGED, RULES, Beside
from hullguard.preview.restart import Restart, restart
from hullguard.preview.situation import Situation
from hullguard.preview.vocabulary import EXIT_CODES, LEVELS, UNKNOWN, weight, worst
from hullguard.verdict import NOT_APPLICABLE, PASS, Result

SCHEMA = "hullguard/preview/1"
Chosen = tuple[Plan, Choice]


def preview(
    documents: Iterable[Mapping[str, Any]], chosen: Callable[[str], Chosen], generated_at: str
) -> dict[str, Any]:
    """Return the preview of all hosts, JSON-ready, of schema hullguard/preview/1.

    `chosen` gives a host's plan and choice by its name; `generated_at` is an ISO 8601 time.
    """
    hosts = [one_host(evidence, *chosen(str(evidence["host"]["name"]))) for evidence in documents]
    return {
        "schema": SCHEMA,
        "tool": {"name": "hullguard", "version": __version__},
        "generated_at": generated_at,
        "risk": worst(row["risk"] for row in hosts),
        "hosts": sorted(hosts, key=lambda row: row["name"]),
    }


def one_host(evidence: Mapping[str, Any], plan: Plan, choice: Choice) -> dict[str, Any]:
    """Return what would happen to one host; of evidence that can't be read, that nothing can be told."""
    try:
        return seen(evidence, plan, choice)
    except DAMAGED as error:
        reason = f"the evidence has an unexpected form: {type(error).__name__}: {error}"
        nothing = {key: evidence[key] for key in ("schema", "host", "collected_at")}
        engines = [{"name": "system", "rootless": False, "error": reason}]
        return seen({**nothing, "engines": engines, "errors": []}, plan, choice, reason)


def seen(
    evidence: Mapping[str, Any], plan: Plan, choice: Choice, damage: str | None = None
) -> dict[str, Any]:
    """Return what would happen to one host. Raises what DAMAGED lists."""
    situation = Situation(evidence, plan, choice)
    engine_restart = restart(situation)
    controls = [
        row
        for result in results(evidence, plan)
        if (row := control_row(situation, result, engine_restart)) is not None
    ]
    besides = [] if choice.single else [row for part in BESIDE if (row := beside_row(situation, part))]
    refusals = [*engine_restart.refusals, *userns.refusals(situation)]
    levels = [row["risk"] for row in [*controls, *besides] if row["planned"]]
    levels += map(weight, engine_restart.effects)
    unseen = [damage] if damage else situation.unseen
    return {
        "name": str(evidence["host"]["name"]),
        "collected_at": str(evidence["collected_at"]),
        "engine": situation.version or None,
        "benchmark": plan.benchmark.name,
        "profile": plan.profile.name,
        "roles": sorted(choice.roles),
        "variables": redact(dict(sorted(choice.variables.items()))),
        "risk": worst([*levels, UNKNOWN] if unseen else levels),
        "unseen": unseen,
        "refusals": [{"role": r.role, "reason": r.reason, "objects": list(r.objects)} for r in refusals],
        "restart": {
            "needed": engine_restart.needed,
            "reasons": list(engine_restart.reasons),
            "keeps_containers": engine_restart.kept,
            "effects": effect_rows(engine_restart.effects),
        },
        "daemon_json": configuration_row(situation),
        "controls": controls,
        "besides": besides,
    }


def control_row(situation: Situation, result: Result, engine_restart: Restart) -> dict[str, Any] | None:
    """Return what happens for one control, or None when no chosen role has anything to do for it."""
    control = situation.controls.get(result.id)
    if control is None or not situation.reached(control):
        return None
    planned, written = situation.planned(control), changes(situation, control)
    effects = sorted(set(examine(situation, control.id, control.breaks, planned=planned)))
    if result.verdict in (PASS, NOT_APPLICABLE) and not written:
        return None
    known = control.id in RULES
    return {
        "id": control.id,
        "number": result.number,
        "title": control.title,
        "severity": control.severity,
        "role": control.fixed_by,
        "verdict": result.verdict,
        "planned": planned,
        "needs": situation.needs(control),
        "rule": known,
        "restarts_engine": engine_restart.needed is not False
        and any(change.kind == "daemon_json" for change in written),
        "changes": [as_row(change) for change in written],
        "effects": effect_rows(effects),
        "risk": worst(map(weight, effects)),
        "breaks": control.breaks,
    }


def examine(situation: Situation, slug: str, breaks: str, *, planned: bool) -> list[Effect]:
    """Return a control's effects; its text as a maybe where there is no rule, where the evidence is damaged,
    or where it depends on variables that nobody has given.
    """
    text = Effect("unexamined", MAYBE, NOW, "host", str(situation.evidence["host"]["name"]), breaks)
    if slug not in RULES:
        return [text]
    try:
        found = list(RULES[slug](situation))
    except DAMAGED as error:
        return [replace(text, detail=f"{breaks} (not seen: {error})")]
    return found or ([] if planned else [text])


def beside_row(situation: Situation, part: Beside) -> dict[str, Any] | None:
    """Return what happens for something that a role does beside the controls, or None."""
    if part.role not in situation.choice.roles:
        return None
    written = list(part.changes(situation))
    if not written:
        return None
    try:
        effects = sorted(set(part.effects(situation)))
    except DAMAGED as error:
        name = str(situation.evidence["host"]["name"])
        effects = [Effect("unexamined", MAYBE, NOW, "host", name, f"not seen: {error}")]
    return {
        "id": part.id,
        "title": part.title,
        "role": part.role,
        "planned": True,
        "changes": [as_row(change) for change in written],
        "effects": effect_rows(effects),
        "risk": worst(map(weight, effects)),
    }


def effect_rows(effects: Iterable[Effect]) -> list[dict[str, Any]]:
    """Return effects, JSON-ready and sorted, each with its risk."""
    return [{**asdict(effect), "risk": weight(effect)} for effect in sorted(effects)]


def configuration_row(situation: Situation) -> dict[str, Any]:
    """Return daemon.json's keys that are added, changed and removed, and the merged whole."""
    config = situation.config
    before, after = config.before, config.after
    return {
        "path": config.path,
        "added": {key: after[key] for key in config.keys if key not in before},
        "changed": {
            key: {"before": before[key], "after": after[key]}
            for key in config.keys
            if key in before and key in after
        },
        "removed": {key: before[key] for key in config.keys if key not in after},
        "result": dict(sorted(after.items())),
    }


def exit_code(document: Mapping[str, Any], fail_on_risk: str | None) -> int:
    """Return 0, or the code of the worst risk at or above the threshold; unknown counts as high."""
    if fail_on_risk is None:
        return 0
    found = {
        LEVELS[-1] if host["risk"] == UNKNOWN else host["risk"] for host in document["hosts"] if touched(host)
    }
    counted = [level for level in LEVELS[LEVELS.index(fail_on_risk) :] if level in found]
    return EXIT_CODES[counted[-1]] if counted else 0


def touched(host: Mapping[str, Any]) -> bool:
    """Return whether anything would happen to a host, or can't be told."""
    planned = [row for row in [*host["controls"], *host["besides"]] if row["planned"]]
    return bool(planned or host["restart"]["needed"] is not False or host["unseen"])
