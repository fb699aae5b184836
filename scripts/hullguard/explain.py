"""How a control is judged and met, in words, as the benchmark guide says it."""

from __future__ import annotations

import inspect
import json
from types import CodeType, FunctionType
from typing import Any

from hullguard.catalogue import DEFAULT_PARAMS, Control
from hullguard.evaluate import functions

EVIDENCE, EITHER, PERSON = "by evidence", "by evidence or a person", "by a person"
PERMISSIONS = {"r": "reads", "w": "writes", "x": "executions", "a": "changes of attributes"}
APPLIES = {
    "swarm_active": "On nodes of a swarm only.",
    "swarm_inactive": "Outside of a swarm only.",
    "apparmor_host": "On hosts without SELinux only.",
    "selinux_host": "On hosts with SELinux only.",
}


def decided_by(control: Control) -> str:
    """Who gives the verdict: the evidence, a person, or a person where the evidence does not suffice."""
    if control.check["kind"] == "manual":
        return PERSON
    if control.check["kind"] == "function" and "manual" in _words(source(control.id).__code__):
        return EITHER
    return EVIDENCE


def parameters(control: Control) -> list[str]:
    """Return the names of the profile parameters that the verdict depends on."""
    if control.check["kind"] == "function":
        words = _words(source(control.id).__code__)
        return [name for name in DEFAULT_PARAMS if name in words]
    return [name for name in DEFAULT_PARAMS if f"${name}" in json.dumps(control.check)]


def source(slug: str) -> FunctionType:
    """Return the function that judges a control which can't be data."""
    found = (getattr(getattr(functions, name), slug, None) for name in functions.__all__)
    return next(function for function in found if isinstance(function, FunctionType))


def _words(code: CodeType) -> set[Any]:
    # Comprehensions are code of their own before Python 3.12.
    inner = [_words(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return {*code.co_names, *code.co_consts}.union(*inner)


def judged(control: Control) -> str:
    """How the verdict comes about, in one or two sentences."""
    text = _judged(control)
    return f"{APPLIES[control.applies]} {text}" if control.applies else text


def _judged(control: Control) -> str:
    check = control.check
    match check["kind"]:
        case "audit_watch":
            kinds = _listed([PERMISSIONS[letter] for letter in check["perm"]])
            return f"Audit rules on disk and in the kernel record {kinds} of this host's `{check['target']}`."
        case "container":
            return _container(check)
        case "daemon_option":
            unset = f"; unset it counts as {_value(check['default'])}" if "default" in check else ""
            return f"The option `{check['key']}` in effect {requires(check['is'])}{unset}."
        case "engine_info":
            return f"`{check['field']}`, as the engine reports it, {requires(check['is'])}."
        case "file" if "mode" in check:
            return f"Each of this host's `{check['target']}` files has mode {check['mode']} or a tighter one."
        case "file":
            return (
                f"Each of this host's `{check['target']}` files belongs to {check['owner']}:{check['group']}."
            )
        case "image":
            return f"`{check['field']}` of every stored image {requires(check['is'])}."
        case "swarm":
            return f"`{check['field']}` of the swarm {requires(check['is'])}."
        case "manual":
            return "A person attests it and attaches:"
        case _:
            return str(inspect.getdoc(source(control.id)))


def requires(predicate: Any) -> str:
    """What a predicate demands, as the end of a sentence."""
    if isinstance(predicate, bool):
        return f"is {str(predicate).lower()}"
    if isinstance(predicate, str):
        return {"non_empty": "is set", "empty": "is empty", "non_root": "is not root"}[predicate]
    ((name, argument),) = predicate.items()
    words = {
        "equals": "is {}",
        "not_equals": "is not {}",
        "one_of": "is one of {}",
        "none_of": "is none of {}",
        "at_least": "is at least {}",
        "at_most": "is at most {}",
        "empty_or_one_of": "is unset or one of {}",
        "none_starts_with": "has no entry that starts with {}",
    }
    return words[name].format(_value(argument))


def way(control: Control) -> str:
    """How to get there, as Markdown: what a role does, or what a person has to do, commands indented."""
    fix = control.fix
    if "daemon" in fix:
        kept = ", where nobody has set it already" if fix.get("keep_existing") else ""
        return f"The role `docker_daemon` sets in daemon.json{kept}:\n\n    {json.dumps(fix['daemon'])}"
    if "daemon_absent" in fix:
        names = _listed([f"`{key}`" for key in fix["daemon_absent"]])
        return f"The role `docker_daemon` removes {names} from daemon.json."
    return f"The role `{fix['role']}` does it." if "role" in fix else str(fix["manual"]).strip()


def _container(check: Any) -> str:
    which = "running container" if check.get("only") == "running" else "container"
    text = f"`{check['field']}` of every {which} {requires(check['is'])}."
    if default := check.get("daemon_default"):
        text += f" A container made while the daemon's default `{default['key']}` was on has it too."
    return text


def _value(value: Any) -> str:
    if isinstance(value, list):
        return _listed([_value(item) for item in value])
    if isinstance(value, str) and value.startswith("$"):
        return f"what the profile's `{value[1:]}` says"
    return "empty" if value == "" else f"`{value}`" if isinstance(value, str) else json.dumps(value)


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
