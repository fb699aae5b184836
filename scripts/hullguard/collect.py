#!/usr/bin/env python3
"""Print what a Docker host looks like, as JSON: facts only, no opinions.

One file, standard library only, Python 3.9 or newer, so that it can be read before it runs as root:

    ssh host sudo python3 - < collect.py > host.json

It reads files, /proc and the engine's API socket, starts `systemctl show`, `auditctl -l`/`-s` and
`iptables-save`, and changes nothing. Values of environment variables, arguments of commands, credentials in
URLs, join tokens and every value whose name looks like a secret stay on the host; their names are kept.
What could not be seen is listed under `errors`, never left out in silence. The format is
`compliance/schema/evidence.schema.json`.
"""

from __future__ import annotations

import argparse
import errno
import grp
import http.client
import json
import os
import platform
import pwd
import re
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timezone
from glob import glob
from typing import Any
from urllib.parse import quote

Fact = dict[str, Any]

SCHEMA = "hullguard/evidence/1"
VERSION = "0.1.0"
SECTIONS = ("host", "files", "audit", "engine", "objects")
BINARY_DIRS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
UNIT_DIRS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
DEFAULT_SOCKET = "/var/run/docker.sock"
# An engine with a thousand containers answers with less than a megabyte; what is far above is no answer.
LARGEST_ANSWER = 64 << 20
LONGEST_LINE = 8000
LOGIN_DAEMONS = ("sshd", "dropbear", "telnetd", "in.telnetd")
CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
# What a foreign or hostile answer can raise while it is read.
MALFORMED = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)
REAL_FILESYSTEM_NOISE = {
    "overlay", "nsfs", "proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs", "debugfs",
    "tracefs", "bpf", "pstore", "configfs", "fusectl", "hugetlbfs", "binfmt_misc", "autofs", "efivarfs",
    "rpc_pipefs",
}  # fmt: skip

# Flags of dockerd whose name in daemon.json differs (dockerd --help against the documented daemon.json keys).
FLAG_NAMES = {
    "H": "hosts", "host": "hosts", "D": "debug", "l": "log-level", "G": "group", "g": "data-root",
    "s": "storage-driver", "p": "pidfile", "b": "bridge", "graph": "data-root", "label": "labels",
    "insecure-registry": "insecure-registries", "registry-mirror": "registry-mirrors",
    "storage-opt": "storage-opts", "exec-opt": "exec-opts", "log-opt": "log-opts", "dns-opt": "dns-opts",
    "default-ulimit": "default-ulimits", "authorization-plugin": "authorization-plugins",
    "default-address-pool": "default-address-pools", "runtime": "runtimes", "add-runtime": "runtimes",
    "node-generic-resource": "node-generic-resources",
}  # fmt: skip
LIST_KEYS = {
    "hosts", "insecure-registries", "labels", "registry-mirrors", "storage-opts", "exec-opts", "log-opts",
    "dns", "default-ulimits", "authorization-plugins", "dns-opts", "dns-search", "default-address-pools",
    "runtimes", "node-generic-resources", "allow-nondistributable-artifacts",
}  # fmt: skip
BOOLEAN_KEYS = {
    "debug", "icc", "iptables", "ip6tables", "ip-forward", "ip-forward-no-drop", "ip-masq", "ipv6",
    "live-restore", "no-new-privileges", "raw-logs", "rootless", "selinux-enabled", "tls", "tlsverify",
    "userland-proxy", "experimental", "init", "cri-containerd", "bridge-accept-fwmark",
    "allow-direct-routing", "validate", "help", "version", "disable-legacy-registry",
}  # fmt: skip
SHORT_SWITCHES = {"D": "debug", "h": "help", "v": "version"}

INFO_KEYS = (
    "ServerVersion", "Driver", "DriverStatus", "LoggingDriver", "CgroupDriver", "CgroupVersion",
    "KernelVersion", "OperatingSystem", "OSType", "Architecture", "DockerRootDir", "SecurityOptions",
    "LiveRestoreEnabled", "ExperimentalBuild", "Containers", "ContainersRunning", "ContainersPaused",
    "ContainersStopped", "Images", "Name", "DefaultRuntime", "Warnings", "FirewallBackend", "Containerd",
    "BridgeNfIptables", "IPv4Forwarding", "PidsLimit", "MemoryLimit", "InitBinary",
)  # fmt: skip
HOST_CONFIG_KEYS = (
    "AutoRemove", "Binds", "NetworkMode", "PortBindings", "RestartPolicy", "CapAdd", "CapDrop",
    "CgroupnsMode", "CgroupParent", "IpcMode", "PidMode", "Privileged", "PublishAllPorts", "ReadonlyRootfs",
    "UTSMode", "UsernsMode", "Memory", "CpuShares", "NanoCpus", "CpuQuota", "CpuPeriod", "CpusetCpus",
    "PidsLimit", "Ulimits", "Devices", "DeviceRequests", "DeviceCgroupRules", "Tmpfs", "Runtime",
    "MaskedPaths", "ReadonlyPaths", "VolumesFrom", "OomKillDisable",
)  # fmt: skip


class Unseen(Exception):
    """Something that could not be read; the message says why."""


class NotFound(Unseen):
    """The engine knows no such object."""


class NotRunning(Unseen):
    """There is no daemon."""


# --- redaction ----------------------------------------------------------------------------------------------

