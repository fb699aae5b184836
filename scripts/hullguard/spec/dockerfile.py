"""From a Dockerfile to the normalized image spec, with the lines that decide each field.

What a base image sets is not seen. An image without USER runs as root and one without HEALTHCHECK has none:
that is judged as it stands, unless the base image's name says that it does not run as root.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from hullguard.collect import redact_text
from hullguard.spec import Spec, secret_names
from hullguard.spec.image import INSTALL, UNVERIFIED, UPDATE, registry, short

# {field: the line that decides it, one for each item of a list}
Lines = dict[str, list[int]]
NOT_ROOT = re.compile(r"nonroot|non-root|rootless|unprivileged", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?:^|\s)([A-Za-z_][\w.-]*)=(?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.|[^\s\"'\\])*", re.ASCII
)
_GIVEN = re.compile(r"(?<![\w.-])([A-Za-z_][\w.-]*)=[\"']?", re.ASCII)
# Between two commands of a shell line.
_SEPARATOR = re.compile(r"[&|;\n]")
# How long a command is that is read, and how much of a file: the patterns' time grows with the square.
LONGEST, MOST_CHARACTERS = 4096, 256 << 10
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*)(?::?-([^{}$]*))?\}|([A-Za-z_]\w*))", re.ASCII)


class Instruction(Protocol):
    """What this reads of an instruction."""

    @property
    def name(self) -> str:
        """In capitals."""

    @property
    def value(self) -> str:
        """Without flags, continued lines joined."""

    @property
    def line(self) -> int:
        """From 1."""

    @property
    def flags(self) -> tuple[tuple[str, str], ...]:
        """(name, value) of each."""

    @property
    def body(self) -> str:
        """What heredocs hold."""

    @property
    def trigger(self) -> Instruction | None:
        """What ONBUILD defers."""


@dataclass
class _Stage:
    base: str | None
    line: int
    name: str = ""
    parent: _Stage | None = None
    steps: list[Instruction] = field(default_factory=list)


def image(name: str, instructions: Sequence[Instruction]) -> tuple[Spec, Lines]:
    """Return the spec of the image that the last stage builds, and the lines behind it."""
    stages = _stages(instructions)
    chain: list[_Stage] = []
    stage: _Stage | None = stages[-1]
    while stage:
        chain.insert(0, stage)
        stage = stage.parent
    spec: Spec = {"name": name}
    lines: Lines = {}
    final = [step for stage in chain for step in stage.steps]
    _user(spec, lines, chain, final)
    checks = [step for step in final if step.name == "HEALTHCHECK"]
    spec["healthcheck"] = bool(checks) and checks[-1].value.split()[0].upper() == "CMD"
    lines["healthcheck"] = [checks[-1].line if checks else chain[-1].line]
    _registries(spec, lines, stages)
    _secrets(spec, lines, instructions, final)
    _steps(spec, lines, [_effective(step) for stage in stages for step in stage.steps], stages)
    return spec, lines


def bases(instructions: Sequence[Instruction]) -> list[tuple[str | None, int]]:
    """Return the images that stages start from, with their lines; None where a build argument has to tell."""
    stages = _stages(instructions)
    return [(stage.base, stage.line) for stage in stages if not stage.parent and stage.base != "scratch"]


def _effective(step: Instruction) -> Instruction:
    return step.trigger or step


def _stages(instructions: Sequence[Instruction]) -> list[_Stage]:
    """Return the stages; one that builds on a former one has it as parent."""
    defaults: dict[str, str | None] = {}
    stages: list[_Stage] = []
    for step in instructions:
        if step.name == "FROM":
            words = step.value.split()
            parent = next((s for s in reversed(stages) if s.name and s.name == words[0].lower()), None)
            name = words[2].lower() if len(words) == 3 else ""
            stages.append(_Stage(None if parent else _resolved(words[0], defaults), step.line, name, parent))
        elif stages:
            stages[-1].steps.append(step)
        else:  # only ARG may stand before the first FROM
            for word in step.value.split():
                key, sign, value = word.partition("=")
                defaults[key] = value.strip("\"'") if sign else None
    return stages


def _resolved(text: str, defaults: dict[str, str | None]) -> str | None:
    """Return an image name with the build arguments' defaults, or None when one has none."""
    parts, at = [], 0
    for found in _VARIABLE.finditer(text):
        value = defaults.get(found[1] or found[3]) or found[2]
        if value is None:
            return None
        parts += [text[at : found.start()], value]
        at = found.end()
    whole = "".join([*parts, text[at:]])
    return None if "$" in whole else whole


def _user(spec: Spec, lines: Lines, chain: Sequence[_Stage], final: Sequence[Instruction]) -> None:
    users = [step for step in final if step.name == "USER"]
    if users:
        # Who a variable stands for, the build decides.
        if "$" not in users[-1].value:
            spec["user"] = users[-1].value.strip("\"'")
        lines["user"] = [users[-1].line]
    elif (base := chain[0].base) is not None and not NOT_ROOT.search(base):
        spec["user"] = ""
        lines["user"] = [chain[-1].line]


