"""What the engine really runs with: its flags, daemon.json and its own word, taken together."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from hullguard.predicates import MISSING

Engine = Mapping[str, Any]


class Unseen(Exception):
    """The fact that a control needs is not in the evidence; the text says which and why."""


def member(document: Any, *path: str) -> Any:
    """Return a nested member, or MISSING when any step is not there."""
    for key in path:
        if not isinstance(document, Mapping) or key not in document:
            return MISSING
        document = document[key]
    return document


def number(value: Any) -> bool:
    """Return whether a value is a number that can be compared: no truth value, no NaN, no infinity."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def complete(engine: Engine, kind: str) -> bool:
    """Return whether every object of a kind is in the evidence: a list that was cut since is none."""
    rows = engine.get(kind)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        return False
    return member(engine, "complete", kind) is True and member(engine, "counts", kind) == len(rows)


def info(engine: Engine, *path: str) -> Any:
    """Return a member of the engine's /info. Raises Unseen."""
    value = member(engine, "info", *path)
    if value is MISSING or value is None:
        raise Unseen(
            f"the engine did not tell {'.'.join(path)}: {engine.get('error') or 'not in the evidence'}"
        )
    return value


def security_options(engine: Engine) -> dict[str, dict[str, str]]:
    """Return the engine's security options as {name: {option: value}}. Raises Unseen."""
    options = info(engine, "SecurityOptions")
    if not isinstance(options, list) or not all(isinstance(option, str) for option in options):
        raise Unseen("SecurityOptions is not a list of texts")
    found = {}
    for option in options:
        parts = dict(part.split("=", 1) for part in option.split(",") if "=" in part)
        found[parts.pop("name", option)] = parts
    return found


def reported(engine: Engine, key: str) -> Any:
    """Return an option as the running engine itself reports it, or MISSING where its API has no
    word for it.
    """
    if key == "live-restore":
        return member(engine, "info", "LiveRestoreEnabled")
    if key == "experimental":
        return member(engine, "info", "ExperimentalBuild")
    if key == "icc":
        networks = engine.get("networks")
        for network in networks if isinstance(networks, list) else []:
            if member(network, "Name") == "bridge":
                value = member(network, "Options", "com.docker.network.bridge.enable_icc")
                return {"true": True, "false": False}.get(str(value), MISSING)
    if key == "no-new-privileges":
        # Engines say so only when it is on, and old ones never: silence proves nothing.
        try:
            return True if "no-new-privileges" in security_options(engine) else MISSING
        except Unseen:
            return MISSING
    return MISSING


def flags(engine: Engine) -> Mapping[str, Any]:
    """Return the running daemon's flags by daemon.json key. Raises Unseen."""
    found = member(engine, "process", "flags")
    if not isinstance(found, Mapping):
        raise Unseen("the daemon's command line could not be read")
    return found


def configured(engine: Engine, key: str) -> tuple[Any, str]:
    """Return (value, where it is set) from flags and daemon.json; MISSING when neither sets it.

    Raises Unseen.
    """
    on_command_line = flags(engine)
    if key in on_command_line:
        return on_command_line[key], "a flag of the running daemon"
    file = engine.get("daemon_json")
    if not isinstance(file, Mapping) or not isinstance(file.get("exists"), bool):
        raise Unseen("daemon.json was not looked at")
    if not file["exists"]:
        return MISSING, "unset"
    if file.get("valid") is not True or not isinstance(file.get("content"), Mapping):
        raise Unseen(f"daemon.json can't be read: {file.get('error') or 'no content in the evidence'}")
    changed, started = file.get("mtime"), member(engine, "process", "started_at")
    if not number(changed) or not number(started):
        raise Unseen("whether the engine has read this daemon.json is not known")
    if changed > started:
        raise Unseen("daemon.json was changed after the engine started: restart the engine, then audit again")
    return (file["content"][key], "daemon.json") if key in file["content"] else (MISSING, "unset")


def option(engine: Engine, key: str) -> tuple[Any, str]:
    """Return (effective value, where it comes from) of a daemon option; MISSING when it is unset.

    Raises Unseen.
    """
    value = reported(engine, key)
    if value is not MISSING:
        return value, "the engine's own word"
    return configured(engine, key)
