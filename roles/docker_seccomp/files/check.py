"""Says what is wrong with a seccomp profile in the engine's form.

Reads {"profile": text, "known": [names]}, writes {"wrong": [sentences]}. The engine reads a profile when a
container starts, not before, and overlooks what it does not know: a call that is misspelt is simply not
allowed, a missing default action means no filter at all.
"""

import ctypes
import json
import re
import sys

RETURNS = ["KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "ERRNO", "TRACE", "ALLOW", "LOG", "NOTIFY"]
ACTIONS = {f"SCMP_ACT_{name}" for name in RETURNS}
OPERATORS = {f"SCMP_CMP_{name}" for name in ["NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ"]}
RULE_KEYS = {"name", "names", "action", "errnoRet", "args", "comment", "includes", "excludes"}
FILTER_KEYS = {"caps", "arches", "minKernel"}


def resolver():
    """Return what tells whether the host knows a call, or None where it has no libseccomp to ask."""
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return None
    # Calls of other architectures have a number below -1.
    return lambda name: library.seccomp_syscall_resolve_name(name.encode()) != -1


def number(value, top):
    """Whether it is a whole number from 0 to the top."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= top


def strings(value):
    """Whether it is a list of strings."""
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def takes(where, value, what):
    """Say that a value is another one than wanted."""
    return f"{where} is {json.dumps(value)}; it takes {what}"


def arguments(where, rule):
    """What is wrong with the arguments of a rule."""
    wrong = []
    args = rule.get("args") or []
    for position, one in enumerate(args if isinstance(args, list) else [args]):
        here = f"{where}.args[{position}]"
        if not isinstance(one, dict):
            wrong.append(f"{here} is no object")
            continue
        if not number(one.get("index"), 5):
            wrong.append(takes(f"{here}.index", one.get("index"), "0 to 5"))
        if one.get("op") not in OPERATORS:
            wrong.append(takes(f"{here}.op", one.get("op"), ", ".join(sorted(OPERATORS))))
        wrong += [
            takes(f"{here}.{key}", one[key], "a number from 0 to 2^64-1")
            for key in ("value", "valueTwo")
            if key in one and not number(one[key], 2**64 - 1)
        ]
    return wrong


def conditions(where, rule):
    """What is wrong with the conditions of a rule."""
    wrong = []
    for key in ("includes", "excludes"):
        here = f"{where}.{key}"
        found = rule.get(key) or {}
        if not isinstance(found, dict) or set(found) - FILTER_KEYS:
            wrong.append(f"{here} takes {', '.join(sorted(FILTER_KEYS))}")
            continue
        if not all(strings(found.get(name) or []) for name in ("caps", "arches")):
            wrong.append(f"{here}: caps and arches are lists of names")
        if "minKernel" in found and not re.match(r"^[1-9]\d*\.\d+$", str(found["minKernel"])):
            wrong.append(takes(f"{here}.minKernel", found["minKernel"], "one such as 4.8"))
    return wrong


def rule_faults(where, rule, known):
    """What is wrong with one rule."""
    if not isinstance(rule, dict):
        return [f"{where} is no object"]
    wrong = [f"{where} has {key}, which means nothing" for key in sorted(set(rule) - RULE_KEYS)]
    names = rule.get("names") or ([rule["name"]] if isinstance(rule.get("name"), str) else [])
    if "name" in rule and "names" in rule:
        wrong.append(f"{where} has name and names, and takes one of them")
    if not strings(names) or not names:
        wrong.append(f"{where}.names is no list of system calls")
        names = []
    strange = [name for name in names if not known(name)]
    if strange:
        nobody = "which neither this host nor the engine's default profile knows"
        wrong.append(f"{where} names {', '.join(strange)}, {nobody}")
    if rule.get("action") not in ACTIONS:
        wrong.append(takes(f"{where}.action", rule.get("action"), ", ".join(sorted(ACTIONS))))
    if "errnoRet" in rule and not number(rule["errnoRet"], 4095):
        wrong.append(takes(f"{where}.errnoRet", rule["errnoRet"], "a number from 0 to 4095"))
    return wrong + arguments(where, rule) + conditions(where, rule)


def faults(text, listed):
    """What is wrong with the whole."""
    try:
        profile = json.loads(text)
    except ValueError as error:
        return [f"it is no JSON: {error}"]
    if not isinstance(profile, dict):
        return ["it is no JSON object"]
    wrong = []
    default = profile.get("defaultAction")
    if default not in ACTIONS:
        wrong.append(takes("defaultAction", default, ", ".join(sorted(ACTIONS))))
    elif default in {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG"}:
        tighter = "the builtin profile would be tighter"
        wrong.append(f"defaultAction {default} lets every call through that nobody thought of; {tighter}")
    if profile.get("architectures") and profile.get("archMap"):
        wrong.append("it has architectures and archMap, and takes one of them")
    rules = profile.get("syscalls")
    if not isinstance(rules, list) or not rules:
        return [*wrong, "syscalls is no list of rules"]
    here = resolver()

    def known(name):
        return here is None or name in listed or here(name)

    for position, rule in enumerate(rules):
        wrong += rule_faults(f"syscalls[{position}]", rule, known)
    return wrong[:20]


asked = json.load(sys.stdin)
json.dump({"wrong": faults(asked["profile"], set(asked["known"]))}, sys.stdout)
