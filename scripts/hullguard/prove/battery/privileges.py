"""From few rights to more, within a container."""

from __future__ import annotations

from functools import partial

from hullguard.prove.base import Probe

_probe = partial(Probe, family="privileges", place="plain", threat="privilege_escalation")

PROBES = (
    _probe(
        id="setuid_program", severity="high", slugs=("no_new_privileges_default",),
        per_container=("no_new_privileges", "setuid_files"),
        tries="As an unprivileged account of a container run a setuid program of root's.",
        succeeds="The account became root of the container.",
        blocked="The program ran, and with the account's own rights.",
    ),
    _probe(
        id="file_capability", severity="high", slugs=("no_new_privileges_default",),
        per_container=("no_new_privileges", "capabilities"),
        tries="As an unprivileged account of a container run a program with a file capability.",
        succeeds="The account got the capability.",
        blocked="The program did not run, or ran without it.",
    ),
    _probe(
        id="ambient_capabilities", severity="medium", slugs=("engine_supported",),
        per_container=("capabilities",),
        tries="Find capabilities that an unprivileged program of a container inherits (CVE-2022-24769).",
        succeeds="The ambient or inheritable set is not empty.",
        blocked="Both sets are empty.",
    ),
    _probe(
        id="no_new_privileges_override", severity="medium", place="override",
        slugs=("authorization_plugin",), per_container=("no_new_privileges",),
        tries="Ask the engine for a container without no-new-privileges, and run a setuid program.",
        succeeds="Whoever may use the engine can leave its default out; the account became root.",
        blocked="The engine refuses such a container, or its kernel the program.",
    ),
)  # fmt: skip
