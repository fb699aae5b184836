"""One host's evidence with everything that several controls need, translated once."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from hullguard.effective import Unseen, complete, member
from hullguard.spec import Spec, inspect
from hullguard.spec.image import image
from hullguard.spec.swarm import swarm


class EngineContext:
    """One engine of a host."""

    def __init__(
        self, engine: Mapping[str, Any], evidence: Mapping[str, Any], params: Mapping[str, Any]
    ) -> None:
        self.raw, self._evidence, self._params = engine, evidence, params
        self.name = str(engine.get("name", "engine"))

    def listed(self, kind: str) -> list[Mapping[str, Any]]:
        """Return the engine's objects of a kind. Raises Unseen when they were not collected at all."""
        rows = self.raw.get(kind)
        if not isinstance(rows, list):
            raise Unseen(
                f"the {kind} of engine {self.name} were not seen: {self.raw.get('error') or 'not collected'}"
            )
        return [row for row in rows if isinstance(row, Mapping)]

    def complete(self, kind: str) -> bool:
        """Return whether every object of a kind was seen."""
        return complete(self.raw, kind)

    @cached_property
    def inspect_context(self) -> inspect.Context:
        """What this engine's containers share."""
        return inspect.Context(self.raw, self._evidence)

    @cached_property
    def containers(self) -> list[Spec]:
        """Normalized containers, sorted by name. Raises Unseen."""
        allowed = self._params["allowed_capabilities"]
        return inspect.containers(self.listed("containers"), self.inspect_context, allowed)

    @cached_property
    def images(self) -> list[Spec]:
        """Normalized images, sorted by name. Raises Unseen."""
        return sorted((image(raw) for raw in self.listed("images")), key=lambda spec: str(spec["name"]))

    @cached_property
    def swarm(self) -> Spec:
        """Normalized swarm facts."""
        return swarm(self.raw, self._evidence)


class HostContext:
    """A host's evidence, its engines and the parameters that it is judged by."""

    def __init__(self, evidence: Mapping[str, Any], params: Mapping[str, Any]) -> None:
        self.evidence, self.params = evidence, params

    @cached_property
    def engines(self) -> list[EngineContext]:
        """Every engine of the host. Raises Unseen when there is none in the evidence."""
        rows = self.evidence.get("engines")
        if not isinstance(rows, list) or not rows:
            raise Unseen(f"no engine was seen: {self.first_error('')}")
        # A row that is none is still an engine, of which nothing was seen.
        found = [row if isinstance(row, Mapping) else {} for row in rows]
        return [EngineContext(row, self.evidence, self.params) for row in found]

    def first_error(self, what: str) -> str:
        """Return why something could not be seen, in the collector's words."""
        errors = self.evidence.get("errors")
        for row in errors if isinstance(errors, list) else []:
            if isinstance(row, Mapping) and str(row.get("what", "")).startswith(what):
                return str(row.get("reason", ""))
        return "not in the evidence"

    def fact(self, name: str, kind: type) -> Any:
        """Return a top-level member of the evidence. Raises Unseen when it is absent or of another type."""
        value = self.evidence.get(name)
        if not isinstance(value, kind):
            raise Unseen(f"{name.replace('_', ' ')}: {self.first_error(name)}")
        return value

    def existing(self, target: str) -> list[Mapping[str, Any]]:
        """Return the facts of a target's files that exist. Raises Unseen when they could not be looked at."""
        rows = self.fact("files", dict).get(target)
        if not isinstance(rows, list) or not all(isinstance(member(row, "exists"), bool) for row in rows):
            raise Unseen(f"{target.replace('_', ' ')}: {self.first_error('files.' + target)}")
        return [row for row in rows if row["exists"]]
