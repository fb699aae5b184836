"""The way back to a restore point, except for what needs the engine: that is Ansible's.

What is as it was already is left alone, so that a way back that broke off goes on when it is called again.
"""

# ruff: noqa: PTH103, PTH110, PTH118, PTH120, PTH123

from __future__ import annotations

import os
import tempfile

from restore_point import accounts, differences, files, packages, points, running
from restore_point.base import Json, must

# Written before the first file goes back, gone when the engine has started with them; a boot does as much.
DUE = "/run/hullguard/restart-due"
AWAY: Json = {"enabled": "", "active": False}


def back(request: Json, folder: str) -> Json:
    """Bring the host back to a point; return in sentences what stays."""
    point = points.read(folder, request["name"])
    plan, then, now = point["plan"], point["state"], points.state(point["plan"], {})
    found = differences.differences(point, now)
    changed = {one["name"] for one in found if one["kind"] == "file"}
    if request.get("restart"):
        os.makedirs(os.path.dirname(DUE), 0o700, exist_ok=True)
        files.write(DUE, f"{point['name']}\n")
    # As long as programs and units are there that know how to end it.
    if now["packet_filter"] and not then["packet_filter"] and os.path.exists(plan["packet_filter"]):
        must(plan["packet_filter"], "unload")
    quiet(then, now)
    unload_profiles(then["apparmor"], now["apparmor"])
    said = packages.remove(then["packages"], now["packages"], plan["packages"])
    put_files(point, now, folder)
    accounts.put_accounts(then["accounts"], now["accounts"])
    must("systemctl", "daemon-reload")
    put_sysctls(then["sysctls"], now["sysctls"])
    put_audit(then["audit"], now["audit"])
    load_profiles(then["apparmor"], now["apparmor"], changed)
    if then["packet_filter"] and running.packet_filter() != then["packet_filter"]:
        must(plan["packet_filter"], "load")
    # An engine that needs them makes them again when it starts.
    for rule in differences.came_hairpins(then, now):
        command, *words = rule.replace("-A ", "-D ", 1).split()
        must(command, "-w", "-t", "nat", *words)
    wake(then, changed)
    for one in found:
        if one["kind"] == "hold":
            must("apt-mark", "hold" if one["then"] else "unhold", one["name"])
    return {"stays": said}


def quiet(then: Json, now: Json) -> None:
    """Stop and disable what did not run or was not enabled, as long as its unit is there."""
    for prefix, wanted, present in pairs(then, now):
        for name, is_now in present.items():
            was = wanted.get(name, AWAY)
            if is_now["enabled"] == "enabled" and was["enabled"] != "enabled":
                must(*prefix, "disable", "--", name)
            if is_now["active"] and not was["active"]:
                must(*prefix, "stop", "--", name)


def wake(then: Json, changed: set[str]) -> None:
    """Mask or unmask, enable, and start what ran; what runs with other files than before starts anew."""
    present = {
        "units": running.units(list(then["units"])),
        "user_units": running.units_of_users(
            {user: list(names) for user, names in then["user_units"].items()}
        ),
    }
    for prefix, wanted, now in pairs(then, present):
        for name, was in wanted.items():
            is_now = now.get(name, AWAY)
            if (was["enabled"] == "masked") != (is_now["enabled"] == "masked"):
                must(*prefix, "mask" if was["enabled"] == "masked" else "unmask", "--", name)
            if was["enabled"] == "enabled" and is_now["enabled"] != "enabled":
                must(*prefix, "enable", "--", name)
            if was["active"] and not is_now["active"]:
                must(*prefix, "start", "--", name)
            elif was["active"] and any(f"/{name}" in path for path in changed):
                must(*prefix, "restart", "--", name)
    for user in then["user_units"]:
        linger = f"/var/lib/systemd/linger/{user}"
        if linger in changed:
            must("loginctl", "enable-linger" if linger in then["paths"] else "disable-linger", user)


def pairs(then: Json, now: Json) -> list[tuple[list[str], Json, Json]]:
    """Return what talks to each systemd, with the units of a point and of now."""
    found = [(["systemctl"], then["units"], now["units"])]
    for user, wanted in then["user_units"].items():
        found.append(
            ([*running.as_user(user), "systemctl", "--user"], wanted, now["user_units"].get(user, {}))
        )
    return found


def put_files(point: Json, now: Json, folder: str) -> None:
    """Bring files back: those that were there, then the absence of others, then owners and modes."""
    then, plan = point["state"], point["plan"]
    for path, wanted in sorted(then["paths"].items()):
        if differences.bare(wanted) != differences.bare(now["paths"].get(path)):
            files.put(path, wanted, points.content_of(folder, point, path), then["folders"])
    files.remove({*now["paths"]} - {*then["paths"]})
    made = {*files.parents(plan["files"] + plan["engine_files"])} - {*then["folders"]} - {*then["paths"]}
    files.remove(made)
    for path, wanted in then["attributes"].items():
        if os.path.lexists(path):
            files.dress(path, wanted)


def put_sysctls(then: dict[str, str], now: dict[str, str]) -> None:
    """Tell the kernel the values of then, of the parameters that it still has."""
    for name, value in then.items():
        if now.get(name, value) != value:
            with open(os.path.join("/proc/sys", name), "w", encoding="utf-8") as handle:
                handle.write(value)


def put_audit(then: Json | None, now: Json | None) -> None:
    """Load the audit rules of then; a kernel that takes none before its next boot keeps its own."""
    if then is None or now is None or then == now or now["status"].get("enabled") == "2":
        return
    switches = {"backlog_limit": "-b", "failure": "-f", "rate_limit": "-r"}
    lines = ["-D"] + [
        f"{flag} {then['status'][key]}" for key, flag in switches.items() if key in then["status"]
    ]
    with tempfile.NamedTemporaryFile("w", dir="/run", suffix=".rules", encoding="utf-8") as handle:
        handle.write("".join(f"{line}\n" for line in lines + then["rules"]))
        handle.flush()
        must("auditctl", "-R", handle.name)
    if then["status"].get("enabled") in ("0", "1"):
        must("auditctl", "-e", then["status"]["enabled"])


def unload_profiles(then: Json | None, now: Json | None) -> None:
    """Unload AppArmor profiles that the kernel did not have, as long as their files are there."""
    if then is None or now is None:
        return
    for name, profiles in now.items():
        if any(mode and not then.get(name, {}).get(profile) for profile, mode in profiles.items()):
            must("apparmor_parser", "--remove", f"/etc/apparmor.d/{name}")


def load_profiles(then: Json | None, now: Json | None, changed: set[str]) -> None:
    """Load AppArmor profiles that the kernel had, where their text or mode differs."""
    if then is None or now is None:
        return
    for name, profiles in then.items():
        differs = profiles != now.get(name) or f"/etc/apparmor.d/{name}" in changed
        if any(profiles.values()) and differs:
            must("apparmor_parser", "--replace", "--write-cache", f"/etc/apparmor.d/{name}")
