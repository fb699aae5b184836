"""What rules give: effects on things, changes of the host, refusals of roles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

WILL, MAYBE = "will", "maybe"
NOW, STARTED, RECREATED, LOGIN, PENDING = "now", "started", "recreated", "login", "pending"


@dataclass(frozen=True, slots=True, order=True)
class Effect:
    """What happens to one thing: `effect`, `certainty` and `when` are words of the vocabulary."""

    effect: str
    certainty: str
    when: str
    kind: str
    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """What a role writes: `kind` is daemon_json, file, audit_rule, group or system; None is nothing there."""

    kind: str
    what: str
    before: Any
    after: Any

    def key(self) -> tuple[str, str, str]:
        """Return what changes are sorted by."""
        return self.kind, self.what, str(self.after)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a role would end the play for this host, and what is in its way."""

    role: str
    reason: str
    objects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What a host's inventory chooses: roles, the roles' variables, and whether single controls were asked
    for (then what roles do beside the controls is left out, as in the roles).
    """

    roles: frozenset[str]
    variables: Mapping[str, Any] = field(default_factory=dict)
    single: bool = False

    def variable(self, name: str, default: Any) -> Any:
        """Return a role's variable, or its default."""
        value = self.variables.get(name, default)
        if isinstance(default, bool) and isinstance(value, str):  # -e on a command line gives texts
            return value.lower() in ("1", "true", "yes", "on")
        return value
