"""Packages: which there are, and how those that a run has brought go again."""

from __future__ import annotations

import re
from collections.abc import Iterable

from restore_point.base import Json, must, run

# An engine is never removed, nor what it consists of.
ENGINE = re.compile(r"(docker|containerd|runc|moby)([.-].*)?$")
DPKG = r"${binary:Package}\t${Version}\t${db:Status-Status}\t${db:Status-Want}\n"


def packages() -> dict[str, list[str]]:
    """Return {package: [version, status, what is wanted of it]}."""
    code, output, _ = run("dpkg-query", "-W", "-f", DPKG)
    if code:
        output = run("rpm", "-qa", "--qf", r"%{NAME}\t%{EVR}\tinstalled\tinstall\n")[1]
    rows = (line.split("\t") for line in output.splitlines())
    return {row[0].split(":")[0]: row[1:] for row in rows if len(row) == 4}


def installed(among: Json, name: str) -> bool:
    """Return whether a list of packages has one installed."""
    return bool(among.get(name, ["", ""])[1] == "installed")


def newcomers(then: Json, now: Json, names: Iterable[str]) -> list[str]:
    """Return which of some packages are installed now and were not, the engine's aside."""
    return [
        name for name in sorted(names)
        if installed(now, name) and not installed(then, name) and not ENGINE.match(name)
    ]  # fmt: skip


def held(among: Json, name: str) -> bool | None:
    """Return whether a package is held; None where it is not installed."""
    return among[name][2] == "hold" if installed(among, name) else None


def would_go(chosen: Iterable[str], *options: str) -> list[str]:
    """Return the packages that go together with some, by apt's own reckoning."""
    output = must("apt-get", "--simulate", *options, "purge", *chosen)
    return [name.split(":")[0] for name in re.findall(r"(?m)^(?:Purg|Remv) (\S+) ", output)]


def needed(then: Json, now: Json, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return which packages go, and in sentences which stay: what something else needs does."""
    wanted = newcomers(then, now, names)
    if wanted and run("apt-get", "--version")[0]:
        return [], [f"{name} was installed since and stays: it is removed where apt is." for name in wanted]
    going, said = set(wanted), []
    # What stays may itself need others of them.
    while stuck := {name: needs for name in sorted(going) if (needs := set(would_go([name])) - going)}:
        going -= set(stuck)
        said += [
            f"{name} was installed since and stays: {', '.join(sorted(needs))} needs it."
            for name, needs in stuck.items()
        ]
    return sorted(going), said


def remove(then: Json, now: Json, names: Iterable[str]) -> list[str]:
    """Remove what came since, with what came along for it alone; return in sentences what stays."""
    going, said = needed(then, now, names)
    if going:
        along = {
            name for name in would_go(going, "--auto-remove")
            if not installed(then, name) and not ENGINE.match(name)
        }  # fmt: skip
        must("apt-get", "-y", "-q", "-o", "DPkg::Lock::Timeout=120", "purge", *sorted(along | set(going)))
    return said


def kept(then: Json, now: Json, names: Iterable[str]) -> list[str]:
    """Return in sentences what no rollback changes of packages."""
    found = []
    for name in sorted(now):
        if not installed(now, name) or not (ENGINE.match(name) or name in set(names)):
            continue
        version = now[name][0]
        if not installed(then, name) and ENGINE.match(name):
            found.append(
                f"{name} {version} was installed since and stays: an engine and its data are not removed."
            )
        elif installed(then, name) and then[name][0] != version:
            found.append(f"{name} is {version} and was {then[name][0]}: packages are never downgraded.")
    return found + [
        f"{name} was removed since and is not installed again."
        for name in sorted(set(names))
        if installed(then, name) and not installed(now, name)
    ]