# A variable of this name holds a secret: what `SecretsInHistory` lists.
SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|(^|[_.-])pass$|secret|token|(api|private|access|signing|encryption)[_.-]?key"
    r"|credential|(^|[_.-])(auth|pwd)($|[_.-])",
    re.IGNORECASE,
)
# A value of this name had better not leave the host: wider, for what is only hidden does no harm.
_WORDS = (
    r"(?:pass|pwd|secret|token|credential|signature|bearer|jwt|cookie|basic[_.-]?auth"
    r"|(?:api|private|access|signing|encryption|account|master|deploy|license|ssh|auth)[_.-]?key)"
)
_EDGES = r"(?<![A-Za-z0-9])(?:auth|pat|sig|dsn|key|sas|pin|salt)(?![A-Za-z0-9])"
HIDDEN_NAME = re.compile(rf"{_WORDS}|{_EDGES}", re.IGNORECASE)
_VALUE = r"(?:\"(?:\\.|[^\"\\])*\"?|'[^']*'?|(?:\\.|[^\s\\])+)"
# Texts without any of these hold nothing that the patterns below look for.
SUSPICIOUS = re.compile(
    rf"{_WORDS}|{_EDGES}|[@|]|basic|authorization|key|mysql|mariadb|login|user|[A-Za-z0-9_-]{{16}}"
    r"|\$\w+\$|\s-u",
    re.IGNORECASE,
)
HIDDEN_TEXT = tuple(
    (re.compile(pattern, flags), by)
    for pattern, flags, by in (
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*KEY-----|\Z)", re.DOTALL, "<redacted>"),
        # https://user:password@host, also with an @ or a / in the password
        (r"(?<=://)[^\s\"'<>|]*@", 0, "<redacted>@"),
        # user:password@host without a scheme; an image's name:tag@sha256:digest is none
        (r"(?<![\w/.:+-])([\w.+-]+):[^\s:@/\"']+@(?!sha\d+:)", 0, r"\1:<redacted>@"),
        (r"\b((?:proxy-)?authorization|(?:set-)?cookie)(\s*[:=]\s*)[^\"'\n]+", re.I, r"\1\2<redacted>"),
        (r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.I, r"\1 <redacted>"),
        # tokens that are known by their form
        (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}"
         r"|\bxox[abeoprs]-[\w-]{8,}|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?|\bSWMTKN-1-[\w-]+|\bSWMKEY-1-\S+"
         r"|\b[sr]k_(?:live|test)_\w{8,}|\bsk-[\w-]{20,}|\bnpm_\w{30,}|\bAIza[\w-]{30,}|\bhv[sb]\.[\w-]{20,}"
         r"|\bdckr_(?:pat|oat)_[\w-]{16,}|\bpypi-[\w-]{30,}|\bAGE-SECRET-KEY-\w+", 0, "<redacted>"),
        (r"\$(?:apr1|[1-7]|2[abxy]|y|argon2\w*)\$[^\s'\":,]+", 0, "<redacted>"),
        # --password value, -token=value
        (rf"(?<![\w-])(--?[\w-]*(?:{_WORDS}|key)[\w-]*)(?:=|\s+)(?!-){_VALUE}", re.I, r"\1=<redacted>"),
        # curl -u user:password, mysql -ppassword, docker login -p password, sshpass -p password
        (r"(?<!\S)(-u|--user|--proxy-user|-U)([ =]?[\"']?)([^\s:\"']+):[^\s\"']+", 0, r"\1\2\3:<redacted>"),
        (r"\b(mysql\w*|mariadb\S*|sshpass|docker\s+login|podman\s+login|useradd|usermod|htpasswd)\b"
         rf"([^\n;&|]*?\s-\w*p)\s*{_VALUE}", 0, r"\1\2<redacted>"),
        (r"\b(htpasswd\s+(?:-\w+\s+)*)[^\n;&|]+", 0, r"\1<redacted>"),
        (r"(?<![\w.-])([\w.-]+):[^\s'\"|]+(?=[\"']?\s*\|\s*(?:/usr/sbin/)?chpasswd)", 0, r"\1:<redacted>"),
        # NAME=value, "name": value, name: value
        (rf"(?<![\w.-])([\w.-]*(?:{_WORDS}|{_EDGES})[\w.-]*)"
         rf"([\"']?\s*=\s*|\\?[\"']\s*:\s*|:\s+){_VALUE}", re.I, r"\1\2<redacted>"),
    )
)  # fmt: skip
BUILD_ARGUMENTS = re.compile(r"^(?:RUN )?\|\d+ .*?(?= /\S*sh -\w*c\b| (?:cmd|powershell)\b|$)", re.DOTALL)
INSTRUCTION = re.compile(
    r"(?:[^#\n]{0,40}#\(nop\)\s+)?(?:ONBUILD\s+)?(ENV|ARG|CMD|ENTRYPOINT|HEALTHCHECK)\s+(.*)", re.DOTALL
)
# Of a value only the beginning counts: more would be read over and over again in A=A=A=...
ASSIGNMENT = re.compile(
    r"(?<![\w.-])([A-Za-z_][\w.-]*)=(?=(\"(?:\\.|[^\"\\]){0,80}\"?|'[^']{0,80}'?|[^\s,;]{0,80}))"
)


def redact_text(text: str) -> str:
    """Return `text` without credentials in URLs and options, known tokens, and values of secret-looking
    names.
    """
    if len(text) > LONGEST_LINE:
        text = f"{text[:LONGEST_LINE]} <cut>"
    if SUSPICIOUS.search(text):
        for pattern, by in HIDDEN_TEXT:
            text = pattern.sub(by, text)
    return text


def redact(value: Any, name: str = "", hide: bool = False) -> Any:
    """Return a JSON value with what a secret-looking name holds replaced; structure and names stay."""
    hide = hide or bool(HIDDEN_NAME.search(name))
    if isinstance(value, dict):
        return {str(k): redact(v, str(k), hide) for k, v in value.items()}
    if isinstance(value, list):
        return [redact(v, "", hide) for v in value]
    if isinstance(value, str):
        return "<redacted>" if value and hide else redact_text(value)
    return "<redacted>" if hide and isinstance(value, (int, float)) and not isinstance(value, bool) else value


def redact_layer(line: str, names: Sequence[str]) -> str:
    """Return a line of an image's history without values: of variables, of build arguments, of commands to
    start.

    `names` are the image's variables: only these are kept, for in an unquoted value anything can look like
    one.
    """
    found = INSTRUCTION.match(line)
    if found and found[1] in ("ENV", "ARG"):
        assigned = ASSIGNMENT.findall(found[2])
        kept = [name for index, (name, _) in enumerate(assigned) if index == 0 or name in names]
        return f"{found[1]} " + " ".join(f"{name}=<redacted>" for name in kept or found[2].split()[:1])
    if found:
        return f"{found[1]} <redacted>"
    return redact_text(BUILD_ARGUMENTS.sub("RUN <build arguments>", line))


def names_only(environment: Any) -> list[str]:
    """Return the names of `NAME=value` strings: values never leave the host."""
    return sorted({str(entry).split("=", 1)[0] for entry in environment or []})


def secrets_in(history: Sequence[Fact]) -> list[str]:
    """Return names of secret-looking variables that a layer's command gives a literal value."""
    found = set()
    for layer in history:
        for name, value in ASSIGNMENT.findall(layer.get("CreatedBy") or ""):
            literal = value.strip("\"'")
            if SECRET_NAME.search(name) and literal and not literal.startswith(("$", "/run/secrets")):
                found.add(name)
    return sorted(found)


# --- small readers ------------------------------------------------------------------------------------------


def read(path: str, limit: int = 4 << 20) -> str:
    """Return a regular file's text (at most `limit` bytes).

    Raises OSError; a pipe in its place does not block.
    """
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as handle:
        if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
            raise OSError(f"{path} is no regular file")
        return handle.read(limit).decode("utf-8", "replace")


def run(*command: str, timeout: float = 10) -> tuple[int, str, str]:
    """Run a read-only command and return (code, stdout, stderr). Raises Unseen when it can't be started."""
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            env=environment,
            check=False,
        )
    except FileNotFoundError:
        raise Unseen(f"{command[0]} is not installed") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unseen(f"{command[0]}: {error}") from None
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def which(name: str) -> str | None:
    """Return the first path of a program in the system's directories, or None."""
    for folder in BINARY_DIRS:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return None


def account(number: int, table: str) -> str:
    """Return the user or group name of a number, or the number as text when nobody has it."""
    try:
        return pwd.getpwuid(number).pw_name if table == "user" else grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def file_fact(path: str) -> Fact:
    """Return owner, group, mode and time of one path, links followed.

    Raises OSError when it can't be seen.
    """
    try:
        info = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {"path": path, "exists": False}
    kinds = ((stat.S_ISDIR, "directory"), (stat.S_ISSOCK, "socket"), (stat.S_ISREG, "file"))
    kind = next((name for test, name in kinds if test(info.st_mode)), "other")
    return {
        "path": path, "real": os.path.realpath(path), "exists": True, "type": kind,
        "owner": account(info.st_uid, "user"), "group": account(info.st_gid, "group"), "uid": info.st_uid,
        "gid": info.st_gid, "mode": f"{stat.S_IMODE(info.st_mode):04o}", "mtime": round(info.st_mtime, 3),
        "acl": has_acl(path),
    }  # fmt: skip


def has_acl(path: str) -> bool:
    """Return whether an access control list admits others than the mode shows (setfacl). Raises OSError."""
    try:
        return bool(os.getxattr(path, "system.posix_acl_access"))
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return False
        raise


# --- the host -----------------------------------------------------------------------------------------------


