"""Controls, benchmarks and profiles as read from `compliance/`."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hullguard import yamlfile
from hullguard.errors import InputError, unknown_name
from hullguard.paths import compliance_dir

DEFAULT_BENCHMARK = "cis_docker_1_8_0"
DEFAULT_PROFILE = "cis_level2"
SEVERITIES = ("low", "medium", "high", "critical")


@dataclass(frozen=True, slots=True)
class Control:
    """One requirement: what good looks like, how to see it, how to get there."""

    id: str
    family: str
    title: str
    why: str
    severity: str
    check: Mapping[str, Any]
    fix: Mapping[str, Any]
    breaks: str
    applies: str | None = None
    aliases: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    examples: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fixed_by(self) -> str | None:
        """The role that brings a host there, or None when a person has to."""
        if "daemon" in self.fix or "daemon_absent" in self.fix:
            return "docker_daemon"
        return self.fix.get("role")

    @property
    def fix_text(self) -> str:
        """How to get there, in words."""
        if "manual" in self.fix:
            return str(self.fix["manual"])
        if "daemon" in self.fix:
            wanted = ", ".join(f"{key}: {json.dumps(value)}" for key, value in self.fix["daemon"].items())
            return f"Role docker_daemon sets {wanted} in daemon.json."
        if "daemon_absent" in self.fix:
            return f"Role docker_daemon removes {', '.join(self.fix['daemon_absent'])} from daemon.json."
        wanted = "; ".join(f"{name}: {json.dumps(value)}" for name, value in self.fix.get("with", {}).items())
        return f"Role {self.fix['role']} does it{', given ' + wanted if wanted else ''}."


@dataclass(frozen=True, slots=True)
class Entry:
    """A control's place in a benchmark."""

    number: str
    slug: str
    level: int | None
    automation: str | None


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A map from numbers to controls, in natural order."""

    name: str
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """Which controls are on, and the parameters that they are judged by."""

    name: str
    title: str
    levels: frozenset[int]
    enable: frozenset[str]
    disable: frozenset[str]
    params: Mapping[str, Any]

    def selects(self, entry: Entry) -> bool:
        """Return whether this profile judges a benchmark's entry."""
        if entry.slug in self.disable:
            return False
        return entry.slug in self.enable or entry.level is None or entry.level in self.levels


def natural(number: str) -> tuple[int, ...]:
    """Return the sort key of a benchmark number: 2.10 comes after 2.9."""
    return tuple(int(part) for part in re.findall(r"\d+", number))


def names(kind: str) -> list[str]:
    """Return the names of shipped files: kind is `benchmarks` or `profiles`."""
    return sorted(path.stem for path in (compliance_dir() / kind).glob("*.yml"))


def control_paths() -> dict[str, Path]:
    """Return {slug: path} of every control file."""
    found: dict[str, Path] = {}
    with os.scandir(compliance_dir() / "controls") as families:
        for family in sorted(families, key=lambda entry: entry.name):
            for path in sorted(Path(family.path).glob("*.yml")):
                if path.stem in found:
                    raise InputError(f"{path}: the name {path.stem} is taken by {found[path.stem]}.")
                found[path.stem] = path
    return found


def load_control(path: Path) -> Control:
    """Return the control in a file. Raises InputError when it isn't one."""
    raw = yamlfile.load(path)
    try:
        return Control(
            id=path.stem,
            family=path.parent.name,
            title=raw["title"],
            why=raw["why"],
            severity=raw["severity"],
            check=raw["check"],
            fix=raw["fix"],
            breaks=raw["breaks"],
            applies=raw.get("applies"),
            aliases=tuple(raw.get("aliases", ())),
            references=tuple(raw.get("references", ())),
            examples=raw["examples"],
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"{path}: not a control: {error} is missing or has the wrong form.") from None


def load_controls(slugs: Iterable[str] | None = None) -> dict[str, Control]:
    """Return {slug: control}; with `slugs` only those files are read.

    Raises InputError for an unknown slug.
    """
    paths = control_paths()
    wanted = list(paths) if slugs is None else list(dict.fromkeys(slugs))
    for slug in wanted:
        if slug not in paths:
            raise unknown_name("control", slug, paths)
    return {slug: load_control(paths[slug]) for slug in wanted}


def find_control(slug: str) -> Control:
    """Return a control by its slug or by one of its former names.

    Raises InputError with the nearest names.
    """
    paths = control_paths()
    if slug in paths:
        return load_control(paths[slug])
    for control in load_controls().values():
        if slug in control.aliases:
            return control
    raise unknown_name("control", slug, paths)


def load_benchmark(name: str = DEFAULT_BENCHMARK) -> Benchmark:
    """Return a benchmark by name. Raises InputError with the nearest names."""
    if name not in names("benchmarks"):
        raise unknown_name("benchmark", name, names("benchmarks"))
    raw = yamlfile.load(compliance_dir() / "benchmarks" / f"{name}.yml")
    entries = []
    for number in sorted(raw["controls"], key=natural):
        row = raw["controls"][number]
        slugs = row.get("controls", [row.get("control")])
        entries += [Entry(str(number), slug, row.get("level"), row.get("automation")) for slug in slugs]
    return Benchmark(name, raw["title"], tuple(entries))


def load_profile(name: str = DEFAULT_PROFILE) -> Profile:
    """Return a shipped profile by name, or one of your own by path (anything that ends in .yml or .yaml).

    Raises InputError for an unknown name, a file that isn't a profile, an unknown slug in it, or a circle of
    `extends`.
    """
    return _profile(name, ())


def _profile(name: str, seen: tuple[str, ...], beside: Path | None = None) -> Profile:
    own = name.endswith((".yml", ".yaml"))
    if name in seen:
        raise InputError(f"Profiles extend one another in a circle: {' -> '.join([*seen, name])}.")
    if not own and name not in names("profiles"):
        raise unknown_name("profile", name, names("profiles"))
    path = (beside or Path()) / name if own else compliance_dir() / "profiles" / f"{name}.yml"
    raw = yamlfile.validated(path, "profile") if own else yamlfile.load(path)
    base = _profile(raw["extends"], (*seen, name), path.parent) if raw.get("extends") else None
    known = control_paths() if own else {}
    for slug in [*raw.get("enable", ()), *raw.get("disable", ())] if own else ():
        if slug not in known:
            raise InputError(f"{path}: {unknown_name('control', slug, known)}")
    enable, disable = frozenset(raw.get("enable", ())), frozenset(raw.get("disable", ()))
    return Profile(
        name=path.stem,
        title=raw["title"],
        levels=frozenset(raw.get("levels", ())) | (base.levels if base else frozenset()),
        enable=enable | ((base.enable - disable) if base else frozenset()),
        disable=disable | ((base.disable - enable) if base else frozenset()),
        params={**(base.params if base else DEFAULT_PARAMS), **raw.get("params", {})},
    )


# What a control is judged by when a profile says nothing: the most cautious reading.
DEFAULT_PARAMS: Mapping[str, Any] = {
    "docker_group_allowed": [],
    "trusted_registries": [],
    "allowed_capabilities": [],
    "published_ports_allowed": [],
    "cgroup_parents_allowed": [],
    "swarm_wanted": False,
    "swarm_managers_max": 7,
    "swarm_node_cert_days_max": 90,
    "swarm_ca_age_days_max": 365,
    "minimum_engine_version": "",
    "custom_seccomp_required": False,
    "unused_images_max_percent": 50,
    "stopped_containers_max_percent": 25,
}
