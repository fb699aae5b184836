"""The generic check kinds: almost every control is one of these with data."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hullguard.catalogue import Control
from hullguard.effective import Unseen, info, option
from hullguard.evaluate import audit_rules
from hullguard.evaluate.conditions import excluded
from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.evaluate.functions import FUNCTIONS
from hullguard.evaluate.functions.registry import each
from hullguard.predicates import MISSING, Unjudgeable, describe, holds
from hullguard.verdict import Object, Verdict, failed, manual, not_applicable, passed, unknown, worst

PerEngine = Callable[[Control, HostContext, EngineContext], Verdict]


def per_engine(judge: PerEngine) -> Callable[[Control, HostContext], Verdict]:
    """Turn a judgement of one engine into one of a host: every engine it has, the worst counts."""

    def whole(control: Control, host: HostContext) -> Verdict:
        def one(host: HostContext, engine: EngineContext) -> Verdict:
            reason = excluded(control.applies, host, engine)
            return not_applicable(reason) if reason else judge(control, host, engine)

        return worst(each(one, host, engine) for engine in host.engines)

    return whole


@per_engine
def daemon_option(control: Control, host: HostContext, engine: EngineContext) -> Verdict:
    """An option of the daemon, as it is in effect."""
    check, key = control.check, control.check["key"]
    value, source = option(engine.raw, key)
    shown = "unset" if value is MISSING else repr(value)
    if value is MISSING:
        value = check.get("default")
        shown += f" (the engine's default is {value!r})" if value is not None else ""
    good = holds(check["is"], value, host.params)
    reason = f"{key} is {shown}" + ("" if source == "unset" else f", by {source}") + "."
    if good:
        return passed(reason)
    return failed(reason, Object("daemon", key, f"{shown}, wanted: {describe(check['is'], host.params)}"))


@per_engine
def engine_info(control: Control, host: HostContext, engine: EngineContext) -> Verdict:
    """A fact that the engine tells of itself."""
    field = control.check["field"]
    value = info(engine.raw, *field.split("."))
    reason = f"The engine reports {field} {value!r}."
    if holds(control.check["is"], value, host.params):
        return passed(reason)
    return failed(reason, Object("daemon", field, str(value)))


def file(control: Control, host: HostContext) -> Verdict:
    """Owner and group, or mode, of the files of one purpose."""
    check = control.check
    rows = host.existing(check["target"])
    if not rows:
        return not_applicable("No such file on this host.")
    bad = []
    for row in rows:
        if "mode" in check:
            if not isinstance(row.get("mode"), str) or not re.fullmatch(r"[0-7]{4}", row["mode"]):
                raise Unseen(f"the mode of {row.get('path')} was not seen")
            if not isinstance(row.get("acl"), bool):
                raise Unseen(f"whether {row.get('path')} has an access control list was not seen")
            if row["acl"]:
                bad.append(
                    Object("file", str(row["path"]), "an access control list admits others (setfacl -b)")
                )
            if int(row["mode"], 8) & ~int(check["mode"], 8):
                bad.append(Object("file", str(row["path"]), f"mode {row['mode']}, at most {check['mode']}"))
        else:
            owner, group = row.get("owner"), row.get("group")
            if not isinstance(owner, str) or not isinstance(group, str):
                raise Unseen(f"the owner of {row.get('path')} was not seen")
            if (owner, group) != (check["owner"], check["group"]):
                detail = f"{owner}:{group}, wanted {check['owner']}:{check['group']}"
                bad.append(Object("file", str(row["path"]), detail))
    wanted = f"mode {check['mode']} or tighter" if "mode" in check else f"{check['owner']}:{check['group']}"
    if bad:
        return failed(f"{len(bad)} of {len(rows)} files are not {wanted}.", *bad)
    listed = ", ".join(str(row["path"]) for row in rows[:3]) + " …" * (len(rows) > 3)
    return passed(f"{listed}: {wanted}.")


def audit_watch(control: Control, host: HostContext) -> Verdict:
    """A watch of the audit subsystem, written on disk and loaded in the kernel."""
    rows = host.existing(control.check["target"])
    if not rows:
        return not_applicable("No such file on this host.")
    return audit_rules.judge(rows, control.check["perm"], host)


@per_engine
def container(control: Control, host: HostContext, engine: EngineContext) -> Verdict:
    """A field of every container's normalized spec, stopped ones included."""
    check, specs = control.check, engine.containers
    if check.get("only") == "running":
        specs = [spec for spec in specs if spec.get("running") is not False]
    return objects("container", control, specs, host, engine, complete=engine.complete("containers"))


