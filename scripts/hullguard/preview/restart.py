"""The engine's one restart: why, whether containers go on, who comes back and how, what the role refuses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hullguard.effective import Unseen, member, number
from hullguard.evaluate.functions.host import numbers
from hullguard.preview.fragments import remapped
from hullguard.preview.model import MAYBE, NOW, WILL, Effect, Refusal
from hullguard.preview.situation import Container, Situation, host_config, name_of

LIMITS = "zz-hullguard-limits.conf"
# From here on live-restore spares containers with --rm; earlier engines remove them when they start
# (https://github.com/moby/moby/pull/46857; seen on 20.10).
SPARES_REMOVED = (24, 0, 8)


@dataclass(frozen=True, slots=True)
class Restart:
    """`needed` is None where the evidence can't tell; `kept`: live-restore keeps containers running."""

    needed: bool | None
    reasons: tuple[str, ...]
    kept: bool
    effects: tuple[Effect, ...]
    refusals: tuple[Refusal, ...]


def restart(situation: Situation) -> Restart:
    """Return what the roles' restart of the engine does."""
    config = situation.config
    reasons = [f"these options change: {', '.join(config.keys)}"] if config.keys else []
    reasons += _unread(situation) + _limits(situation) + _upgrade(situation)
    sure = bool(config.keys) or bool(reasons)
    needed = None if config.reason and not sure else sure
    kept = keeps(situation)
    moves = switches(situation)
    effects = (
        []
        if needed is False or moves
        else [e for c in situation.containers for e in _of(c, kept, situation.version)]
    )
    return Restart(needed, tuple(reasons), kept, tuple(effects), tuple(_refusals(situation, kept, needed)))


def keeps(situation: Situation) -> bool:
    """Return whether running containers go on: both engines need live-restore, and no role stops them."""
    config = situation.config
    on_line = member(situation.engine, "process", "flags", "live-restore")
    then = on_line if isinstance(on_line, bool) else config.after.get("live-restore", False)
    return situation.live_restore and then is True and not config.stops


def spares(version: str) -> bool:
    """Return whether an engine of this version leaves running --rm containers alone when it starts.

    A version that nobody knows is taken to be an old one, as the role does.
    """
    try:
        return numbers(version) >= SPARES_REMOVED
    except Unseen:
        return False


def switches(situation: Situation) -> bool:
    """Return whether the engine moves to the store of a remapped user namespace."""
    return "userns-remap" in situation.config.keys and not remapped(situation.engine)


def _unread(situation: Situation) -> list[str]:
    changed = member(situation.engine, "daemon_json", "mtime")
    started = member(situation.engine, "process", "started_at")
    newer = number(changed) and number(started) and changed > started
    writers = situation.choice.roles & set(situation.config.parts)
    return ["daemon.json is newer than the running engine"] if newer and writers else []


def _limits(situation: Situation) -> list[str]:
    if "docker_host" not in situation.choice.roles or situation.choice.single:
        return []
    units = member(situation.engine, "units", "docker.service")
    if not isinstance(units, Mapping) or LIMITS in str(units.get("drop_ins", "")):
        return []
    return ["the limits of docker.service change (role docker_host)"]


def _upgrade(situation: Situation) -> list[str]:
    upgrades = situation.choice.variable("docker_engine_upgrade", False)
    chosen = "docker_engine" in situation.choice.roles and upgrades
    return ["the engine's packages may be upgraded (docker_engine_upgrade)"] if chosen else []


def _of(container: Container, kept: bool, version: str) -> list[Effect]:
    name, status = name_of(container), member(container, "State", "Status")
    policy = _policy(container)
    if status in ("running", "paused", "restarting"):
        if host_config(container, "AutoRemove") is True and not (kept and spares(version)):
            detail = "runs with --rm: " + (
                "engines before 24.0.8 remove it when they start, live-restore or not"
                if kept
                else "stopping it would remove it for good"
            )
            return [Effect("blocks", WILL, NOW, "container", name, detail)]
        if kept:
            return [Effect("keeps_running", WILL, NOW, "container", name)]
        return [Effect("restarts", WILL, NOW, "container", name, _comes_back(policy))]
    if status != "exited":
        return []
    if policy == "always":
        detail = "it is stopped now; its restart policy is always"
        return [Effect("starts", WILL, NOW, "container", name, detail)]
    if policy in ("unless-stopped", "on-failure"):
        detail = f"its restart policy is {policy}; how it was stopped is not in the evidence"
        return [Effect("starts", MAYBE, NOW, "container", name, detail)]
    return []


def _policy(container: Container) -> str:
    policy: Any = member(container, "HostConfig", "RestartPolicy", "Name")
    return policy if isinstance(policy, str) and policy else "no"


def _comes_back(policy: str) -> str:
    if policy in ("always", "unless-stopped"):
        return f"the engine starts it again: its restart policy is {policy}"
    if policy == "on-failure":
        return (
            "the engine or, where that does not, the role starts it again: its restart policy is on-failure"
        )
    return "the role starts it again: its restart policy is no, so the engine would leave it stopped"


def _refusals(situation: Situation, kept: bool, needed: bool | None) -> list[Refusal]:
    found = [Refusal("_daemon_json", text) for text in situation.config.clashes]
    file = situation.engine.get("daemon_json")
    if isinstance(file, Mapping) and file.get("valid") is False:
        found.append(Refusal("_daemon_json", f"daemon.json is no JSON object: {file.get('error')}"))
    removed = tuple(name_of(c) for c in situation.running if host_config(c, "AutoRemove") is True)
    if removed and not (kept and spares(situation.version)) and needed is not False:
        reason = f"these run with --rm and would be gone after the engine's restart: {_way_out(situation)}"
        found.append(Refusal("_daemon_json", reason, removed))
    return found


def _way_out(situation: Situation) -> str:
    if situation.config.stops:
        return "stop them (a role is to stop all containers)"
    if spares(situation.version):
        return "stop them, or switch live-restore on first (systemctl reload docker applies it)"
    return "stop them (engines before 24.0.8 remove them when they start, live-restore or not)"
