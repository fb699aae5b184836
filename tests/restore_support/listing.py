"""Everything on a host that a role could have forgotten to say of itself: files, units, kernel, packet filter."""

from __future__ import annotations

import json
from typing import Any

from preview_support.machine import Machine

# The engine's data, what package managers and systemd note of themselves, Ansible's own folder, copies that tools for
# accounts keep, and what stays on purpose: restore points and collected evidence.
LEFT_OUT = (
    "/etc/.pwd.lock",
    "/etc/group-",
    "/etc/gshadow-",
    "/etc/ld.so.cache",
    "/etc/passwd-",
    "/etc/shadow-",
    "/etc/subgid-",
    "/etc/subuid-",
    "/root/.ansible",
    "/var/lib/apt",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/lib/dpkg",
    "/var/lib/hullguard/evidence",
    "/var/lib/hullguard/images",
    "/var/lib/hullguard/restore-points",
    "/var/lib/hullguard/status",
    "/var/lib/systemd/random-seed",
    "/var/lib/systemd/timesync",
)
PROGRAM = r"""
import hashlib, json, os, re, stat, subprocess, sys
left_out = tuple(sys.argv[1].split())
found = {}
for root in ("/etc", "/usr/local", "/usr/lib/systemd", "/var/lib", "/root"):
    for folder, folders, names in os.walk(root):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in left_out]
        for name in ["."] + names + [name for name in folders if os.path.islink(os.path.join(folder, name))]:
            path = os.path.normpath(os.path.join(folder, name))
            if path in left_out:
                continue
            info = os.lstat(path)
            what = ""
            if stat.S_ISLNK(info.st_mode):
                what = os.readlink(path)
            elif stat.S_ISREG(info.st_mode):
                what = hashlib.sha256(open(path, "rb").read()).hexdigest()
            attributes = {name: os.getxattr(path, name, follow_symlinks=False).hex()
                          for name in os.listxattr(path, follow_symlinks=False)}
            found["file " + path] = [oct(info.st_mode), info.st_uid, info.st_gid, what, attributes]
for path in ("/run/docker.sock", "/run/containerd/containerd.sock"):
    info = os.lstat(path)
    found["file " + path] = [oct(info.st_mode), info.st_uid, info.st_gid]
def lines(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
for line in lines("systemctl", "list-unit-files", "--no-legend", "--plain"):
    found["unit file " + line.split()[0]] = line.split()[1]
for line in lines("systemctl", "list-units", "--all", "--no-legend", "--plain", "--type=timer,mount,socket"):
    if "docker-" not in line and "hullguard" in line or line.startswith("docker.socket"):
        found["unit " + line.split()[0]] = line.split()[2]
for table in ("filter", "mangle", "nat"):
    for command in ("iptables", "ip6tables"):
        # Containers that were started anew may have another address each.
        rules = lines(command, "-t", table, "-S")
        found[f"{command} {table}"] = sorted(re.sub(r"172\.\d+\.\d+\.\d+(/32)?", "ADDRESS", rule) for rule in rules)
found["nft"] = [line for line in lines("nft", "list", "tables") if "hullguard" in line]
for line in lines("sysctl", "--all", "--pattern", r"^net\.(ipv4|ipv6|bridge)\.(?!neigh|conf\.veth|route\.flush)"):
    name, _, value = line.partition(" = ")
    if "veth" not in name and "stable_secret" not in name:
        found["sysctl " + name] = value
info = json.loads(lines("docker", "info", "--format", "{{json .}}")[0])
for key in ("SecurityOptions", "LoggingDriver", "LiveRestoreEnabled", "DockerRootDir", "Debug", "DefaultRuntime"):
    found["engine " + key] = info.get(key)
found["networks"] = sorted(lines("docker", "network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Internal}}"))
found["running"] = sorted(lines("docker", "ps", "--no-trunc", "--format", "{{.ID}} {{.Names}}"))
print(json.dumps(found))
"""


def listing(host: Machine) -> dict[str, Any]:
    """Return {what: how it is}."""
    code, text = host.run("python3", "-c", PROGRAM, " ".join(LEFT_OUT))
    assert code == 0, text
    found: dict[str, Any] = json.loads(text[text.index("{") :])
    # The folder of restore points was made for them.
    found.pop("file /var/lib/hullguard", None)
    return found


def changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return what differs between two listings."""
    return {
        name: (before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    }
