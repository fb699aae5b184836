"""What can be asked for: one verb, one JSON object in, another one out."""

# ruff: noqa: PTH108, PTH110, PTH123

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re

from restore_point import back, differences, files, packages, points
from restore_point.base import Json, Refused

FOLDER = "/var/lib/hullguard/restore-points"
# Who ran in which store when docker_userns left it.
USERNS = "/var/lib/hullguard/docker_userns.json"
SECRET = re.compile(r"(?i)passw|passphrase|secret|token|key\b|credential|auth|://[^/@\s\"]+@")


def compare(request: Json, folder: str) -> Json:
    """Return what differs between a point and the host, why the engine would have to start anew, and what
    stays in any case. Changes nothing.
    """
    point = points.read(folder, request["name"])
    now = points.state(point["plan"], request.get("engine", {}))
    needed = packages.needed(point["state"]["packages"], now["packages"], point["plan"]["packages"])[0]
    found = [
        one
        for one in differences.differences(point, now)
        # Of these `stays` tells.
        if not (one["kind"] == "package" and one["name"] not in needed)
        and not (one["kind"] == "audit" and immutable(now))
    ]
    due = ["an earlier rollback broke off before it"] if os.path.exists(back.DUE) else []
    if point["state"]["engine"].get("info") and not request.get("engine", {}).get("info"):
        due.append("the engine answered then, and does not now")
    daemon_json = request.get("daemon_json", "")
    kept = daemon_json in point["state"]["paths"]
    return {
        "name": point["name"],
        "taken_at": point["taken_at"],
        "differences": found,
        "restarts": differences.restarts(point, found) + due,
        "stays": stays(point, now),
        "diff": texts(point, folder, found) if request.get("diff") else [],
        "daemon_json": {
            "then": parsed(points.content_of(folder, point, daemon_json)) if kept else {},
            "now": parsed(daemon_json),
        },
        "ran": parsed(USERNS).get("ran", {}),
        "networks": point["state"]["engine"].get("networks") or {},
        "points": points.heads(folder),
    }


def immutable(now: Json) -> bool:
    """Return whether the kernel takes no audit rules before its next boot."""
    return now["audit"] is not None and now["audit"]["status"].get("enabled") == "2"


def parsed(path: str) -> Json:
    """Return the object in a JSON file; an empty one where there is none."""
    with contextlib.suppress(OSError, ValueError), open(path, encoding="utf-8") as handle:
        found = json.load(handle)
        return found if isinstance(found, dict) else {}
    return {}


def stays(point: Json, now: Json) -> list[str]:
    """Return in sentences what a rollback to a point leaves as it is, and why."""
    then, plan = point["state"], point["plan"]
    found = packages.kept(then["packages"], now["packages"], plan["packages"])
    found += packages.needed(then["packages"], now["packages"], plan["packages"])[1]
    if plan["audit"] and (then["audit"] is None or now["audit"] is None):
        found.append(
            "Audit rules in the kernel can't be seen here: their files go back, the rules with the next boot."
        )
    elif plan["audit"] and then["audit"] != now["audit"] and immutable(now):
        found.append(
            "Audit rules are immutable now (-e 2): their files go back, the rules with the next boot."
        )
    return found


def texts(point: Json, folder: str, found: list[Json]) -> list[str]:
    """Return the differences of texts that everybody may read, and that hold no secret, as unified diffs."""
    lines: list[str] = []
    for path in [one["name"] for one in found if one["kind"] == "file"]:
        then = point["state"]["paths"].get(path)
        now = files.entry(path) if os.path.lexists(path) else None
        if any(side and (side["kind"] != "file" or not side["mode"] & 0o004) for side in (then, now)):
            continue
        sides = []
        for source in (path if now else "", points.content_of(folder, point, path) if then else ""):
            with open(source or os.devnull, encoding="utf-8", errors="replace") as handle:
                sides.append(handle.read())
        if not SECRET.search("".join(sides)):
            old, new = (side.splitlines() for side in sides)
            lines += difflib.unified_diff(old, new, f"{path} (now)", f"{path} ({point['name']})", lineterm="")
    return lines


def proved(_request: Json, _folder: str) -> Json:
    """Note that the engine runs with what was brought back."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(back.DUE)
    return {}


VERBS = {
    "list": lambda _request, folder: {"points": points.heads(folder)},
    "take": points.take,
    "compare": compare,
    "back": back.back,
    "proved": proved,
    "finish": points.finish,
}


def answer(request: Json) -> Json:
    """Do what is asked for; Refused tells why it can't be done."""
    try:
        return VERBS[request["verb"]](request, request.get("folder", FOLDER))
    except OSError as error:
        raise Refused(f"{request['verb']}: {error}") from None
