"""The Falco rules keep to Falco's documented form: a checker stands in for the engine, which never ran them here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

FILE = Path(__file__).parents[3] / "compliance/policies/falco/hullguard_rules.yaml"
ENTRIES: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
RULES = {entry["rule"]: entry for entry in ENTRIES if "rule" in entry}
MACROS = {entry["macro"]: entry["condition"] for entry in ENTRIES if "macro" in entry}
LISTS = {entry["list"]: entry["items"] for entry in ENTRIES if "list" in entry}

# falco.org/docs/reference/rules: what an entry may hold, and the priorities.
KEYS = {
    "rule": {"rule", "desc", "condition", "output", "priority", "source", "tags"},
    "macro": {"macro", "condition"},
    "list": {"list", "items"},
    "required_engine_version": {"required_engine_version"},
    "required_plugin_versions": {"required_plugin_versions"},
}
PRIORITIES = {
    "EMERGENCY",
    "ALERT",
    "CRITICAL",
    "ERROR",
    "WARNING",
    "NOTICE",
    "INFO",
    "INFORMATIONAL",
    "DEBUG",
}
# falco.org/docs/reference/rules/supported-fields: those that the rules may use. {field: what it is compared as}
FIELDS = {
    "container.host_pid": "bool", "container.id": "text", "container.image.repository": "text", "container.image.tag": "text",
    "container.mounts": "text", "container.name": "text", "container.privileged": "bool",
    "evt.arg.mode": "flags", "evt.args": "text", "evt.is_open_exec": "bool", "evt.rawres": "number", "evt.res": "text",
    "evt.type": "text", "fd.l4proto": "text", "fd.name": "text", "fd.num": "number", "fd.sip": "address", "fd.snet": "network",
    "fd.sport": "number", "fd.typechar": "text", "proc.cmdline": "text", "proc.exepath": "text",
    "proc.is_exe_from_memfd": "bool", "proc.is_exe_upper_layer": "bool", "proc.name": "text", "proc.pname": "text",
    "proc.tty": "number", "proc.vpid": "number", "user.loginuid": "number", "user.name": "text", "user.uid": "number",
}  # fmt: skip
OPERATORS = {
    "text": {"=", "!=", "in", "contains", "icontains", "startswith", "endswith", "glob", "pmatch"},
    "bool": {"="},
    "number": {"=", "!=", "<", "<=", ">", ">=", "in"},
    "address": {"=", "!=", "in"},
    "network": {"=", "!=", "in"},
    "flags": {"contains"},
}
EVENTS = {
    "chmod",
    "connect",
    "creat",
    "execve",
    "execveat",
    "fchmod",
    "fchmodat",
    "open",
    "openat",
    "openat2",
}

TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|(?P<sign><=|>=|!=|=|<|>|\(|\)|,)|(?P<word>[^\s()=<>!,"']+))"""
)


def tokens(condition: str) -> list[str]:
    found, place = [], 0
    while condition[place:].strip():
        match = TOKEN.match(condition, place)
        assert match, f"not understood: {condition[place : place + 40]!r}"
        found.append(match[0].strip())
        place = match.end()
    return found


class Parser:
    """Reads a condition by the documented grammar: or, and, not, parentheses, comparisons, macros."""

    def __init__(self, condition: str) -> None:
        self.rest = tokens(condition)
        self.fields: list[tuple[str, str, list[str]]] = []
        self.macros: list[str] = []

    def parse(self) -> Parser:
        self.either()
        assert not self.rest, f"left over: {' '.join(self.rest)}"
        return self

    def take(self, wanted: str = "") -> str:
        assert self.rest, "the condition ends too early"
        found = self.rest.pop(0)
        assert not wanted or found == wanted, f"{found!r} stands where {wanted!r} should"
        return found

    def either(self) -> None:
        self.both()
        while self.rest[:1] == ["or"]:
            self.take()
            self.both()

    def both(self) -> None:
        self.single()
        while self.rest[:1] == ["and"]:
            self.take()
            self.single()

    def single(self) -> None:
        if self.rest[:1] == ["not"]:
            self.take()
        if self.rest[:1] == ["("]:
            self.take()
            self.either()
            self.take(")")
            return
        name = self.take()
        assert re.fullmatch(r"[a-z_][a-z0-9_.]*", name), f"{name!r} is neither field nor macro"
        if "." not in name:
            self.macros.append(name)
            return
        operator, values = self.take(), []
        if operator in ("in", "pmatch"):
            self.take("(")
            values.append(self.take())
            while self.rest[:1] == [","]:
                self.take()
                values.append(self.take())
            self.take(")")
        else:
            values.append(self.take())
        self.fields.append((name, operator, values))


