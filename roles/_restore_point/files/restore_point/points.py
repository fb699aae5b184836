"""Restore points on the disk: take one, list and read them, drop what is not worth keeping."""

# ruff: noqa: PTH101, PTH102, PTH103, PTH104, PTH110, PTH113, PTH118, PTH123, PTH207

from __future__ import annotations

import glob
import json
import os
import shutil
import time

from restore_point import accounts, differences, files, packages, running
from restore_point.base import Json, Refused, run

SCHEMA = "hullguard/restore-point/1"
# What a role may say of itself, and of which type.
PARTS = {
    "files": list, "engine_files": list, "attributes": list, "leave": list, "units": list, "mounts": list,
    "user_units": dict, "sysctls": list, "groups": list, "accounts": list, "subids": list, "packages": list,
    "holds": list, "apparmor": list, "audit": bool, "packet_filter": str,
}  # fmt: skip
HEAD = ("name", "taken_at", "for", "by", "roles", "original")


def merged(plans: dict[str, Json]) -> Json:
    """Return one plan from those of all roles."""
    if not plans:
        raise Refused("No role has said what it may change, so that nothing could be kept.")
    plan: Json = {part: kind() for part, kind in PARTS.items()}
    for role, own in plans.items():
        for part, value in own.items():
            if part not in PARTS or not isinstance(value, PARTS[part]):
                raise Refused(
                    f"{role} says {part}: {value!r} of what it may change: no such part, or not of its type."
                )
            if isinstance(value, list):
                plan[part] = sorted({*plan[part], *filter(None, value)})
            elif isinstance(value, dict):
                plan[part] = {**plan[part], **value}
            else:
                plan[part] = plan[part] or value
    for unit in map(running.mount_unit, plan["mounts"]):
        plan["files"] += [f"/etc/systemd/system/{unit}", f"/etc/systemd/system/*.wants/{unit}"]
    return plan


def state(plan: Json, engine: Json) -> Json:
    """Return what a plan speaks of as it is now; what the engine says comes from whoever has asked it."""
    patterns = plan["files"] + plan["engine_files"]
    paths = {path: files.entry(path) for path in files.matched(patterns, plan["leave"])}
    bare = [path for path in plan["attributes"] if os.path.lexists(path) and path not in paths]
    return {
        "paths": paths,
        "folders": files.parents(patterns),
        "attributes": {path: files.attributes(path) for path in bare},
        "accounts": accounts.account_lines(plan["accounts"], plan["groups"], plan["subids"]),
        "units": running.units(sorted({*plan["units"], *map(running.mount_unit, plan["mounts"])})),
        "user_units": running.units_of_users(plan["user_units"]),
        "sysctls": running.sysctls(plan["sysctls"]),
        "audit": running.audit() if plan["audit"] else None,
        "apparmor": running.apparmor(plan["apparmor"]),
        "packet_filter": running.packet_filter() if plan["packet_filter"] else [],
        "hairpins": running.hairpins(),
        "packages": packages.packages(),
        "engine": engine,
    }


def heads(folder: str) -> list[Json]:
    """Return what is to be told of the points there are, the oldest first."""
    found = []
    for path in glob.glob(os.path.join(glob.escape(folder), "[0-9]*", "point.json")):
        with open(path, encoding="utf-8") as handle:
            point = json.load(handle)
        found.append({key: point[key] for key in HEAD})
    return sorted(found, key=age)


def age(point: Json) -> tuple[str, int]:
    """Return what points are sorted by: those of one second have a number."""
    stamp, _, number = point["name"].partition("-")
    return stamp, int(number or 1)


