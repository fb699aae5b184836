"""What differs between a restore point and a host. Pure, but for whether a folder is empty."""

# ruff: noqa: PTH208

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from typing import Any

from restore_point import packages
from restore_point.base import Json

# Nobody's business.
HIDDEN = ("shadow", "gshadow")


def row(kind: str, name: str, then: Any, now: Any) -> Json:
    """Return one difference."""
    return {"kind": kind, "name": name, "then": then, "now": now}


def words(one: Json | None) -> str:
    """Return what there is under a path, for a reader."""
    if one is None:
        return "absent"
    more = f" to {one['to']}" if "to" in one else f" sha256 {one['sha256'][:12]}" if "sha256" in one else ""
    extended = "".join(f" {name}={value[:16]}" for name, value in sorted(one["extended"].items()))
    return f"{one['kind']} {one['uid']}:{one['gid']} {one['mode']:04o}{more}{extended}"


def bare(one: Json | None) -> Json | None:
    """Return what there is under a path, without its time and the place where its content is kept."""
    return None if one is None else {key: one[key] for key in one if key not in ("content", "mtime")}


def members(kind: str, then: Json, now: Json, *, both: bool = False) -> Iterator[Json]:
    """Yield what differs of two mappings; with `both` only what both have."""
    for name in sorted({*then} & {*now} if both else {*then, *now}):
        if then.get(name) != now.get(name):
            yield row(kind, name, then.get(name), now.get(name))


def of_files(then: Json, now: Json) -> Iterator[Json]:
    """Yield what differs of files, and the folders that were made since and are empty."""
    for path in sorted({*then["paths"], *now["paths"]}):
        wanted, present = bare(then["paths"].get(path)), bare(now["paths"].get(path))
        if wanted != present:
            yield row("file", path, words(wanted), words(present))
    for path, one in sorted(now["folders"].items()):
        if path not in then["folders"] and path not in now["paths"] and not os.listdir(path):
            yield row("folder", path, "absent", words(one))
    for path in sorted({*then["attributes"]} & {*now["attributes"]}):
        if then["attributes"][path] != now["attributes"][path]:
            yield row("attributes", path, words(then["attributes"][path]), words(now["attributes"][path]))


def of_accounts(then: Json, now: Json) -> Iterator[Json]:
    """Yield what differs of accounts and groups."""
    for file, present in now.items():
        for name, lines in (present or {}).items():
            wanted = (then.get(file) or {}).get(name, [])
            if wanted != lines:
                shown = ("one", "another") if file in HIDDEN else (wanted, lines)
                yield row("account", f"{name} in /etc/{file}", *shown)


def of_running(then: Json, now: Json) -> Iterator[Json]:
    """Yield what differs of what runs; what was not seen on both sides is nothing to compare."""
    yield from members("unit", then["units"], now["units"], both=True)
    for user, wanted in then["user_units"].items():
        yield from members(f"unit of {user}", wanted, now["user_units"].get(user, {}), both=True)
    yield from members("sysctl", then["sysctls"], now["sysctls"], both=True)
    if then["audit"] is not None and now["audit"] is not None:
        yield from members("audit", then["audit"], now["audit"])
    if then["apparmor"] is not None and now["apparmor"] is not None:
        for name in sorted({*then["apparmor"], *now["apparmor"]}):
            # A profile that is only a file is one of the files.
            loaded = [
                {key: mode for key, mode in side["apparmor"].get(name, {}).items() if mode}
                for side in (then, now)
            ]
            if loaded[0] != loaded[1]:
                yield row("AppArmor profile", name, *loaded)
    came = came_hairpins(then, now)
    if came:
        yield row("packet filter", "rules of the engine for published ports", [], came)
    if then["packet_filter"] != now["packet_filter"]:
        yield row("packet filter", "rules of docker_network", then["packet_filter"], now["packet_filter"])


def came_hairpins(then: Json, now: Json) -> list[str]:
    """Return the engine's rules for published ports that came since; old points know nothing of them."""
    present: set[str] = set(now["hairpins"])
    return sorted(present - set(then.get("hairpins", present)))


def of_engine(then: Json, now: Json) -> Iterator[Json]:
    """Yield what the engine says otherwise; an engine that was not asked says nothing."""
    for part, kind in (("info", "engine"), ("networks", "network")):
        if isinstance(then.get(part), dict) and isinstance(now.get(part), dict):
            yield from members(kind, then[part], now[part], both=part == "info")


def differences(point: Json, now: Json) -> list[Json]:
    """Return what a point has otherwise than a host's present state."""
    then, plan = point["state"], point["plan"]
    had, has = then["packages"], now["packages"]
    came = packages.newcomers(had, has, plan["packages"])
    holds = ((name, packages.held(had, name), packages.held(has, name)) for name in plan["holds"])
    return [
        *of_files(then, now),
        *of_accounts(then["accounts"], now["accounts"]),
        *of_running(then, now),
        *(row("package", name, "absent", has[name][0]) for name in came),
        *(row("hold", name, was, is_now) for name, was, is_now in holds if {was, is_now} == {True, False}),
        *of_engine(then["engine"], now["engine"]),
    ]


def restarts(point: Json, found: list[Json]) -> list[str]:
    """Return why the engine has to start anew before a host is as it was."""
    reasons = []
    for one in found:
        patterns = point["plan"]["engine_files"]
        read = any(
            fnmatch.fnmatch(one["name"], end) for pattern in patterns for end in (pattern, f"{pattern}/*")
        )
        if one["kind"] == "file" and read:
            reasons.append(f"{one['name']} differs")
        elif one["kind"] == "engine":
            reasons.append(f"the engine says another {one['name']}")
    return reasons