@per_engine
def image(control: Control, host: HostContext, engine: EngineContext) -> Verdict:
    """A field of every stored image."""
    return objects("image", control, engine.images, host, engine, complete=engine.complete("images"))


def objects(
    kind: str,
    control: Control,
    specs: list[dict[str, Any]],
    host: HostContext,
    engine: EngineContext,
    *,
    complete: bool,
) -> Verdict:
    """Judge one field of many objects: one bad is a fail, one unseen an unknown, none at all not
    applicable.
    """
    check = control.check
    bad, unseen = [], []
    for spec in specs:
        value = spec.get(check["field"], MISSING)
        try:
            if value is MISSING or value is None:
                raise Unjudgeable(f"{check['field'].replace('_', ' ')} was not seen")
            if not holds(check["is"], value, host.params):
                bad.append(Object(kind, str(spec["name"]), shown(check["field"], value)))
        except Unjudgeable as strange:
            unseen.append(Object(kind, str(spec["name"]), str(strange)))
    what = f"{kind}s of engine {engine.name}" if len(host.engines) > 1 else f"{kind}s"
    if bad:
        return failed(f"{len(bad)} of {len(specs)} {what} differ.", *bad)
    if unseen:
        return unknown(f"{len(unseen)} of {len(specs)} {what} could not be judged.", *unseen)
    if not complete:
        return unknown(f"Not all {what} were seen: {host.first_error(engine.name)}.")
    if not specs:
        return not_applicable(f"There are no {'running ' if check.get('only') else ''}{what}.")
    return passed(f"All {len(specs)} {what}.")


def shown(field: str, value: Any) -> str:
    """Return an offending value in a few words."""
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"{field.replace('_', ' ')}: {text or 'unset'}"


@per_engine
def swarm(control: Control, host: HostContext, engine: EngineContext) -> Verdict:
    """A field of an active swarm."""
    field = control.check["field"]
    value = engine.swarm.get(field, MISSING)
    if value is MISSING or value is None:
        raise Unseen(f"{field.replace('_', ' ')} of the swarm was not seen (only a manager knows it)")
    reason = f"{field.replace('_', ' ').capitalize()}: {value if value != [] else 'none'}."
    if holds(control.check["is"], value, host.params):
        return passed(reason)
    names = value if isinstance(value, list) else [shown(field, value)]
    return failed(reason, *(Object("swarm", str(name)) for name in names))


def attest(control: Control, host: HostContext) -> Verdict:
    """A control that only a person can attest. Where it does not apply to any engine, it says so."""
    if control.applies is not None:
        reasons = [excluded(control.applies, host, engine) for engine in host.engines]
        if all(reasons):
            return not_applicable(str(reasons[0]))
    return manual("Attach: " + "; ".join(str(item) for item in control.check["attach"]) + ".")


def function(control: Control, host: HostContext) -> Verdict:
    """The rare control that can't be data: a Python function by its slug."""
    return FUNCTIONS[control.id](control, host)


KINDS: dict[str, Callable[[Control, HostContext], Verdict]] = {
    "daemon_option": daemon_option,
    "engine_info": engine_info,
    "file": file,
    "audit_watch": audit_watch,
    "container": container,
    "image": image,
    "swarm": swarm,
    "manual": attest,
    "function": function,
}