def host_facts() -> Fact:
    """Return name, kernel, distribution, cgroup version and security modules."""
    release: dict[str, str] = {}
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            pairs = (line.split("=", 1) for line in read(path).splitlines() if "=" in line)
            release = {key: value.strip().strip("\"'") for key, value in pairs}
            break
        except OSError:
            continue
    return {
        "name": socket.gethostname(), "kernel": platform.release(), "machine": platform.machine(),
        "os": {key: release.get(key.upper(), "") for key in ("id", "version_id", "pretty_name")},
        "cgroup_version": 2 if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else 1,
        "apparmor": apparmor(), "selinux": selinux(), "euid": os.geteuid(),
    }  # fmt: skip


def apparmor() -> Fact:
    """Return whether the kernel runs AppArmor, and the loaded profiles with their mode; None: could not be
    read.
    """
    try:
        enabled = read("/sys/module/apparmor/parameters/enabled").strip() == "Y"
    except FileNotFoundError:
        return {"enabled": False, "profiles": []}
    except OSError:
        return {"enabled": None, "profiles": None}
    try:
        return {
            "enabled": enabled,
            "profiles": read("/sys/kernel/security/apparmor/profiles").split("\n")[:-1],
        }
    except OSError:
        return {"enabled": enabled, "profiles": None}


def selinux() -> Fact:
    """Return SELinux's mode: enforcing, permissive or disabled; None: could not be read."""
    try:
        return {"mode": "enforcing" if read("/sys/fs/selinux/enforce").strip() == "1" else "permissive"}
    except FileNotFoundError:
        return {"mode": "disabled"}
    except OSError:
        return {"mode": None}


def mounts() -> list[Fact]:
    """Return mounted file systems other than the kernel's own and the containers' layers.

    `device` tells file systems apart; `root` is which folder of it is mounted: "/" is all of it.
    The first process has the host's, whatever a sandboxed unit mounts over them; only root may read them.
    """
    try:
        text = read("/proc/1/mountinfo")
    except OSError:
        text = read("/proc/self/mountinfo")
    found = []
    for line in text.splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(), right.split()
        if tail[0] in REAL_FILESYSTEM_NOISE and fields[4] != "/":
            continue
        folder, target = (re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[i]) for i in (3, 4))
        found.append({
            "target": target, "source": redact_text(tail[1]), "fstype": tail[0], "options": fields[5],
            "device": fields[2], "root": folder,
        })  # fmt: skip
    return found


def groups(names: Iterable[str]) -> Fact:
    """Return members (listed and by primary group) of the groups that may talk to the engine."""
    found = {}
    for name in sorted({"docker", *names} - {"root"}):
        try:
            entry = grp.getgrnam(name)
        except KeyError:
            continue
        primary = [user.pw_name for user in pwd.getpwall() if user.pw_gid == entry.gr_gid]
        found[name] = {"gid": entry.gr_gid, "members": sorted({*entry.gr_mem, *primary})}
    return found


def sysctls() -> Fact:
    """Return the kernel parameters that containers depend on; absent ones are left out."""
    found = {}
    for name in (
        "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.bridge.bridge-nf-call-iptables",
        "kernel.unprivileged_userns_clone", "user.max_user_namespaces", "kernel.unprivileged_bpf_disabled",
        "kernel.yama.ptrace_scope", "kernel.dmesg_restrict", "kernel.kptr_restrict",
        "vm.unprivileged_userfaultfd",
    ):  # fmt: skip
        try:
            found[name] = read("/proc/sys/" + name.replace(".", "/")).strip()
        except OSError:
            continue
    return found


def packet_filter() -> Fact:
    """Return the interfaces whose containers are kept from each other: what goes from one of them to itself
    is dropped. Of the rules themselves, which tell who may reach what, nothing leaves the host.

    Only what `iptables-save` shows; `read` is false, with the reason, where it shows nothing.
    """
    found: Fact = {"read": False, "reason": None, "isolated": []}
    iptables_save = which("iptables-save")
    try:
        if not iptables_save:
            raise Unseen("iptables-save is not installed")
        code, out, err = run(iptables_save, "-t", "filter")
        if code or ":FORWARD " not in out:
            raise Unseen(((err or out).strip() or "iptables-save printed nothing").splitlines()[0])
        lines = out.splitlines()
        names = {name for line in lines for name in re.findall(r" -[io] (\S+)", line)}
        isolated = [name for name in sorted(names) if dropped(lines, "FORWARD", name)]
        found.update(read=True, isolated=isolated)
    except Unseen as unseen:
        found["reason"] = str(unseen)
    return found


def dropped(lines: Sequence[str], chain: str, name: str) -> bool | None:
    """Return whether a chain drops every packet from an interface to itself; None when it leaves that to the
    chain that it was called from.

    Counts what asks for nothing but interfaces, in order: other chains than the engine's own, and rules with
    more conditions, concern some packets only.
    """
    for line in lines:
        rule = re.fullmatch(
            r"-A (\S+)(?: (! )?-i (\S+))?(?: (! )?-o (\S+))?(?: -m comment --comment .*)? -j (\S+)"
            r"(?: --reject-with \S+)?", line
        )  # fmt: skip
        if not rule or rule[1] != chain:
            continue
        if any(
            wanted and (wanted == name) == bool(no) for no, wanted in ((rule[2], rule[3]), (rule[4], rule[5]))
        ):
            continue
        if rule[6] in ("DROP", "REJECT", "ACCEPT"):
            return rule[6] != "ACCEPT"
        if rule[6] == "DOCKER-FORWARD" and (answer := dropped(lines, rule[6], name)) is not None:
            return answer
    policy = re.search(rf"^:{re.escape(chain)} (ACCEPT|DROP) ", "\n".join(lines), re.MULTILINE)
    return policy[1] == "DROP" if policy else None


def login_environment() -> Fact:
    """Return where a login shell would learn DOCKER_CONTENT_TRUST, as {file: value}. Raises OSError."""
    found = {}
    for path in [
        "/etc/environment",
        "/etc/profile",
        "/etc/bash.bashrc",
        *sorted(glob("/etc/profile.d/*.sh")),
    ]:
        try:
            text = read(path)
        except FileNotFoundError:
            continue
        for match in re.finditer(
            r"^\s*(?:export\s+)?DOCKER_CONTENT_TRUST=[\"']?([\w-]*)", text, re.MULTILINE
        ):
            found[path] = match[1]
    return found


def listeners(ports: set[int]) -> list[Fact]:
    """Return listening addresses of the given TCP and UDP ports, from /proc/net."""
    found = []
    for protocol, table in (("tcp", "tcp"), ("tcp", "tcp6"), ("udp", "udp"), ("udp", "udp6")):
        try:
            lines = read(f"/proc/net/{table}").splitlines()[1:]
        except FileNotFoundError:  # a kernel without IPv6
            continue
        for line in lines:
            fields = line.split()
            address, _, port = fields[1].rpartition(":")
            if fields[3] not in ("0A", "07") or int(port, 16) not in ports:
                continue
            parts = [int(address[i : i + 8], 16) for i in range(0, len(address), 8)]
            family = socket.AF_INET if len(parts) == 1 else socket.AF_INET6
            shown = socket.inet_ntop(family, struct.pack(f"={len(parts)}I", *parts))
            found.append({"protocol": protocol, "address": shown, "port": int(port, 16)})
    return found


# --- audit rules --------------------------------------------------------------------------------------------