CONDITIONS = {**{name: entry["condition"] for name, entry in RULES.items()}, **MACROS}


def resolved(condition: str) -> Parser:
    """Parse a condition with its macros put in, as the engine does."""
    for _ in range(10):
        parsed = Parser(condition).parse()
        if not parsed.macros:
            return parsed
        for name in parsed.macros:
            condition = re.sub(rf"\b{name}\b", lambda found: f"({MACROS[found[0]]})", condition)
    raise AssertionError("macros that name each other")


def test_every_entry_has_the_documented_form() -> None:
    for entry in ENTRIES:
        kind = next(iter(entry))
        assert entry.keys() == KEYS[kind], entry
    assert len(RULES) + len(MACROS) + len(LISTS) == len(ENTRIES) - 2


def test_our_names_are_nobody_elses() -> None:
    assert [name for name in (*MACROS, *LISTS) if not name.startswith("hullguard_")] == []
    assert [name for name in RULES if not name.startswith("Hullguard ")] == []


@pytest.mark.parametrize("name", RULES)
def test_rules_say_what_and_how_bad(name: str) -> None:
    rule = RULES[name]
    assert rule["priority"] in PRIORITIES
    assert rule["source"] == "syscall"
    assert rule["desc"].strip()
    assert "hullguard" in rule["tags"]


@pytest.mark.parametrize("name", RULES)
def test_outputs_name_documented_fields(name: str) -> None:
    named = re.findall(r"%([a-z][a-z0-9_.]*[a-z0-9])", RULES[name]["output"])
    assert named
    assert set(named) - FIELDS.keys() == set()
    assert RULES[name]["output"].count("%") == len(named)


@pytest.mark.parametrize("name", CONDITIONS)
def test_conditions_parse_and_compare_documented_fields(name: str) -> None:
    parsed = Parser(CONDITIONS[name]).parse()
    assert set(parsed.macros) - MACROS.keys() == set()
    for field, operator, values in parsed.fields:
        assert operator in OPERATORS[FIELDS[field]], f"{field} {operator}"
        if FIELDS[field] == "bool":
            assert values in (["true"], ["false"])
        if operator == "in":
            unknown = [value for value in values if value.startswith("hullguard_") and value not in LISTS]
            assert unknown == []
        if field == "evt.type":
            assert set(values) <= EVENTS


def test_a_macro_is_defined_before_it_is_used() -> None:
    """Falco resolves macros in the order of the file."""
    seen: set[str] = set()
    for entry in ENTRIES:
        if "condition" in entry:
            assert set(Parser(entry["condition"]).parse().macros) <= seen
        seen.add(entry.get("macro", ""))


def test_nothing_is_defined_in_vain() -> None:
    parsed = [Parser(condition).parse() for condition in CONDITIONS.values()]
    assert MACROS.keys() == {name for one in parsed for name in one.macros}
    named = {value for one in parsed for _, _, values in one.fields for value in values}
    assert LISTS.keys() == {name for name in LISTS if name in named}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_names_its_events(name: str) -> None:
    """A rule without evt.type is run for every system call."""
    parsed = resolved(RULES[name]["condition"])
    assert "evt.type" in [field for field, _, _ in parsed.fields]


@pytest.mark.parametrize(
    "wrong",
    [
        "a.b = c and",
        "(evt.type = open",
        "evt.type open",
        "evt.type in open",
        "not",
        "evt.type = open evt.num > 1",
    ],
)
def test_the_checker_refuses_what_is_no_condition(wrong: str) -> None:
    with pytest.raises(AssertionError):
        Parser(wrong).parse()


def test_the_engine_accepts_them() -> None:
    if shutil.which("falco") is None:
        pytest.skip("no falco here: the rules were checked by their documented form alone")
    done = subprocess.run(["falco", "--validate", str(FILE)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
