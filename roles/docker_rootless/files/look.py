"""Tells what a rootless engine of an account needs and has on this host.

    python3 look.py USER

Reads and changes nothing; standard library only, Python 3.9 or newer.
"""

from __future__ import annotations

import grp
import json
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

# Whoever runs this may have a shorter path.
DIRECTORIES = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
# Debian and Ubuntu ship it with the engine, outside the path.
CONTRIB = "/usr/share/docker.io/contrib"
UNIT = "docker.service"
UNITS = ".config/systemd/user"
WANTED = f"{UNITS}/default.target.wants/{UNIT}"


def which(*names: str, more: str = "") -> str:
    """Return the path of the first of these programs that is here."""
    path = ":".join(filter(None, [*DIRECTORIES, more]))
    return next((found for name in names if (found := shutil.which(name, path=path))), "")


def text(path: Path) -> str:
    """Return what a file says, nothing where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def there(path: Path) -> bool:
    """Return whether a path exists, be it a link that leads nowhere."""
    return path.is_symlink() or path.exists()


def ask(account: pwd.struct_passwd, word: str) -> str:
    """Return what the account's systemd says of the unit; nothing where it does not run."""
    folder = Path(f"/run/user/{account.pw_uid}")
    if not (folder / "systemd/private").exists():
        return ""
    command = ["runuser", "-u", account.pw_name, "--", "env", f"XDG_RUNTIME_DIR={folder}"]
    command += ["systemctl", "--user", word, UNIT]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False).stdout.strip()


def confined(program: str) -> dict[str, bool]:
    """Return whether AppArmor restricts who makes user namespaces, and whether a profile lets a program."""
    folder = Path("/etc/apparmor.d")
    files = [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []
    others = [path for path in files if not path.name.startswith("hullguard-")]
    return {
        "restricted": text(Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")) == "1",
        "profile": bool(program) and any(program in text(path) for path in others),
    }


def look(user: str) -> dict[str, Any]:
    """Return the facts about one account."""
    programs = {
        "script": which("dockerd-rootless.sh", more=CONTRIB),
        "dockerd": which("dockerd"),
        "newuidmap": which("newuidmap"),
        "newgidmap": which("newgidmap"),
        "rootlesskit": which("docker-rootlesskit", "rootlesskit"),
        "network": which("slirp4netns", "vpnkit"),
        "loginctl": which("loginctl"),
        "apparmor_parser": which("apparmor_parser"),
    }
    units = (Path("/usr/lib/systemd/user"), Path("/lib/systemd/user"))
    limits = ("/proc/sys/user/max_user_namespaces", "/proc/sys/kernel/unprivileged_userns_clone")
    facts: dict[str, Any] = {
        "programs": programs,
        "bus": any((folder / "dbus.socket").exists() for folder in units),
        "tun": Path("/dev/net/tun").exists(),
        "userns": all(text(Path(limit)) != "0" for limit in limits),
        "apparmor": confined(programs["rootlesskit"]),
        "linger": Path("/var/lib/systemd/linger", user).exists(),
        "others": [
            entry.pw_name
            for entry in pwd.getpwall()
            if entry.pw_name != user and there(Path(entry.pw_dir, WANTED))
        ],
        **dict.fromkeys(("home", "own_unit", "wanted", "data"), False),
        **dict.fromkeys(("enabled", "active", "runtime"), ""),
        "groups": [],
    }
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        return facts
    home, groups = Path(account.pw_dir), grp.getgrall()
    return {
        **facts,
        "home": home.is_dir() and home.stat().st_uid == account.pw_uid,
        # One in the account's home wins over ours.
        "own_unit": (home / UNITS / UNIT).exists(),
        "wanted": there(home / WANTED),
        "data": there(home / ".local/share/docker"),
        "enabled": ask(account, "is-enabled"),
        "active": ask(account, "is-active"),
        "runtime": f"/run/user/{account.pw_uid}",
        "groups": [one.gr_name for one in groups if user in one.gr_mem or one.gr_gid == account.pw_gid],
    }


if __name__ == "__main__":
    print(json.dumps(look(sys.argv[1])))
