"""What runs: units, kernel parameters, audit rules, AppArmor profiles, the packet filter. Reads only."""

# ruff: noqa: PTH110, PTH113, PTH118, PTH123, PTH207

from __future__ import annotations

import contextlib
import glob
import os
import re

from restore_point.base import Json, run


def units(names: list[str], *prefix: str) -> Json:
    """Return {unit: {enabled, active}} as systemd says; no unit when it can't be asked."""
    if not names:
        return {}
    asked = (
        *prefix,
        "systemctl",
        *(("--user",) if prefix else ()),
        "show",
        "--property=UnitFileState,ActiveState",
        "--",
    )
    code, output, _ = run(*asked, *names)
    blocks = output.strip("\n").split("\n\n")
    if code or len(blocks) != len(names):
        return {}
    found: Json = {}
    for name, block in zip(names, blocks):
        shown = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        active = shown.get("ActiveState") in ("active", "activating", "reloading")
        found[name] = {"enabled": shown.get("UnitFileState", ""), "active": active}
    return found


def mount_unit(folder: str) -> str:
    """Return the name of a folder's mount unit, as systemd-escape(1) makes it."""
    kept = re.compile(r"[A-Za-z0-9:_.]")
    parts = []
    for letter in folder.strip("/"):
        escaped = "".join(f"\\x{byte:02x}" for byte in letter.encode())
        parts.append("-" if letter == "/" else letter if kept.match(letter) else escaped)
    return "".join(parts) + ".mount"


def as_user(user: str) -> list[str]:
    """Return what runs a command in an account's own systemd; nothing where there is no such account."""
    code, uid, _ = run("id", "-u", user)
    return [] if code else ["runuser", "-u", user, "--", "env", f"XDG_RUNTIME_DIR=/run/user/{uid.strip()}"]


def units_of_users(wanted: dict[str, list[str]]) -> Json:
    """Return {account: {unit: {enabled, active}}}; nothing runs where the account's systemd does not."""
    found: Json = {}
    for user, names in wanted.items():
        prefix = as_user(user)
        seen = units(names, *prefix) if prefix else {}
        found[user] = seen or {name: {"enabled": "", "active": False} for name in names}
    return found


def sysctls(patterns: list[str]) -> dict[str, str]:
    """Return {path below /proc/sys: value} of what is this host's own: in a container most is everybody's."""
    contained = run("systemd-detect-virt", "--quiet", "--container")[0] == 0
    # Only the first network namespace has it.
    own_network = not os.path.exists("/proc/sys/net/core/netdev_max_backlog")
    found = {}
    for pattern in patterns:
        for path in glob.glob(os.path.join("/proc/sys", pattern)):
            name = os.path.relpath(path, "/proc/sys")
            own = not contained or (own_network and name.startswith("net/"))
            if own and os.path.isfile(path) and os.access(path, os.W_OK):
                with contextlib.suppress(OSError), open(path, encoding="utf-8") as handle:
                    found[name] = " ".join(handle.read().split())
    return found


def audit() -> Json | None:
    """Return the kernel's audit rules and switches; None where they can't be seen."""
    code, rules, _ = run("auditctl", "-l")
    status_code, status, _ = run("auditctl", "-s")
    if code or status_code:
        return None
    shown = dict(line.split(None, 1) for line in status.splitlines() if len(line.split(None, 1)) == 2)
    switches = ("enabled", "failure", "rate_limit", "backlog_limit")
    return {
        "rules": [line for line in rules.splitlines() if line.startswith("-")],
        "status": {key: shown[key] for key in switches if key in shown},
    }


def apparmor(names: list[str]) -> Json | None:
    """Return {file: {profile: mode}} of the profiles in files of /etc/apparmor.d, the mode empty where the
    kernel has not loaded one; None where that can't be seen.
    """
    try:
        with open("/sys/kernel/security/apparmor/profiles", encoding="utf-8") as handle:
            loaded = dict(re.findall(r"(?m)^(.+) \((\w+)\)$", handle.read()))
    except OSError:
        return None
    found = {}
    for name in names:
        path = f"/etc/apparmor.d/{name}"
        if os.path.isfile(path):
            profiles = run("apparmor_parser", "--names", path)[1].splitlines()
            found[name] = {profile: loaded.get(profile, "") for profile in profiles}
    return found


def packet_filter() -> list[str]:
    """Return the rules of docker_network that the kernel has, in both families of iptables and nftables."""
    found = []
    for command in ("iptables", "ip6tables"):
        for table in ("mangle", "filter"):
            lines = run(command, "-w", "-t", table, "-S")[1].splitlines()
            found += [f"{command} {table} {line}" for line in lines if "HULLGUARD" in line]
    return found + run("nft", "--stateless", "list", "table", "inet", "hullguard")[1].splitlines()


def hairpins() -> list[str]:
    """Return the engine's rules for hosts that reach their own published ports without userland-proxy: engine
    20.10 leaves them behind when it is told to use the proxy again.
    """
    found = []
    for command in ("iptables", "ip6tables"):
        lines = run(command, "-w", "-t", "nat", "-S", "POSTROUTING")[1].splitlines()
        rule = re.compile(r"-A POSTROUTING -o \S+ -m addrtype --src-type LOCAL -j MASQUERADE$")
        found += [f"{command} {line}" for line in lines if rule.match(line)]
    return found