def read(folder: str, name: str) -> Json:
    """Return a point, which has to be whole; `last` is the newest that no rollback has made."""
    there = heads(folder)
    if name == "last":
        hardened = [point["name"] for point in there if point["for"] != "rollback"]
        if not hardened:
            raise Refused(
                "There is no restore point here: no run has changed anything, or none has taken one."
            )
        name = hardened[-1]
    names = [point["name"] for point in there]
    if name not in names:
        raise Refused(f"There is no restore point {name} here. There are: {', '.join(names) or 'none'}.")
    with open(os.path.join(folder, name, "point.json"), encoding="utf-8") as handle:
        point: Json = json.load(handle)
    if point["schema"] != SCHEMA:
        raise Refused(f"Restore point {name} has the schema {point['schema']}, and this reads {SCHEMA}.")
    for path, wanted in point["state"]["paths"].items():
        content = content_of(folder, point, path)
        if wanted["kind"] == "file" and (
            not os.path.isfile(content) or files.digest(content) != wanted["sha256"]
        ):
            raise Refused(
                f"Restore point {name} is damaged: {content} is not what {path} held. Nothing was changed."
            )
    return point


def content_of(folder: str, point: Json, path: str) -> str:
    """Return where a point keeps what a file held."""
    return os.path.join(folder, point["name"], "files", point["state"]["paths"][path].get("content", ""))


def take(request: Json, folder: str) -> Json:
    """Write a point, whole or not at all, and return its name."""
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        os.chmod(folder, 0o700)
        for left in glob.glob(os.path.join(glob.escape(folder), ".*.new")):
            shutil.rmtree(left)
        plan = read(folder, request["like"])["plan"] if request.get("like") else merged(request["plan"])
        name = free_name(folder)
        point = {
            "schema": SCHEMA,
            "name": name,
            "taken_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "original": not heads(folder),
            **{key: request.get(key, usual) for key, usual in (("for", "harden"), ("by", ""), ("roles", []))},
            "plan": plan,
            "state": state(plan, request.get("engine", {})),
        }
        fill(os.path.join(folder, f".{name}.new"), point)
        os.rename(os.path.join(folder, f".{name}.new"), os.path.join(folder, name))
    except OSError as error:
        raise Refused(
            f"No restore point can be written below {folder}: {error}. Nothing was changed."
        ) from None
    return {"name": name, "original": point["original"]}


def free_name(folder: str) -> str:
    """Return a name that no point has: the time in UTC."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    name, number = stamp, 1
    while os.path.exists(os.path.join(folder, name)):
        number += 1
        name = f"{stamp}-{number}"
    return name


def fill(made: str, point: Json) -> None:
    """Write all of a point into a new folder; where that fails the folder goes."""
    try:
        for one in (made, os.path.join(made, "files")):
            os.mkdir(one, 0o700)
        for number, (path, one) in enumerate(point["state"]["paths"].items()):
            if one["kind"] == "file":
                one["content"] = f"{number:04}"
                content = os.path.join(made, "files", one["content"])
                files.copy(path, content)
                if files.digest(content) != one["sha256"]:
                    raise Refused(
                        f"Somebody changed {path} while it was read. Nothing was changed: run this again."
                    )
        # For a reader: what else the packet filter held is never put back.
        for command in (["iptables-save"], ["ip6tables-save"], ["nft", "list", "ruleset"]):
            files.write(os.path.join(made, f"{command[0]}.txt"), run(*command)[1])
        files.write(os.path.join(made, "point.json"), json.dumps(point, indent=1))
    except (OSError, Refused):
        shutil.rmtree(made, ignore_errors=True)
        raise


def finish(request: Json, folder: str) -> Json:
    """Drop a point that equals the host, and the oldest beyond the number to keep; the original stays."""
    point = read(folder, request["name"])
    same = not differences.differences(point, state(point["plan"], request.get("engine", {})))
    if same:
        shutil.rmtree(os.path.join(folder, point["name"]))
    names = [one["name"] for one in heads(folder) if not one["original"]]
    for name in names[: max(0, len(names) - max(1, int(request.get("keep", 10))))]:
        shutil.rmtree(os.path.join(folder, name))
    return {"name": point["name"], "kept": not same, "points": [one["name"] for one in heads(folder)]}