def _registries(spec: Spec, lines: Lines, stages: Sequence[_Stage]) -> None:
    """Add where base images come from, those of earlier stages and of COPY --from included."""
    names = {stage.name for stage in stages if stage.name} | {str(number) for number in range(len(stages))}
    used: list[tuple[str | None, int]] = [
        (s.base, s.line) for s in stages if not s.parent and s.base != "scratch"
    ]
    for stage in stages:
        for step in map(_effective, stage.steps):
            for flag, value in step.flags:
                if flag == "from" and step.name == "COPY" and value.lower() not in names:
                    used.append((None if "$" in value else value, step.line))
    if any(base is None for base, _ in used):
        return
    by_registry: dict[str, int] = {}
    for base, line in used:
        by_registry.setdefault(registry(str(base)), line)
    spec["registries"] = sorted(by_registry)
    lines["registries"] = [by_registry[name] for name in spec["registries"]]


def _secrets(
    spec: Spec, lines: Lines, instructions: Iterable[Instruction], final: Sequence[Instruction]
) -> None:
    """Add names of variables: ENV of the image itself; ARG and assignments in RUN of every stage, for all of
    them end up in a history or in the build's record.
    """
    environment = [
        (name, step.line) for step in final if step.name == "ENV" for name in _variables(step.value)
    ]
    history: list[tuple[str, int]] = []
    for step in map(_effective, instructions):
        if step.name == "ARG":
            named = [word.partition("=")[0] for word in step.value.split()]
            history += [(name, step.line) for name in secret_names(named)]
        elif step.name == "RUN":
            history += [(name, step.line) for name in secret_names(_given(f"{step.value}\n{step.body}"))]
        elif step.name == "ENV" and step not in final:
            history += [(name, step.line) for name in secret_names(_variables(step.value))]
    for key, pairs in (("environment", environment), ("secret_history", history)):
        unique = dict(reversed(pairs))
        spec[key], lines[key] = sorted(unique), [unique[name] for name in sorted(unique)]


def _variables(value: str) -> list[str]:
    """Return the names that an ENV sets, in its new form NAME=value … or its old one NAME value."""
    first = value.split(None, 1)[0] if value.strip() else ""
    return _ASSIGNED.findall(value) if "=" in first else [first]


def _given(text: str) -> list[str]:
    """Return the names that a command gives a literal value: no variable, no mounted secret, not nothing."""
    return [
        found[1]
        for found in _GIVEN.finditer(text)
        if (rest := text[found.end() : found.end() + 12]).strip("\"'")
        and not rest.startswith(("$", "/run/secrets", '"', "'", " ", "\n", ",", ";"))
    ]


def _steps(spec: Spec, lines: Lines, steps: Sequence[Instruction], stages: Sequence[_Stage]) -> None:
    """Add what the steps of all stages do; commands too long to be read prove nothing."""
    # How a base gets its root file system: the first step of a stage that starts from nothing.
    roots = [s.steps[0].line for s in stages if s.base == "scratch" and s.steps and s.steps[0].name == "ADD"]
    added = [step for step in steps if step.name == "ADD" and step.line not in roots and not _checked(step)]
    runs = [(step, _SEPARATOR.split(_command(step))) for step in steps if step.name == "RUN"]
    whole = sum(len(command) for _, commands in runs for command in commands) <= MOST_CHARACTERS
    whole &= all(len(command) <= LONGEST for _, commands in runs for command in commands)
    left = MOST_CHARACTERS
    lone, unverified = list[tuple[Instruction, str]](), list[tuple[Instruction, str]]()
    for step, commands in runs:
        read = [command[:LONGEST] for command in commands if (left := left - min(len(command), LONGEST)) >= 0]
        updates = [command for command in read if UPDATE.search(command)]
        if updates and not any(INSTALL.search(command) for command in read):
            lone.append((step, updates[0]))
        unverified += [(step, command) for command in read if UNVERIFIED.search(command)]
    rows = {
        "add_instructions": [(step, step.value) for step in added],
        "lone_update_layers": lone,
        "unverified_installs": unverified,
    }
    for key, hits in rows.items():
        if hits or whole or key == "add_instructions":
            spec[key] = [short(redact_text(f"{step.name} {text.strip()[:1000]}")) for step, text in hits]
            lines[key] = [step.line for step, _ in hits]


def _checked(step: Instruction) -> bool:
    """Return whether an ADD fetches what it names by digest."""
    return any(flag == "checksum" and value for flag, value in step.flags)


def _command(step: Instruction) -> str:
    """Return what a RUN executes: its text, its list joined, or its heredoc."""
    if step.value.startswith("["):
        try:
            words = json.loads(step.value)
        except (ValueError, RecursionError):
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return " ".join(words)
    return f"{step.value}\n{step.body}" if step.body else step.value
