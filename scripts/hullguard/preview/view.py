"""What the table and the Markdown of a preview have in common: effects grouped, changes in one line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hullguard.preview.vocabulary import LEVELS, UNKNOWN

MEANT = {
    "now": "now", "started": "when started", "recreated": "when made anew", "login": "at login",
    "pending": "pending",
}  # fmt: skip

ORDER = {when: place for place, when in enumerate(MEANT)}


@dataclass(frozen=True, slots=True)
class Group:
    """Things of one kind to which the same happens, for the same reason."""

    effect: str
    certainty: str
    when: str
    risk: str
    kind: str
    names: tuple[str, ...]
    detail: str

    @property
    def lead(self) -> str:
        """Return what happens, how surely and when."""
        return f"{self.certainty} {MEANT.get(self.when, self.when)}: {self.effect.replace('_', ' ')}"


def grouped(effects: Iterable[Mapping[str, Any]]) -> list[Group]:
    """Return effects by what happens, the heaviest first; names are sorted."""
    found: dict[tuple[str, str, str, str, str, str], list[str]] = {}
    for row in effects:
        key = (row["effect"], row["certainty"], row["when"], row["risk"], row["kind"], row["detail"])
        found.setdefault(key, []).append(str(row["name"]))
    groups = [
        Group(effect, certainty, when, risk, kind, tuple(sorted(names)), detail)
        for (effect, certainty, when, risk, kind, detail), names in found.items()
    ]
    return sorted(
        groups, key=lambda g: (-rank(g.risk), ORDER[g.when], g.certainty != "will", g.effect, g.kind, g.names)
    )


def rank(risk: str) -> int:
    """Return how high a level is; unknown is above all."""
    return len(LEVELS) if risk == UNKNOWN else LEVELS.index(risk)


def change_text(change: Mapping[str, Any]) -> str:
    """Return a change in one line: + added, - removed, ~ changed."""
    before, after = change["before"], change["after"]
    if before is None:
        return f"+ {change['what']}: {shown(after)}"
    if after is None:
        return f"- {change['what']}: {shown(before)}"
    return f"~ {change['what']}: {shown(before)} -> {shown(after)}"


def configuration_lines(row: Mapping[str, Any]) -> list[str]:
    """Return the difference of daemon.json, one key a line."""
    rows = [("+", key, shown(value)) for key, value in row["added"].items()]
    rows += [
        ("~", key, f"{shown(value['before'])} -> {shown(value['after'])}")
        for key, value in row["changed"].items()
    ]
    rows += [("-", key, shown(value)) for key, value in row["removed"].items()]
    return [f"{sign} {key}: {text}" for sign, key, text in sorted(rows, key=lambda entry: entry[1])]


def shown(value: Any) -> str:
    """Return a value as JSON, a text as it is."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def steps(host: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what is planned, controls and besides, the heaviest first."""
    rows = [row for row in [*host["controls"], *host["besides"]] if row["planned"]]
    return sorted(rows, key=lambda row: -rank(row["risk"]))


def known(row: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return a control's effects but for its own text, which stands beside it anyway."""
    return [effect for effect in row["effects"] if effect["effect"] != "unexamined"]


def restart_text(host: Mapping[str, Any]) -> str:
    """Return in one line whether the engine restarts and why."""
    restart = host["restart"]
    if restart["needed"] is False:
        return "The engine does not restart."
    reasons = "; ".join(restart["reasons"]) or "what daemon.json holds was not seen"
    kept = (
        "live-restore keeps containers running" if restart["keeps_containers"] else "containers stop with it"
    )
    verb = "restarts once" if restart["needed"] else "may restart"
    return f"The engine {verb} ({reasons}); {kept}."