def audit_facts() -> Fact:
    """Return audit rules on disk and in the kernel, each with whether they could be read."""
    disk: Fact = {"read": True, "reason": None, "rules": [], "files": []}
    for path in ["/etc/audit/audit.rules", *sorted(glob("/etc/audit/rules.d/*.rules"))]:
        try:
            lines = [line.strip() for line in read(path).splitlines()]
        except FileNotFoundError:
            continue
        except OSError as error:
            disk.update(read=False, reason=str(error))
            continue
        disk["files"].append(path)
        new = [line for line in lines if line and not line.startswith("#")]
        disk["rules"] += [line for line in dict.fromkeys(new) if line not in disk["rules"]]
    if os.path.isdir("/etc/audit") and not os.access("/etc/audit/rules.d", os.R_OK | os.X_OK):
        disk.update(read=False, reason="/etc/audit/rules.d can't be read")
    kernel: Fact = {"read": False, "reason": None, "rules": [], "enabled": None}
    auditctl = which("auditctl")
    try:
        if not auditctl:
            raise Unseen("auditctl is not installed")
        code, out, err = run(auditctl, "-l")
        rules = [line.strip() for line in out.splitlines() if line.strip().startswith("-")]
        if code or not (rules or out.strip() == "No rules"):
            raise Unseen(((err or out).strip() or "auditctl printed nothing").splitlines()[0])
        kernel.update(read=True, rules=rules)
        state = re.search(r"^enabled\s+(\d)", run(auditctl, "-s")[1], re.MULTILINE)
        kernel["enabled"] = int(state[1]) if state else None
    except Unseen as unseen:
        kernel["reason"] = str(unseen)
    return {"installed": bool(auditctl and which("auditd")), "disk": disk, "kernel": kernel}


# --- processes and units ------------------------------------------------------------------------------------


def units() -> dict[str, Fact]:
    """Return {unit: {property: value}} of docker and containerd as systemd knows them; {} where there is no
    systemd.

    `Listen`, the one property with several lines, is a list.
    """
    wanted = (
        "Id,LoadState,ActiveState,FragmentPath,DropInPaths,MainPID,SocketMode,SocketUser,SocketGroup,Listen"
    )
    if not os.path.isdir("/run/systemd/system"):
        return {}
    code, out, err = run(
        "systemctl", "show", "-p", wanted, "docker.service", "docker.socket", "containerd.service"
    )
    if code:
        raise Unseen(f"systemctl show: {err.strip()}")
    found: dict[str, Fact] = {}
    for block in out.split("\n\n"):
        lines = [line.split("=", 1) for line in block.splitlines() if "=" in line]
        values: Fact = {name: value for name, value in lines if name != "Listen"}
        # "Listen=/run/docker.sock (Stream)"
        values["Listen"] = [value.rpartition(" (")[0] or value for name, value in lines if name == "Listen"]
        if values.get("LoadState") == "loaded":
            found[values["Id"]] = values
    return found


Seen = tuple[int, str, int, "bool | None"]


def processes() -> Iterator[Seen]:
    """Yield (pid, name, uid, same pid namespace?) of every daemon of interest that can be seen."""
    own = os.readlink("/proc/self/ns/pid")
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            name = read(f"/proc/{entry}/comm").strip()
            if name not in ("dockerd", "containerd") and not name.startswith(LOGIN_DAEMONS):
                continue
            uid = os.stat(f"/proc/{entry}").st_uid
            same: bool | None = None
            with suppress(PermissionError):
                same = os.readlink(f"/proc/{entry}/ns/pid") == own
            yield int(entry), name, uid, same
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked


def started_at(pid: int) -> float:
    """Return when a process started, seconds since the epoch (from its age in ticks: exact to 20 ms)."""
    ticks = int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])
    # Not /proc/uptime: inside a system container it may be the container's.
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return round(booted + ticks / os.sysconf("SC_CLK_TCK"), 3)


def parse_flags(arguments: Sequence[str]) -> Fact:
    """Return a daemon's command line as daemon.json keys with typed values.

    >>> parse_flags(["-H", "fd://", "--icc=false", "--live-restore"])
    {'hosts': ['fd://'], 'icc': False, 'live-restore': True}
    """
    flags: Fact = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            break
        if not word.startswith("-") or word == "-":
            continue
        if not word.startswith("--"):
            # Letters may stand together: -DHtcp://… is -D -H tcp://…
            while word[1:2] in SHORT_SWITCHES and word[2:3] not in ("", "="):
                flags[SHORT_SWITCHES[word[1]]] = True
                word = "-" + word[2:]
            if len(word) > 2:
                word = f"-{word[1]}={word[2:].removeprefix('=')}"
        name, equals, value = word.lstrip("-").partition("=")
        key = FLAG_NAMES.get(name, name)
        if key in BOOLEAN_KEYS:
            flags[key] = not equals or value.lower() in ("true", "1", "t")
            continue
        if not equals:
            # What takes a value takes the next word, whatever it looks like; an unknown flag may be a switch.
            known = name in FLAG_NAMES or key in LIST_KEYS
            value = rest.pop(0) if rest and (known or not rest[0].startswith("-")) else ""
        if key in LIST_KEYS:
            flags.setdefault(key, []).append(value)
        else:
            flags[key] = value
    for key in ("log-opts", "runtimes"):
        if key in flags:
            flags[key] = {name: value for name, _, value in (v.partition("=") for v in flags[key])}
    if "default-ulimits" in flags:
        flags["default-ulimits"] = {v.split("=", 1)[0]: v for v in flags["default-ulimits"]}
    return flags


def process_facts(pid: int) -> Fact:
    """Return executable, uid, start time and typed flags of a daemon.

    Raises OSError when /proc hides them.
    """
    arguments = [part for part in read(f"/proc/{pid}/cmdline").split("\0")[1:] if part]
    status = re.search(r"^Uid:\s+(\d+)", read(f"/proc/{pid}/status"), re.MULTILINE)
    executable = os.readlink(f"/proc/{pid}/exe")
    return {
        "pid": pid, "executable": executable, "uid": int(status[1]) if status else None,
        "started_at": started_at(pid), "flags": redact(parse_flags(arguments)),
    }  # fmt: skip


def process_security(pid: Any, container: Any) -> Fact | None:
    """Return what the kernel really enforces on a container's first process, or None when it can't be seen.

    A container's options can differ from what it runs with: the daemon's defaults count from when it was
    created. The engine may count processes in another namespace, so the process has to be in the container's
    control group.
    """
    try:
        if not pid or not container or str(container) not in read(f"/proc/{int(pid)}/cgroup"):
            return None
        lines = read(f"/proc/{int(pid)}/status").splitlines()
        status = dict(line.split(":", 1) for line in lines if ":" in line)
        return {
            "NoNewPrivs": int(status["NoNewPrivs"]), "Seccomp": int(status["Seccomp"]),
            "CapEff": status["CapEff"].strip(), "Uid": int(status["Uid"].split()[0]),
        }  # fmt: skip
    except (OSError, KeyError, ValueError, TypeError):
        return None


def login_daemons(seen: Sequence[Seen]) -> list[Fact]:
    """Return login daemons that run inside containers, by the container id in their control group's path."""
    found = []
    for pid, name, _uid, _same in seen:
        if not name.startswith(LOGIN_DAEMONS):
            continue
        try:
            ids = CONTAINER_ID.findall(read(f"/proc/{pid}/cgroup"))
        except OSError:
            continue
        if ids:
            found.append({"container": ids[-1], "pid": pid, "name": name})
    return found


# --- the engine's API ---------------------------------------------------------------------------------------


