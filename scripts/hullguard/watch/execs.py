"""One command that the engine is asked to run in a container: as which user, with which privileges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hullguard import collect
from hullguard.catalogue import Control
from hullguard.predicates import holds
from hullguard.verdict import FAIL, Object, failed
from hullguard.watch import alerts
from hullguard.watch.alerts import Alert, Broken, Named
from hullguard.watch.judge import Measure

ROOT, PRIVILEGED = "exec_root", "exec_privileged"
SHELL = ("/bin/sh", "-c")


def alert(
    command: Mapping[str, Any],
    container: Mapping[str, Any],
    wanted: Mapping[str, Control],
    measure: Measure,
) -> Alert | None:
    """Return the alert of an exec (the engine's answers for it and its container); None when it is harmless.

    Nothing of the command but its program's name is said: arguments may hold secrets. `wanted` are the
    controls `exec_root` and `exec_privileged`, as far as they are judged.
    """
    process = command.get("ProcessConfig") or {}
    config = container.get("Config") or {}
    thing = Named(
        str(container.get("Id") or ""),
        str(container.get("Name") or "?").lstrip("/"),
        str(config.get("Image") or ""),
    )
    if _health_check(command, process, config):
        return None
    own, image_user = process.get("user") or "", config.get("User") or ""
    user, whose = (own, "named by it") if own else (image_user, "the container's own")
    program = collect.redact_text(str(process.get("entrypoint") or "?"))
    said = {
        PRIVILEGED: "privileged: every capability" if process.get("privileged") else "",
        ROOT: "" if holds("non_root", user, {}) else f"user {user or 'root'}, {whose}",
    }
    broken = []
    for slug, reason in said.items():
        if reason and slug in wanted:
            verdict = measure.waived(failed(reason, Object("container", thing.name, reason)), slug)
            if verdict.verdict == FAIL:
                broken.append(Broken(slug, wanted[slug].severity, reason))
    if not broken:
        return None
    kind = alerts.EXEC_PRIVILEGED if broken[0].id == PRIVILEGED else alerts.EXEC_AS_ROOT
    severity = alerts.worst(one.severity for one in broken)
    return Alert(kind, severity, f"runs {program} in it", thing, tuple(broken))


def _health_check(command: Mapping[str, Any], process: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    """Return whether this is the container's own health check, which the engine starts every few seconds.

    Somebody's exec of the very same command, without terminal, input or privileges, can't be told from it.
    """
    test = (config.get("Healthcheck") or {}).get("Test") or []
    if not test or test[0] not in ("CMD", "CMD-SHELL") or process.get("privileged"):
        return False
    if process.get("tty") or command.get("OpenStdin"):
        return False
    shell = list(config.get("Shell") or SHELL) if test[0] == "CMD-SHELL" else []
    return [process.get("entrypoint"), *(process.get("arguments") or [])] == [*shell, *test[1:]]
