"""One host as the rules see it: its engine, its containers, and what the chosen roles want of daemon.json."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from hullguard.audit import Plan
from hullguard.catalogue import Control
from hullguard.effective import Unseen, complete, flags, member
from hullguard.evaluate import HostContext
from hullguard.preview.configuration import Configuration, configuration
from hullguard.preview.fragments import NETWORK_KEYS
from hullguard.preview.model import Choice
from hullguard.spec import Spec
from hullguard.spec.swarm import active

Container = Mapping[str, Any]
RUNNING = ("running", "paused", "restarting")


class Situation:
    """A host's evidence, what is chosen for it, and what follows. Roles rule the system's engine."""

    def __init__(self, evidence: Mapping[str, Any], plan: Plan, choice: Choice) -> None:
        self.evidence, self.plan, self.choice = evidence, plan, choice
        self.context = HostContext(evidence, plan.profile.params)
        rows = evidence.get("engines")
        engines = [row for row in (rows if isinstance(rows, list) else []) if isinstance(row, Mapping)]
        self.engine: Mapping[str, Any] = next((row for row in engines if row.get("rootless") is False), {})

    @cached_property
    def unseen(self) -> list[str]:
        """Why effects may be missing; empty when all that the rules look at was seen."""
        if not self.engine:
            return [f"no engine of the system was seen: {self.context.first_error('')}"]
        found = [
            f"not all {kind} were seen: {self.context.first_error(str(self.engine.get('name')))}"
            for kind in ("containers", "images", "networks")
            if not complete(self.engine, kind)
        ]
        try:
            flags(self.engine)
        except Unseen as unseen:
            found.append(str(unseen))
        if self.config.reason:
            found.append(self.config.reason)
        return found

    @cached_property
    def containers(self) -> list[Container]:
        """Every container that was seen, by name."""
        rows = self.engine.get("containers")
        found = [row for row in (rows if isinstance(rows, list) else []) if isinstance(row, Mapping)]
        return sorted(found, key=name_of)

    @property
    def running(self) -> list[Container]:
        """Those that run, paused ones included."""
        return [row for row in self.containers if member(row, "State", "Status") in RUNNING]

    @cached_property
    def specs(self) -> dict[str, Spec]:
        """Normalized containers by name; joined namespaces are followed."""
        for engine in self.context.engines if self.engine else []:
            if engine.raw is self.engine:
                try:
                    return {str(spec["name"]): spec for spec in engine.containers}
                except Unseen:
                    return {}
        return {}

    @cached_property
    def controls(self) -> dict[str, Control]:
        """The profile's controls that a role brings about and that apply to this engine."""
        try:
            excluded = "swarm_inactive" if active(self.engine) else "swarm_active"
        except Unseen:  # the roles take an engine that is down to be in none
            excluded = "swarm_active"
        return {
            slug: control
            for slug, control in self.plan.controls.items()
            if control.fixed_by and control.applies != excluded
        }

    def planned(self, control: Control) -> bool:
        """Return whether a chosen role brings this control about with the variables that were given."""
        return self.reached(control) and not self.needs(control)

    def reached(self, control: Control) -> bool:
        """Return whether a chosen role has to do with this control."""
        roles = self.choice.roles
        shared = not self.choice.single and set(control.fix.get("daemon", {})) & set(NETWORK_KEYS)
        return control.fixed_by in roles or bool(shared and "docker_network" in roles)

    def needs(self, control: Control) -> dict[str, Any]:
        """Return the variables without which the role leaves the control alone, with an example of each."""
        wanted: Mapping[str, Any] = control.fix.get("with", {})
        return {name: value for name, value in wanted.items() if not self._given(name, value)}

    def _given(self, name: str, example: Any) -> bool:
        if isinstance(example, Mapping):
            value = self.choice.variable(name, {})
            return isinstance(value, Mapping) and bool(set(value) & set(example))
        return bool(self.choice.variable(name, False if isinstance(example, bool) else None))

    @cached_property
    def config(self) -> Configuration:
        """Daemon.json as it is and as the chosen roles would have it."""
        return configuration(self.engine, self.controls.values(), self.choice, set(self.controls))

    def changes(self, *keys: str) -> bool:
        """Return whether one of these keys of daemon.json changes."""
        return bool(set(keys) & set(self.config.keys))

    @property
    def live_restore(self) -> bool:
        """Whether the running engine would leave containers running while it restarts."""
        return member(self.engine, "info", "LiveRestoreEnabled") is True

    @property
    def version(self) -> str:
        """The engine's version, empty when it was not seen."""
        found = member(self.engine, "info", "ServerVersion")
        return found if isinstance(found, str) else ""


def name_of(container: Container) -> str:
    """Return a container's name without the slash."""
    return str(container.get("Name") or container.get("Id") or "?").lstrip("/")


def host_config(container: Container, key: str) -> Any:
    """Return a member of a container's HostConfig, or None."""
    found = member(container, "HostConfig", key)
    return found if member(container, "HostConfig") and key in container["HostConfig"] else None


def rows(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings of a list; nothing else is one."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def major(version: str) -> int:
    """Return the first number of a version; 0 when there is none."""
    head = version.split(".", 1)[0]
    return int(head) if head.isascii() and head.isdigit() else 0