class Timed(socket.socket):
    """A socket with a limit for a whole answer: single bytes in time don't extend it."""

    deadline = 0.0

    def recv_into(self, *arguments: Any) -> int:
        """Receive within what is left of the time."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise socket.timeout
        self.settimeout(left)
        return super().recv_into(*arguments)


class Api(http.client.HTTPConnection):
    """The engine's API over its unix socket, one kept-alive connection, every request with a time limit."""

    sock: Timed | None

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self.path, self.limit = path, timeout

    def connect(self) -> None:
        """Open the unix socket."""
        sock = Timed(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(self.limit)
        try:
            sock.connect(self.path)
        except OSError:
            sock.close()
            raise
        self.sock = sock

    def opened(self) -> Timed:
        """Return the open socket. Raises OSError."""
        if self.sock is None:
            self.connect()
        assert self.sock is not None  # noqa: S101
        return self.sock

    def peer(self) -> int:
        """Return the pid of whoever listens on the socket (systemd's, when it activated the engine)."""
        raw = self.opened().getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return int(struct.unpack("3i", raw)[0])

    def get(self, path: str) -> Any:
        """Return the decoded answer. Raises NotFound, or Unseen with the reason."""
        try:
            self.opened().settimeout(self.limit)
            self.opened().deadline = time.monotonic() + self.limit
            self.request("GET", path)
            answer = self.getresponse()
            body = answer.read(LARGEST_ANSWER + 1)
            if len(body) > LARGEST_ANSWER:
                raise ValueError(f"the answer is larger than {LARGEST_ANSWER >> 20} MiB")
            data = json.loads(body) if answer.status == 200 else body.decode("utf-8", "replace")
        except socket.timeout:
            self.close()
            raise Unseen(f"GET {path}: no answer within {self.limit:g} s") from None
        except (OSError, http.client.HTTPException, *MALFORMED) as error:
            self.close()
            raise Unseen(f"GET {path}: {error or type(error).__name__}") from None
        if answer.status != 200:
            kind = NotFound if answer.status == 404 else Unseen
            raise kind(f"GET {path}: HTTP {answer.status} {' '.join(data.split())[:200]}".strip())
        return data

    def mapping(self, path: str) -> Fact:
        """Return an answer that has to be an object. Raises Unseen."""
        data = self.get(path)
        if not isinstance(data, dict):
            raise Unseen(f"GET {path}: the answer is no object")
        return data

    def rows(self, path: str) -> list[Any]:
        """Return an answer that has to be a list; null is an empty one. Raises Unseen."""
        data = self.get(path)
        if data is not None and not isinstance(data, list):
            raise Unseen(f"GET {path}: the answer is no list")
        return data or []


def pick(source: Fact, keys: Iterable[str]) -> Fact:
    """Return the members of `source` named by `keys` that are there."""
    return {key: source[key] for key in keys if key in source}


def trim_info(info: Fact) -> Fact:
    """Return the parts of /info that decide controls: no tokens, no proxies, no node addresses beyond
    swarm's.
    """
    kept = pick(info, INFO_KEYS)
    if isinstance(registry := info.get("RegistryConfig"), dict):
        kept["RegistryConfig"] = pick(registry, ("InsecureRegistryCIDRs",))
        if isinstance(indexes := registry.get("IndexConfigs"), dict):
            trimmed = {name: pick(index, ("Secure", "Official")) for name, index in indexes.items()}
            kept["RegistryConfig"]["IndexConfigs"] = trimmed
    if isinstance(info.get("Plugins"), dict):
        kept["Plugins"] = pick(info["Plugins"], ("Authorization", "Log"))
    if isinstance(info.get("Swarm"), dict):
        keys = ("LocalNodeState", "ControlAvailable", "NodeAddr", "Managers", "Nodes", "Error")
        kept["Swarm"] = pick(info["Swarm"], keys)
    if isinstance(info.get("Runtimes"), dict):
        kept["Runtimes"] = {
            name: pick(value, ("path", "runtimeType")) for name, value in info["Runtimes"].items()
        }
    found: Fact = redact(kept)
    return found


def healthcheck(config: Fact) -> Fact | None:
    """Return a health check's kind and rhythm, without its command; None when there is none."""
    check = config.get("Healthcheck") or {}
    kept = pick(check, ("Interval", "Timeout", "Retries"))
    if test := check.get("Test"):
        kept["Test"] = [test[0] if test[0] in ("NONE", "CMD", "CMD-SHELL") else "CMD"]
    return kept or None


def trim_container(raw: Fact) -> Fact:
    """Return the security-relevant part of a container's inspect output; environment by name, commands by
    program.

    What the engine did not tell is not there either: an absent list is no empty one.
    """
    keys = ("Id", "Name", "Created", "Image", "AppArmorProfile", "ProcessLabel", "MountLabel", "Platform")
    kept = pick(raw, keys)
    kept["Path"] = redact_text(str(raw.get("Path") or "")).split(" ", 1)[0]
    state, config, host = raw.get("State") or {}, raw.get("Config"), raw.get("HostConfig")
    kept["State"] = pick(state, ("Status", "Running", "Paused", "Pid", "StartedAt", "FinishedAt"))
    kept["State"]["Health"] = bool(state.get("Health"))
    if isinstance(config, dict):
        kept["Config"] = pick(config, ("Image", "User", "Hostname", "ExposedPorts", "Tty"))
        kept["Config"]["Labels"] = redact(config.get("Labels") or {})
        kept["Config"]["Healthcheck"] = healthcheck(config)
        if "Env" in config:
            kept["Config"]["Env"] = names_only(config["Env"])
    if isinstance(host, dict):
        kept["HostConfig"] = redact(pick(host, HOST_CONFIG_KEYS))
        kept["HostConfig"]["LogConfig"] = pick(host.get("LogConfig") or {}, ("Type",))
        if "SecurityOpt" in host:
            kept["HostConfig"]["SecurityOpt"] = [
                security_option(str(item)) for item in host["SecurityOpt"] or []
            ]
    if "Mounts" in raw:
        kept["Mounts"] = [trim_mount(mount) for mount in raw["Mounts"] or []]
    if isinstance(network := raw.get("NetworkSettings"), dict):
        kept["NetworkSettings"] = {"Networks": sorted(network.get("Networks") or {})}
        if "Ports" in network:
            kept["NetworkSettings"]["Ports"] = network["Ports"] or {}
    return kept


def security_option(option: str) -> str:
    """Return a security option; a seccomp profile given by path is inlined there as JSON, and its kind is the
    fact.
    """
    found = re.match(r"seccomp[=:]\s*(\{.*)", option, re.DOTALL)
    if not found:
        return redact_text(option)
    with suppress(*MALFORMED):
        profile = json.loads(found[1])
        actions = {
            profile.get("defaultAction"),
            *(rule.get("action") for rule in profile.get("syscalls") or []),
        }
        if actions <= {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG"}:
            return "seccomp=<profile that allows everything>"
    return "seccomp=<profile>"


def trim_mount(mount: Fact) -> Fact:
    """Return a mount; for a bind also where its source really lies, for a link may lead anywhere."""
    kept = pick(mount, ("Type", "Name", "Source", "Destination", "Driver", "RW", "Propagation", "Mode"))
    if kept.get("Type") == "bind" and isinstance(kept.get("Source"), str):
        kept["Real"] = os.path.realpath(kept["Source"])
    return kept


def trim_image(raw: Fact, history: list[Fact] | None) -> Fact:
    """Return an image's identity, configuration without values, and its history without secrets."""
    config = raw.get("Config") or {}
    kept = pick(raw, ("Id", "RepoTags", "RepoDigests", "Created", "Size", "Architecture", "Parent"))
    # Newer engines leave empty members out of an image's configuration: no user named there means root.
    kept["Config"] = {"User": config.get("User") or ""} if "Config" in raw else {}
    names = names_only(config.get("Env"))
    kept["Config"].update(
        Env=names, Labels=redact(config.get("Labels") or {}), Healthcheck=healthcheck(config)
    )
    kept["History"] = kept["SecretsInHistory"] = None
    if history is not None:
        kept["History"] = [redact_layer(layer.get("CreatedBy") or "", names) for layer in history]
        kept["SecretsInHistory"] = secrets_in(history)
    return kept


def swarm_facts(api: Api, info: Fact) -> Fact:
    """Return swarm settings, nodes, services and secrets' names, or only the state on a node that is no
    manager.
    """
    state = info.get("Swarm") or {}
    facts: Fact = {"state": state.get("LocalNodeState"), "manager": bool(state.get("ControlAvailable"))}
    if facts["state"] != "active" or not facts["manager"]:
        return facts
    try:
        folder = info.get("DockerRootDir") or "/var/lib/docker"
        stored = json.loads(read(os.path.join(folder, "swarm/docker-state.json")))
        facts["addresses"] = pick(stored, ("ListenAddr", "AdvertiseAddr", "DataPathAddr"))
    except (OSError, *MALFORMED):
        facts["addresses"] = None
    whole = api.mapping("/swarm")
    spec = whole.get("Spec") or {}
    facts["spec"] = {
        "autolock": (spec.get("EncryptionConfig") or {}).get("AutoLockManagers"),
        "node_cert_expiry_ns": (spec.get("CAConfig") or {}).get("NodeCertExpiry"),
        "data_path_port": whole.get("DataPathPort"), "created_at": whole.get("CreatedAt"),
        "updated_at": whole.get("UpdatedAt"), "ca_certificate": (whole.get("TLSInfo") or {}).get("TrustRoot"),
        "root_rotation_in_progress": whole.get("RootRotationInProgress"),
    }  # fmt: skip
    facts["nodes"] = [
        {"role": (n.get("Spec") or {}).get("Role"), "state": (n.get("Status") or {}).get("State"),
         "name": (n.get("Description") or {}).get("Hostname"), "address": (n.get("Status") or {}).get("Addr")}
        for n in api.rows("/nodes")
    ]  # fmt: skip
    services = []
    for service in api.rows("/services"):
        task = ((service.get("Spec") or {}).get("TaskTemplate") or {}).get("ContainerSpec") or {}
        services.append({
            "name": (service.get("Spec") or {}).get("Name"), "environment": names_only(task.get("Env")),
            "secrets": sorted(s.get("SecretName", "") for s in task.get("Secrets") or []),
            "ports": [
                pick(port, ("Protocol", "TargetPort", "PublishedPort", "PublishMode"))
                for port in (service.get("Endpoint") or {}).get("Ports") or []
            ],
        })  # fmt: skip
    facts["services"] = services
    facts["secrets"] = len(api.rows("/secrets"))
    return facts


Trim = Callable[[Fact], Fact]


class Objects:
    """Collects an engine's objects into its facts; `complete` says which kinds are whole, `counts` how many
    they are.
    """

    def __init__(self, api: Api, engine: Fact, info: Fact) -> None:
        self.api, self.engine, self.info = api, engine, info
        engine["complete"], engine["counts"] = {}, {}

    def all(self, errors: list[Fact]) -> None:
        """Collect every kind; what fails is written to `errors` and the rest goes on."""
        for step in (self.containers, self.volumes, self.images, self.networks, self.swarm):
            what = f"{self.engine['name']}.{step.__name__}"
            try:
                step()
            except Unseen as unseen:
                errors.append({"what": what, "reason": str(unseen)})
                if "no answer within" in str(unseen):
                    break  # a hung engine: one time limit is enough waiting
            except MALFORMED as error:
                reason = f"the engine's answer has an unexpected form: {type(error).__name__}: {error}"
                errors.append({"what": what, "reason": reason})

    def each(self, kind: str, rows: Callable[[], Iterable[Fact]], trim: Trim) -> None:
        """Collect the rows of one kind; the list is whole only when the last one is in it."""
        kept = self.engine[kind] = []
        self.engine["complete"][kind] = False
        for row in rows():
            try:
                kept.append(trim(row))
            except NotFound:
                continue  # it was removed since it was listed
        self.engine["complete"][kind], self.engine["counts"][kind] = True, len(kept)

    def containers(self) -> None:
        """Inspect every container, stopped ones included."""

        def one(row: Fact) -> Fact:
            kept = trim_container(self.api.mapping(f"/containers/{quote(row['Id'])}/json"))
            kept["Process"] = process_security(kept["State"].get("Pid"), kept.get("Id"))
            return kept

        self.each("containers", lambda: self.api.rows("/containers/json?all=1"), one)

    def volumes(self) -> None:
        """List volumes that have options: one of these can be a bind of a folder of the host in disguise."""

        def one(row: Fact) -> Fact:
            kept = {**pick(row, ("Name", "Driver", "Scope")), "Options": redact(row["Options"])}
            device = str(row["Options"].get("device") or "")
            return {**kept, "Real": os.path.realpath(device) if device.startswith("/") else None}

        def rows() -> list[Fact]:
            return [row for row in self.api.mapping("/volumes").get("Volumes") or [] if row.get("Options")]

        self.each("volumes", rows, one)

    def images(self) -> None:
        """Inspect every image that has a name or is used, with its history."""

        def one(row: Fact) -> Fact:
            path = f"/images/{quote(row['Id'])}"
            raw, history = self.api.mapping(f"{path}/json"), None
            with suppress(NotFound):
                history = self.api.rows(f"{path}/history")
            return trim_image(raw, history)

        self.each("images", lambda: self.api.rows("/images/json"), one)

    def networks(self) -> None:
        """List networks, and who is on the default bridge."""
        keys = ("Name", "Id", "Driver", "Scope", "Internal", "Attachable", "Ingress", "EnableIPv6")

        def one(network: Fact) -> Fact:
            kept = pick(network, keys)
            if "Options" in network:
                kept["Options"] = redact(network["Options"] or {})
            if network.get("Name") == "bridge":
                attached = self.api.mapping("/networks/bridge").get("Containers") or {}
                kept["Containers"] = sorted(c.get("Name", "") for c in attached.values())
            return kept

        self.each("networks", lambda: self.api.rows("/networks"), one)

    def swarm(self) -> None:
        """Ask for the swarm's settings."""
        self.engine["swarm"] = swarm_facts(self.api, self.info)


def daemon_json(path: str) -> Fact:
    """Return the configuration file's state: there or not, valid or not (with place), its content.

    The content is redacted, so it must never be written back: whoever edits the file reads the file.
    """
    fact: Fact = {"path": path, "exists": None, "valid": None, "error": None, "mtime": None, "content": None}
    try:
        fact["mtime"] = round(os.stat(path).st_mtime, 3)
        fact["exists"] = True
        content = json.loads(read(path).strip() or "{}")
    except (FileNotFoundError, NotADirectoryError):
        fact.update(exists=False, mtime=None)
    except json.JSONDecodeError as error:
        fact.update(valid=False, error=f"{path}:{error.lineno}:{error.colno}: {error.msg}")
    except (ValueError, RecursionError) as error:
        fact.update(valid=False, error=f"{path}: {error}")
    except OSError as error:
        fact.update(error=str(error))
    else:
        if isinstance(content, dict):
            fact.update(valid=True, content=redact(content))
        else:
            fact.update(valid=False, error=f"{path}: holds a {type(content).__name__}, not an object")
    return fact


def find_process(api: Api, seen: Sequence[Seen], uid: int, main_pid: int) -> int:
    """Return the pid of the daemon behind a socket: its listener, else systemd's main pid, else the only
    candidate.
    """
    candidates = [
        pid for pid, name, owner, same in seen if name == "dockerd" and owner == uid and (same or uid)
    ]
    try:
        peer = api.peer()
    except OSError:
        peer = 0
    for pid in (peer, main_pid):
        if pid in candidates:
            return pid
    if not candidates:
        raise NotRunning(f"no dockerd of uid {uid} runs here")
    if len(candidates) != 1:
        raise Unseen(f"{len(candidates)} dockerd processes of uid {uid} could be behind the socket")
    return candidates[0]


def unit_facts(known_units: dict[str, Fact]) -> Fact:
    """Return the units under short names, without what systemd left empty."""
    keys = {
        "LoadState": "load", "ActiveState": "active", "FragmentPath": "fragment", "DropInPaths": "drop_ins",
        "SocketMode": "mode", "SocketUser": "user", "SocketGroup": "group", "Listen": "listen",
    }  # fmt: skip
    return {
        unit: {short: values[key] for key, short in keys.items() if values.get(key)}
        for unit, values in known_units.items()
    }


class Options:
    """What the caller chose, and what was found out before the engines are asked."""

    def __init__(self, sections: Sequence[str], timeout: float, known_units: dict[str, Fact]) -> None:
        self.sections, self.timeout, self.units = sections, timeout, known_units


def engine_facts(
    name: str, path: str, uid: int, seen: Sequence[Seen], options: Options, errors: list[Fact]
) -> Fact:
    """Return everything about one engine; what fails is written to `errors` and the rest goes on."""
    rootless, user = uid != 0, account(uid, "user")
    engine: Fact = {
        "name": name, "socket": path, "rootless": rootless, "user": user, "reachable": False,
        "running": None, "error": None,
        "process": None, "daemon_json": None, "units": {} if rootless else unit_facts(options.units),
        "version": None, "info": None,
    }  # fmt: skip
    api, info = Api(path, options.timeout), {}
    service = {} if rootless else options.units.get("docker.service", {})
    try:
        pid = find_process(api, seen, uid, int(service.get("MainPID") or 0))
        engine["running"] = True
        engine["process"] = process_facts(pid)
    except NotRunning as error:
        engine["running"] = False if os.geteuid() == 0 else None
        errors.append({"what": f"{name}.process", "reason": str(error)})
    except (OSError, Unseen, ValueError, IndexError) as error:
        errors.append({"what": f"{name}.process", "reason": str(error)})
    flags = (engine["process"] or {}).get("flags", {})
    home = pwd.getpwuid(uid).pw_dir if rootless and user != str(uid) else ""
    default = os.path.join(home, ".config/docker/daemon.json") if rootless else "/etc/docker/daemon.json"
    engine["daemon_json"] = daemon_json(flags.get("config-file") or default)
    try:
        if not os.path.exists(path):
            raise Unseen(f"{path or 'its socket'} does not exist: no engine listens there")
        keys = ("Version", "ApiVersion", "MinAPIVersion", "Experimental", "Os", "Arch")
        engine["version"] = pick(api.mapping("/version"), keys)
        info = api.mapping("/info")
        engine["info"] = trim_info(info)
        engine["reachable"] = True
        if "objects" in options.sections:
            Objects(api, engine, info).all(errors)
    except Unseen as unseen:
        engine["error"] = str(unseen)
    except MALFORMED as error:
        engine["error"] = f"the engine's answer has an unexpected form: {type(error).__name__}: {error}"
    finally:
        api.close()
    if engine["error"]:
        errors.append({"what": f"{name}.engine", "reason": engine["error"]})
    return engine


def another_engine(pid: int, uid: int, options: Options, errors: list[Fact]) -> list[Fact]:
    """Return the engine of a daemon that listens elsewhere: unasked, it must not pass for in order."""
    try:
        hosts = process_facts(pid)["flags"].get("hosts") or []
    except (OSError, ValueError, IndexError) as error:
        errors.append({"what": f"dockerd of uid {uid}", "reason": str(error)})
        hosts = []
    path = next((host[len("unix://") :] for host in hosts if host.startswith("unix://")), "")
    kind = f"rootless:{account(uid, 'user')}" if uid else "system"
    return [
        engine_facts(
            f"{kind}:{path or 'elsewhere'}", path, uid, [(pid, "dockerd", uid, True)], options, errors
        )
    ]


def engines(options: Options, errors: list[Fact]) -> list[Fact]:
    """Return the system's engine (or the one DOCKER_HOST names) and every rootless one that runs."""
    endpoint = os.environ.get("DOCKER_HOST") or f"unix://{DEFAULT_SOCKET}"
    seen: list[Seen] = []
    try:
        seen = list(processes())
    except OSError as error:
        errors.append({"what": "processes", "reason": str(error)})
    found = []
    if endpoint.startswith("unix://"):
        path = endpoint[len("unix://") :]
        owner = re.match(r"(?:/var)?/run/user/(\d+)/", path)
        uid = int(owner[1]) if owner else 0
        label = f"rootless:{account(uid, 'user')}" if uid else "system"
        found.append(engine_facts(label, path, uid, seen, options, errors))
    else:
        reason = f"DOCKER_HOST is {redact_text(endpoint)!r}: only unix:// sockets are read"
        errors.append({"what": "system.engine", "reason": reason})
    for path in sorted(glob("/run/user/*/docker.sock")):
        number = path.split("/")[3]
        known = any(os.path.realpath(e["socket"]) == os.path.realpath(path) for e in found)
        if number.isdecimal() and int(number) and not known:
            name = f"rootless:{account(int(number), 'user')}"
            found.append(engine_facts(name, path, int(number), seen, options, errors))
    covered = {engine["process"]["pid"] for engine in found if engine["process"]}
    for pid, name, uid, same in seen:
        if name == "dockerd" and same and pid not in covered:
            found += another_engine(pid, uid, options, errors)
    if "objects" in options.sections:
        inside = login_daemons(seen) if os.geteuid() == 0 and seen else None
        for engine in found:
            # Without its daemon's process this is not the engine's own view of processes.
            engine["login_daemons"] = inside if engine["process"] else None
    return found


# --- files by purpose ---------------------------------------------------------------------------------------


def text_of(config: Fact, key: str) -> str:
    """Return a setting that has to be a text, else nothing."""
    value = config.get(key)
    return value if isinstance(value, str) else ""


def below(folder: str) -> list[str]:
    """Return every file below a folder, links to folders followed.

    Raises OSError when a part can't be listed.
    """

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    found, seen = [], set()
    for path, folders, names in os.walk(folder, onerror=refuse, followlinks=True):
        real = os.path.realpath(path)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        found += [os.path.join(path, name) for name in names]
    return sorted(found)


def targets(engine: Fact | None, known_units: dict[str, Fact]) -> dict[str, list[str] | None]:
    """Return {purpose: [paths]} of every file a control speaks of, where this host really has them.

    None: it depends on a configuration that was not seen.
    """
    engine = engine or {}
    process, file, info = (
        engine.get("process") or {},
        engine.get("daemon_json") or {},
        engine.get("info") or {},
    )
    seen = bool(process) and (file.get("exists") is False or file.get("valid") is True)
    flags = process.get("flags", {})
    config: Fact = {**(file.get("content") or {}), **flags}
    verify, home = config.get("tlsverify") or config.get("tls"), os.path.expanduser("~root/.docker")

    def unit(name: str) -> list[str]:
        values = known_units.get(name, {})
        listed = [p for p in (values.get("FragmentPath", ""), *values.get("DropInPaths", "").split()) if p]
        if listed:
            return listed
        files = [p for folder in UNIT_DIRS if os.path.exists(p := os.path.join(folder, name))][:1]
        drop_ins = [
            p for folder in UNIT_DIRS for p in sorted(glob(os.path.join(folder, f"{name}.d", "*.conf")))
        ]
        return files + (drop_ins if files else [])

    def binary(name: str, running: str | None = None) -> list[str]:
        return [p for p in (running, which(name)) if p][:1]

    def tls(key: str, default: str) -> list[str] | None:
        if not seen:
            return None
        path = text_of(config, key)
        return [path] if path else [os.path.join(home, default)] if verify else []

    def sockets() -> list[str] | None:
        hosts = config.get("hosts") or ["fd://"]
        if engine.get("running") is False:  # then only systemd listens
            return [str(engine.get("socket") or DEFAULT_SOCKET)]
        if not seen or not isinstance(hosts, list):
            return None
        paths = [str(h)[len("unix://") :] or DEFAULT_SOCKET for h in hosts if str(h).startswith("unix://")]
        if any(str(h).startswith("fd://") for h in hosts) or not paths:
            paths.append(str(engine.get("socket") or DEFAULT_SOCKET))
        return list({os.path.realpath(path): path for path in paths}.values())

    def containerd() -> list[str] | None:
        path = text_of(info.get("Containerd") or {}, "Address") or text_of(config, "containerd")
        if path or not seen:
            return [path] if path else None
        # Without the flag dockerd takes the system's, or else starts one of its own.
        usual = ("/run/containerd/containerd.sock", "/run/docker/containerd/containerd.sock")
        return [next((p for p in usual if os.path.exists(p)), usual[0])]

    root = (
        text_of(info, "DockerRootDir") or text_of(config, "data-root") or ("/var/lib/docker" if seen else "")
    )
    runc = text_of((info.get("Runtimes") or {}).get("runc") or {}, "path")
    return {
        "service_unit": unit("docker.service"), "socket_unit": unit("docker.socket"),
        "config_dir": ["/etc/docker"], "registry_certs": below("/etc/docker/certs.d"),
        "tls_ca": tls("tlscacert", "ca.pem"), "tls_cert": tls("tlscert", "cert.pem"),
        "tls_key": tls("tlskey", "key.pem"), "docker_socket": sockets(),
        "daemon_json": [file.get("path") or "/etc/docker/daemon.json"],
        "debian_defaults": ["/etc/default/docker"], "rhel_sysconfig": ["/etc/sysconfig/docker"],
        "containerd_socket": containerd(), "containerd_run_dir": ["/run/containerd"],
        "data_root": [root] if root else None, "containerd_config": ["/etc/containerd/config.toml"],
        "dockerd_binary": binary("dockerd", process.get("executable")),
        "containerd_binary": binary("containerd"), "shim_binary": binary("containerd-shim"),
        "shim_v1_binary": binary("containerd-shim-runc-v1"),
        "shim_v2_binary": binary("containerd-shim-runc-v2"),
        "runc_binary": [p for p in (runc if runc.startswith("/") else which(runc or "runc"),) if p],
    }  # fmt: skip


def file_facts(paths: dict[str, list[str] | None], errors: list[Fact]) -> Fact:
    """Return {purpose: [facts]}; a purpose whose files can't be seen is left out and listed in `errors`."""
    found = {}
    for purpose, listed in paths.items():
        try:
            if listed is None:
                raise OSError("where it lies depends on the daemon's configuration, which was not seen")
            found[purpose] = [file_fact(path) for path in listed]
        except (OSError, ValueError) as error:
            errors.append({"what": f"files.{purpose}", "reason": str(error)})
    return found


# --- all of it ----------------------------------------------------------------------------------------------


def collect(sections: Sequence[str] = SECTIONS, timeout: float = 10.0) -> Fact:
    """Return this host's evidence: a JSON-ready mapping of schema hullguard/evidence/1.

    `sections` chooses from SECTIONS; `timeout` is the limit in seconds of one question to the engine.
    """
    begun = time.monotonic()
    errors: list[Fact] = []
    evidence: Fact = {
        "schema": SCHEMA,
        "collector": {"version": VERSION, "python": platform.python_version(), "sections": sorted(sections)},
        "collected_at": datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z"),
    }

    def guarded(what: str, action: Callable[[], Any], default: Any = None) -> Any:
        try:
            return action()
        except Exception as error:
            errors.append({"what": what, "reason": str(error) or type(error).__name__})
            return default

    if os.geteuid() != 0:
        reason = "not run as root: sockets, rules and processes of others can't be seen"
        errors.append({"what": "privileges", "reason": reason})
    evidence["host"] = guarded("host", host_facts, {"name": socket.gethostname()})
    known_units = guarded("units", units, {})
    found: list[Fact] = []
    if {"engine", "files", "objects"} & set(sections):  # where files lie is the engine's word
        found = guarded("engines", lambda: engines(Options(sections, timeout, known_units), errors), [])
    system = next((e for e in found if not e["rootless"]), None)
    if "host" in sections:
        evidence["mounts"] = guarded("mounts", mounts)
        evidence["sysctl"] = guarded("sysctl", sysctls)
        evidence["packet_filter"] = guarded("packet_filter", packet_filter)
        evidence["login_environment"] = guarded("login_environment", login_environment)
        evidence["listeners"] = guarded("listeners", lambda: listeners({2375, 2376, 2377, 7946, 4789}))
    if "files" in sections:
        evidence["files"] = guarded("files", lambda: file_facts(targets(system, known_units), errors))
    if "host" in sections:
        rows = (evidence.get("files") or {}).get("docker_socket") or []
        names = {str(row["group"]) for row in rows if row["exists"]}
        evidence["groups"] = guarded("groups", lambda: groups(names))
    if "audit" in sections:
        evidence["audit"] = guarded("audit", audit_facts)
    evidence["engines"] = found if {"engine", "objects"} & set(sections) else []
    evidence["errors"] = [{"what": row["what"], "reason": redact_text(row["reason"])} for row in errors]
    evidence["collector"]["seconds"] = round(time.monotonic() - begun, 3)
    return evidence


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the evidence; returns the exit code (0 printed, even where something could not be seen)."""
    summary = (__doc__ or "").split("\n\n")[0]
    parser = argparse.ArgumentParser(
        description=summary, epilog="example: sudo python3 collect.py > host.json"
    )
    sections = ", ".join(SECTIONS)
    parser.add_argument(
        "--only", metavar="SECTIONS", default=",".join(SECTIONS), help=f"comma-separated, from {sections}"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="limit for one answer of the engine (10)",
    )
    options = parser.parse_args(arguments)
    chosen = tuple(filter(None, options.only.split(",")))
    if unknown := sorted(set(chosen) - set(SECTIONS)):
        parser.error(f"unknown section {unknown[0]!r}: choose from {sections}")
    if not 0 < options.timeout <= 600:
        parser.error("--timeout takes seconds between 0 and 600")
    text = json.dumps(collect(chosen, options.timeout), sort_keys=True, indent=1)
    try:
        print(text, flush=True)
    except BrokenPipeError:  # the reader has gone, as in `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main())
