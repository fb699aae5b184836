"""When a control applies at all: the words after `applies:`."""

from __future__ import annotations

from hullguard.effective import Unseen, member
from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.spec.swarm import active


def excluded(condition: str | None, host: HostContext, engine: EngineContext) -> str | None:
    """Return why a control does not apply to this engine, or None when it does. Raises Unseen."""
    if condition is None:
        return None
    if condition == "swarm_active":
        return None if active(engine.raw) else "Swarm mode is off."
    if condition == "swarm_inactive":
        return "Swarm mode is on: it excludes this option." if active(engine.raw) else None
    mode = member(host.evidence, "host", "selinux", "mode")
    if not isinstance(mode, str):
        raise Unseen("which security module the kernel runs was not seen")
    if condition == "selinux_host":
        return None if mode in ("enforcing", "permissive") else "This host does not use SELinux."
    if condition == "apparmor_host":
        return "This host uses SELinux in place of AppArmor." if mode in ("enforcing", "permissive") else None
    raise KeyError(condition)
