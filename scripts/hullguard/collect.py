#!/usr/bin/env python3
"""Print what a Docker host looks like, as JSON: facts only, no opinions.

One file, standard library only, Python 3.9 or newer, so that it can be read before it runs as root:

    ssh host sudo python3 - < collect.py > host.json

It reads files, /proc and the engine's API socket, starts `systemctl show` and `auditctl -l`/`-s`, and changes
nothing. Values of environment variables, arguments of commands, credentials in URLs, join tokens and every
value whose name looks like a secret stay on the host; their names are kept. What could not be seen is listed
under `errors`, never left out in silence. The format is `compliance/schema/evidence.schema.json`.
"""

import argparse
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
from datetime import datetime, timezone
from glob import glob
from urllib.parse import quote

SCHEMA = "hullguard/evidence/1"
VERSION = "0.1.0"
SECTIONS = ("host", "files", "audit", "engine", "objects")
BINARY_DIRS = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
UNIT_DIRS = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
SECRET_NAME = re.compile(
    r"passw(or)?d|passphrase|(^|[_.-])pass$|secret|token|(api|private|access|signing|encryption)[_.-]?key"
    r"|credential|(^|[_.-])(auth|pwd)($|[_.-])",
    re.IGNORECASE,
)
URL_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
ASSIGNMENT = re.compile(r"\b([A-Za-z_][A-Za-z0-9_.-]*)=(\"[^\"]*\"|'[^']*'|\S+)")
LONG_OPTION_SECRET = re.compile(r"(--?[A-Za-z0-9_-]*(?:pass|secret|token|key)[A-Za-z0-9_-]*)[ =](\S+)", re.IGNORECASE)
CONTAINER_ID = re.compile(r"[0-9a-f]{64}")
LOGIN_DAEMONS = ("sshd", "dropbear", "telnetd", "in.telnetd")
REAL_FILESYSTEM_NOISE = {
    "overlay", "nsfs", "proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs", "debugfs", "tracefs",
    "bpf", "pstore", "configfs", "fusectl", "hugetlbfs", "binfmt_misc", "autofs", "efivarfs", "rpc_pipefs",
}  # fmt: skip

# Flags of dockerd whose name in daemon.json differs (dockerd --help against the documented daemon.json keys).
FLAG_NAMES = {
    "H": "hosts", "host": "hosts", "D": "debug", "l": "log-level", "G": "group", "g": "data-root", "s": "storage-driver",
    "p": "pidfile", "b": "bridge", "graph": "data-root", "insecure-registry": "insecure-registries", "label": "labels",
    "registry-mirror": "registry-mirrors", "storage-opt": "storage-opts", "exec-opt": "exec-opts", "log-opt": "log-opts",
    "default-ulimit": "default-ulimits", "authorization-plugin": "authorization-plugins", "dns-opt": "dns-opts",
    "default-address-pool": "default-address-pools", "runtime": "runtimes", "add-runtime": "runtimes",
    "node-generic-resource": "node-generic-resources",
}  # fmt: skip
LIST_KEYS = {
    "hosts", "insecure-registries", "labels", "registry-mirrors", "storage-opts", "exec-opts", "log-opts", "dns",
    "default-ulimits", "authorization-plugins", "dns-opts", "dns-search", "default-address-pools", "runtimes",
    "node-generic-resources", "allow-nondistributable-artifacts",
}  # fmt: skip
BOOLEAN_KEYS = {
    "debug", "icc", "iptables", "ip6tables", "ip-forward", "ip-masq", "ipv6", "live-restore", "no-new-privileges",
    "raw-logs", "rootless", "selinux-enabled", "tls", "tlsverify", "userland-proxy", "experimental", "init",
    "cri-containerd", "bridge-accept-fwmark", "allow-direct-routing", "validate",
}  # fmt: skip

INFO_KEYS = (
    "ServerVersion", "Driver", "DriverStatus", "LoggingDriver", "CgroupDriver", "CgroupVersion", "KernelVersion",
    "OperatingSystem", "OSType", "Architecture", "DockerRootDir", "SecurityOptions", "LiveRestoreEnabled",
    "ExperimentalBuild", "Containers", "ContainersRunning", "ContainersPaused", "ContainersStopped", "Images", "Name",
    "DefaultRuntime", "Warnings", "FirewallBackend", "Containerd", "BridgeNfIptables", "IPv4Forwarding", "PidsLimit",
    "MemoryLimit", "InitBinary",
)  # fmt: skip
HOST_CONFIG_KEYS = (
    "Binds", "NetworkMode", "PortBindings", "RestartPolicy", "CapAdd", "CapDrop", "CgroupnsMode", "CgroupParent", "IpcMode",
    "PidMode", "Privileged", "PublishAllPorts", "ReadonlyRootfs", "SecurityOpt", "UTSMode", "UsernsMode", "Memory",
    "CpuShares", "NanoCpus", "CpuQuota", "CpuPeriod", "CpusetCpus", "PidsLimit", "Ulimits", "Devices", "DeviceRequests",
    "DeviceCgroupRules", "Tmpfs", "Runtime", "MaskedPaths", "ReadonlyPaths", "VolumesFrom", "OomKillDisable",
)  # fmt: skip


class Unseen(Exception):
    """Something that could not be read; the message says why."""


# --- redaction -------------------------------------------------------------------------------------------------


def redact_text(text):
    """Return `text` without credentials in URLs and without values assigned to secret-looking names."""
    text = URL_CREDENTIALS.sub("<redacted>@", str(text))
    text = LONG_OPTION_SECRET.sub(r"\1=<redacted>", text)
    return ASSIGNMENT.sub(lambda m: f"{m[1]}=<redacted>" if SECRET_NAME.search(m[1]) else m[0], text)


def redact(value, name=""):
    """Return a JSON value with every secret-looking member's value replaced; structure and names stay."""
    if isinstance(value, dict):
        return {str(k): redact(v, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [redact(v, name) for v in value]
    if isinstance(value, str):
        return "<redacted>" if value and SECRET_NAME.search(name) else redact_text(value)
    return value


def names_only(environment):
    """Return the names of `NAME=value` strings: values never leave the host."""
    return sorted({str(entry).split("=", 1)[0] for entry in environment or []})


# --- small readers ---------------------------------------------------------------------------------------------


def read(path, limit=4 << 20):
    """Return a text file's content (at most `limit` bytes). Raises OSError."""
    with open(path, encoding="utf-8", errors="replace") as handle:
        return handle.read(limit)


def run(*command, timeout=10):
    """Run a read-only command and return (code, stdout, stderr). Raises Unseen when it can't be started."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, env={**os.environ, "LC_ALL": "C"}
        )
    except FileNotFoundError:
        raise Unseen(f"{command[0]} is not installed") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unseen(f"{command[0]}: {error}") from None
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def which(name):
    """Return the first path of a program in the system's directories, or None."""
    for folder in BINARY_DIRS:
        path = os.path.join(folder, name)
        if os.access(path, os.X_OK) and not os.path.isdir(path):
            return path
    return None


def account(number, table):
    """Return the user or group name of a number, or the number as text when nobody has it."""
    try:
        return pwd.getpwuid(number).pw_name if table == "user" else grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def file_fact(path):
    """Return owner, group, mode and time of one path, links followed. Raises PermissionError when it can't be seen."""
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
    }  # fmt: skip


# --- the host --------------------------------------------------------------------------------------------------


def host_facts():
    """Return name, kernel, distribution, cgroup version and security modules."""
    release = {}
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


def apparmor():
    """Return whether the kernel runs AppArmor, and the loaded profiles' names with their mode (None: not readable)."""
    try:
        enabled = read("/sys/module/apparmor/parameters/enabled").strip() == "Y"
    except OSError:
        return {"enabled": False, "profiles": []}
    try:
        return {"enabled": enabled, "profiles": read("/sys/kernel/security/apparmor/profiles").split("\n")[:-1]}
    except OSError:
        return {"enabled": enabled, "profiles": None}


def selinux():
    """Return SELinux's mode: enforcing, permissive or disabled."""
    try:
        return {"mode": "enforcing" if read("/sys/fs/selinux/enforce").strip() == "1" else "permissive"}
    except OSError:
        return {"mode": "disabled"}


def mounts():
    """Return mounted file systems other than the kernel's own and the containers' layers."""
    found = []
    for line in read("/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(), right.split()
        if tail[0] in REAL_FILESYSTEM_NOISE and fields[4] != "/":
            continue
        target = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[4])
        found.append({"target": target, "source": redact_text(tail[1]), "fstype": tail[0], "options": fields[5]})
    return found


def groups(socket_group=None):
    """Return members (listed and by primary group) of the groups that may talk to the engine."""
    found = {}
    for name in sorted({"docker", socket_group or "docker"} - {"root"}):
        try:
            entry = grp.getgrnam(name)
        except KeyError:
            continue
        primary = [user.pw_name for user in pwd.getpwall() if user.pw_gid == entry.gr_gid]
        found[name] = {"gid": entry.gr_gid, "members": sorted({*entry.gr_mem, *primary})}
    return found


def sysctls():
    """Return the kernel parameters that containers depend on; absent ones are left out."""
    found = {}
    for name in (
        "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", "net.bridge.bridge-nf-call-iptables",
        "kernel.unprivileged_userns_clone", "user.max_user_namespaces", "kernel.unprivileged_bpf_disabled",
        "kernel.yama.ptrace_scope", "kernel.dmesg_restrict", "kernel.kptr_restrict", "vm.unprivileged_userfaultfd",
    ):  # fmt: skip
        try:
            found[name] = read("/proc/sys/" + name.replace(".", "/")).strip()
        except OSError:
            continue
    return found


def login_environment():
    """Return where a login shell would learn DOCKER_CONTENT_TRUST, as {file: value}; unreadable files raise."""
    found = {}
    for path in ["/etc/environment", "/etc/profile", "/etc/bash.bashrc", *sorted(glob("/etc/profile.d/*.sh"))]:
        try:
            text = read(path)
        except FileNotFoundError:
            continue
        for match in re.finditer(r"^\s*(?:export\s+)?DOCKER_CONTENT_TRUST=[\"']?(\w+)", text, re.MULTILINE):
            found[path] = match[1]
    return found


def listeners(ports):
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
            words = struct.pack(f"={len(address) // 8}I", *(int(address[i : i + 8], 16) for i in range(0, len(address), 8)))
            family = socket.AF_INET if len(words) == 4 else socket.AF_INET6
            found.append({"protocol": protocol, "address": socket.inet_ntop(family, words), "port": int(port, 16)})
    return found


# --- audit rules -----------------------------------------------------------------------------------------------


def audit_facts():
    """Return audit rules as written on disk and as loaded in the kernel, each with whether it could be read."""
    disk = {"read": True, "reason": None, "rules": [], "files": []}
    for path in ["/etc/audit/audit.rules", *sorted(glob("/etc/audit/rules.d/*.rules"))]:
        try:
            lines = [line.strip() for line in read(path).splitlines()]
        except FileNotFoundError:
            continue
        except OSError as error:
            disk.update(read=False, reason=str(error))
            continue
        disk["files"].append(path)
        disk["rules"] += [line for line in lines if line and not line.startswith("#") and line not in disk["rules"]]
    if os.path.isdir("/etc/audit") and not os.access("/etc/audit/rules.d", os.R_OK | os.X_OK):
        disk.update(read=False, reason="/etc/audit/rules.d can't be read")
    kernel = {"read": False, "reason": None, "rules": [], "enabled": None}
    auditctl = which("auditctl")
    try:
        if not auditctl:
            raise Unseen("auditctl is not installed")
        code, out, err = run(auditctl, "-l")
        if code or "rror" in out + err or "permitted" in out + err or not out.strip():
            raise Unseen((err or out).strip().splitlines()[0] if (err or out).strip() else "auditctl printed nothing")
        kernel.update(read=True, rules=[line.strip() for line in out.splitlines() if line.strip().startswith("-")])
        state = re.search(r"^enabled\s+(\d)", run(auditctl, "-s")[1], re.MULTILINE)
        kernel["enabled"] = int(state[1]) if state else None
    except Unseen as unseen:
        kernel["reason"] = str(unseen)
    return {"installed": bool(auditctl and which("auditd")), "disk": disk, "kernel": kernel}


# --- processes and units ---------------------------------------------------------------------------------------


def units():
    """Return {unit: {property: value}} of docker and containerd as systemd knows them; {} where there is no systemd."""
    wanted = "Id,LoadState,ActiveState,FragmentPath,DropInPaths,MainPID,SocketMode,SocketUser,SocketGroup"
    if not os.path.isdir("/run/systemd/system"):
        return {}
    code, out, err = run("systemctl", "show", "-p", wanted, "docker.service", "docker.socket", "containerd.service")
    if code:
        raise Unseen(f"systemctl show: {err.strip()}")
    blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in out.split("\n\n")]
    return {block["Id"]: block for block in blocks if block.get("LoadState") == "loaded"}


def processes():
    """Yield (pid, name, uid, same pid namespace?) of every process that can be seen."""
    own = os.readlink("/proc/self/ns/pid")
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            name = read(f"/proc/{entry}/comm").strip()
            if name not in ("dockerd", "containerd") and not name.startswith(LOGIN_DAEMONS):
                continue
            uid = os.stat(f"/proc/{entry}").st_uid
            try:
                same = os.readlink(f"/proc/{entry}/ns/pid") == own
            except PermissionError:
                same = None
            yield int(entry), name, uid, same
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked


def started_at(pid):
    """Return when a process started, seconds since the epoch (from its age in ticks: exact to 20 ms)."""
    ticks = int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[19])
    return round(time.time() - float(read("/proc/uptime").split()[0]) + ticks / os.sysconf("SC_CLK_TCK"), 3)


def parse_flags(arguments):
    """Return a daemon's command line as daemon.json keys with typed values.

    >>> parse_flags(["-H", "fd://", "--icc=false", "--live-restore"])
    {'hosts': ['fd://'], 'icc': False, 'live-restore': True}
    """
    flags, rest = {}, list(arguments)
    while rest:
        word = rest.pop(0)
        if not word.startswith("-"):
            continue
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("--") and not equals and name[:1] in "HlGgspb" and len(name) > 1:
            name, equals, value = name[0], "=", name[1:]
        key = FLAG_NAMES.get(name, name)
        if key in BOOLEAN_KEYS:
            flags[key] = not equals or value.lower() in ("true", "1", "t")
            continue
        if not equals:
            value = rest.pop(0) if rest and not rest[0].startswith("-") else ""
        if key in LIST_KEYS:
            flags.setdefault(key, []).append(value)
        else:
            flags[key] = value
    for key in ("log-opts", "runtimes"):
        if key in flags:
            flags[key] = dict((v.split("=", 1) + [""])[:2] for v in flags[key])
    if "default-ulimits" in flags:
        flags["default-ulimits"] = {v.split("=", 1)[0]: v for v in flags["default-ulimits"]}
    return flags


def process_facts(pid):
    """Return executable, uid, start time and typed flags of a daemon. Raises OSError when /proc hides them."""
    arguments = [part.decode("utf-8", "replace") for part in open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")[1:] if part]
    status = re.search(r"^Uid:\s+(\d+)", read(f"/proc/{pid}/status"), re.MULTILINE)
    executable = os.readlink(f"/proc/{pid}/exe")
    return {
        "pid": pid, "executable": executable, "uid": int(status[1]) if status else None,
        "started_at": started_at(pid), "flags": redact(parse_flags(arguments)),
    }  # fmt: skip


def process_security(pid):
    """Return what the kernel really enforces on a container's first process, or None when it can't be seen.

    A container's options can differ from what it runs with: the daemon's defaults count from when it was created.
    """
    try:
        status = dict(line.split(":", 1) for line in read(f"/proc/{pid}/status").splitlines() if ":" in line) if pid else {}
        return {
            "NoNewPrivs": int(status["NoNewPrivs"]), "Seccomp": int(status["Seccomp"]),
            "CapEff": status["CapEff"].strip(), "Uid": int(status["Uid"].split()[0]),
        }  # fmt: skip
    except (OSError, KeyError, ValueError):
        return None


def login_daemons(seen):
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


# --- the engine's API ------------------------------------------------------------------------------------------


class Api(http.client.HTTPConnection):
    """The engine's API over its unix socket, one kept-alive connection, every request with a time limit."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        """Open the unix socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def peer(self):
        """Return the pid of whoever listens on the socket (systemd's, when it activated the engine)."""
        if self.sock is None:
            self.connect()
        return struct.unpack("3i", self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    def get(self, path):
        """Return the decoded answer; None for "not found". Raises Unseen with the reason otherwise."""
        try:
            self.request("GET", path)
            answer = self.getresponse()
            body = answer.read()
            data = json.loads(body) if body[:1] in (b"{", b"[", b'"') else body.decode("utf-8", "replace")
        except socket.timeout:
            self.close()
            raise Unseen(f"GET {path}: no answer within {self.timeout:g} s") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise Unseen(f"GET {path}: {error or type(error).__name__}") from None
        if answer.status == 404:
            return None
        if answer.status != 200:
            message = data.get("message", "") if isinstance(data, dict) else data
            raise Unseen(f"GET {path}: HTTP {answer.status} {message}".strip())
        return data


def pick(source, keys):
    """Return the members of `source` named by `keys` that are there."""
    return {key: source[key] for key in keys if key in source}


def trim_info(info):
    """Return the parts of /info that decide controls: no tokens, no proxies, no node addresses beyond swarm's."""
    kept = pick(info, INFO_KEYS)
    registry = info.get("RegistryConfig") or {}
    kept["RegistryConfig"] = {
        "InsecureRegistryCIDRs": registry.get("InsecureRegistryCIDRs"),
        "IndexConfigs": {k: pick(v, ("Secure", "Official")) for k, v in (registry.get("IndexConfigs") or {}).items()},
    }
    kept["Plugins"] = pick(info.get("Plugins") or {}, ("Authorization", "Log"))
    kept["Swarm"] = pick(info.get("Swarm") or {}, ("LocalNodeState", "ControlAvailable", "NodeAddr", "Managers", "Nodes", "Error"))
    kept["Runtimes"] = {name: pick(value, ("path", "runtimeType")) for name, value in (info.get("Runtimes") or {}).items()}
    return redact(kept)


def trim_container(raw):
    """Return the security-relevant part of a container's inspect output; environment by name, commands by program."""
    config, host = raw.get("Config") or {}, raw.get("HostConfig") or {}
    network = raw.get("NetworkSettings") or {}
    kept = pick(raw, ("Id", "Name", "Created", "Image", "AppArmorProfile", "ProcessLabel", "MountLabel", "Path", "Platform"))
    kept["State"] = pick(raw.get("State") or {}, ("Status", "Running", "Paused", "Pid", "StartedAt", "FinishedAt"))
    kept["State"]["Health"] = bool((raw.get("State") or {}).get("Health"))
    kept["Config"] = pick(config, ("Image", "User", "Hostname", "ExposedPorts", "Tty"))
    kept["Config"]["Env"] = names_only(config.get("Env"))
    kept["Config"]["Labels"] = redact(config.get("Labels") or {})
    kept["Config"]["Healthcheck"] = pick(config.get("Healthcheck") or {}, ("Interval", "Timeout", "Retries")) or None
    test = (config.get("Healthcheck") or {}).get("Test") or []
    if test:
        kept["Config"]["Healthcheck"] = {**(kept["Config"]["Healthcheck"] or {}), "Test": test[:1]}
    kept["HostConfig"] = redact(pick(host, HOST_CONFIG_KEYS))
    # A seccomp profile given by path is inlined here as its whole JSON text: its kind is the fact.
    security = [str(option) for option in host.get("SecurityOpt") or []]
    kept["HostConfig"]["SecurityOpt"] = ["seccomp=<profile>" if o.startswith("seccomp={") else redact_text(o) for o in security]
    kept["HostConfig"]["LogConfig"] = {"Type": (host.get("LogConfig") or {}).get("Type")}
    kept["Mounts"] = [pick(m, ("Type", "Source", "Destination", "RW", "Propagation", "Mode")) for m in raw.get("Mounts") or []]
    kept["NetworkSettings"] = {"Ports": network.get("Ports") or {}, "Networks": sorted(network.get("Networks") or {})}
    return kept


def trim_image(raw, history):
    """Return an image's identity, configuration without values, and its history without secrets."""
    config = raw.get("Config") or {}
    kept = pick(raw, ("Id", "RepoTags", "RepoDigests", "Created", "Size", "Architecture", "Parent"))
    # Newer engines leave empty members out of an image's configuration: no user named there means root.
    kept["Config"] = {"User": config.get("User") or ""} if "Config" in raw else {}
    kept["Config"].update(Env=names_only(config.get("Env")), Labels=redact(config.get("Labels") or {}))
    kept["Config"]["Healthcheck"] = {"Test": test[:1]} if (test := (config.get("Healthcheck") or {}).get("Test")) else None
    # Docker's own classic builder shows build arguments in history: redaction keeps their names.
    kept["History"] = None if history is None else [redact_text(layer.get("CreatedBy", ""))[:2000] for layer in history]
    kept["SecretsInHistory"] = None if history is None else secrets_in(history)
    return kept


def secrets_in(history):
    """Return names of secret-looking variables that a layer's command assigns a literal value, values dropped."""
    found = set()
    for layer in history:
        for match in ASSIGNMENT.finditer(layer.get("CreatedBy", "")):
            if SECRET_NAME.search(match[1]) and not match[2].strip("\"'").startswith(("$", "/run/secrets")):
                found.add(match[1])
    return sorted(found)


def swarm_facts(api, info):
    """Return swarm settings, nodes, services and secrets' names, or only the state on a node that is no manager."""
    state = info.get("Swarm") or {}
    try:
        stored = json.loads(read(os.path.join(info.get("DockerRootDir") or "/var/lib/docker", "swarm/docker-state.json")))
    except (OSError, ValueError):
        stored = {}
    facts = {"state": state.get("LocalNodeState", "inactive"), "manager": bool(state.get("ControlAvailable"))}
    if facts["state"] != "active" or not facts["manager"]:
        return facts
    facts["addresses"] = pick(stored, ("ListenAddr", "AdvertiseAddr", "DataPathAddr"))
    spec = api.get("/swarm") or {}
    facts["spec"] = {
        "autolock": ((spec.get("Spec") or {}).get("EncryptionConfig") or {}).get("AutoLockManagers"),
        "node_cert_expiry_ns": ((spec.get("Spec") or {}).get("CAConfig") or {}).get("NodeCertExpiry"),
        "data_path_port": spec.get("DataPathPort"), "created_at": spec.get("CreatedAt"), "updated_at": spec.get("UpdatedAt"),
        "ca_certificate": (spec.get("TLSInfo") or {}).get("TrustRoot"), "root_rotation_in_progress": spec.get("RootRotationInProgress"),
    }  # fmt: skip
    facts["nodes"] = [
        {"role": (n.get("Spec") or {}).get("Role"), "state": (n.get("Status") or {}).get("State"),
         "name": (n.get("Description") or {}).get("Hostname"), "address": (n.get("Status") or {}).get("Addr")}
        for n in api.get("/nodes") or []
    ]  # fmt: skip
    facts["services"] = []
    for service in api.get("/services") or []:
        task = ((service.get("Spec") or {}).get("TaskTemplate") or {}).get("ContainerSpec") or {}
        facts["services"].append({
            "name": (service.get("Spec") or {}).get("Name"), "environment": names_only(task.get("Env")),
            "secrets": sorted(s.get("SecretName", "") for s in task.get("Secrets") or []),
        })  # fmt: skip
    facts["secrets"] = len(api.get("/secrets") or [])
    return facts


def objects(api, engine, info, errors):
    """Add containers, images, networks and swarm to `engine`; a list that could not be completed is marked so."""
    where = engine["name"]
    engine["complete"] = {}

    def each(kind, listing, path, trim):
        engine[kind], engine["complete"][kind] = [], False
        rows = api.get(listing)
        for row in rows or []:
            raw = api.get(path.format(id=quote(row["Id"])))
            if raw is not None:  # it was removed since it was listed
                engine[kind].append(trim(raw))
        engine["complete"][kind] = True

    def container(raw):
        kept = trim_container(raw)
        kept["Process"] = process_security(kept["State"].get("Pid") or 0)
        return kept

    def image(raw):
        return trim_image(raw, api.get(f"/images/{quote(raw['Id'])}/history"))

    def networks():
        engine["networks"], engine["complete"]["networks"] = [], False
        keys = ("Name", "Id", "Driver", "Scope", "Internal", "Attachable", "Ingress", "EnableIPv6", "Options")
        for network in api.get("/networks") or []:
            kept = pick(network, keys)
            if network.get("Name") == "bridge":
                full = api.get("/networks/bridge") or {}
                kept["Containers"] = sorted(c.get("Name", "") for c in (full.get("Containers") or {}).values())
            engine["networks"].append(kept)
        engine["complete"]["networks"] = True

    steps = (
        ("containers", lambda: each("containers", "/containers/json?all=1", "/containers/{id}/json", container)),
        ("images", lambda: each("images", "/images/json", "/images/{id}/json", image)),
        ("networks", networks),
        ("swarm", lambda: engine.update(swarm=swarm_facts(api, info))),
    )
    for what, step in steps:
        try:
            step()
        except Unseen as unseen:
            errors.append({"what": f"{where}.{what}", "reason": str(unseen)})
            if "no answer within" in str(unseen):
                break  # a hung engine: one time limit is enough waiting
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            errors.append({"what": f"{where}.{what}", "reason": f"the engine's answer has an unexpected form: {error}"})


def daemon_json(path):
    """Return the configuration file's state: there or not, valid or not (with place), its content.

    The content is redacted, so it must never be written back: whoever edits the file reads the file.
    """
    fact = {"path": path, "exists": os.path.exists(path), "valid": None, "error": None, "mtime": None, "content": None}
    if not fact["exists"]:
        return fact
    try:
        fact["mtime"] = round(os.stat(path).st_mtime, 3)
        content = json.loads(read(path) or "{}")
    except json.JSONDecodeError as error:
        fact.update(valid=False, error=f"{path}:{error.lineno}:{error.colno}: {error.msg}")
    except OSError as error:
        fact.update(error=str(error))
    else:
        if isinstance(content, dict):
            fact.update(valid=True, content=redact(content))
        else:
            fact.update(valid=False, error=f"{path}: holds a {type(content).__name__}, not an object")
    return fact


def find_process(api, seen, uid, main_pid):
    """Return the pid of the daemon behind a socket: its listener, else systemd's main pid, else the only candidate."""
    candidates = [p for p, name, owner, same in seen if name == "dockerd" and owner == uid and (same or uid)]
    try:
        peer = api.peer()
    except OSError:
        peer = 0
    for pid in (peer, main_pid):
        if pid in candidates:
            return pid
    if len(candidates) != 1:
        raise Unseen(f"{len(candidates)} dockerd processes of uid {uid} could be behind the socket")
    return candidates[0]


def engine_facts(name, path, uid, seen, known_units, timeout, sections, errors):
    """Return everything about one engine; what fails is written to `errors` and the rest goes on."""
    rootless = uid != 0
    user = account(uid, "user")
    engine = {
        "name": name, "socket": path, "rootless": rootless, "user": user, "reachable": False, "error": None,
        "process": None, "daemon_json": None, "units": {}, "version": None, "info": None,
    }  # fmt: skip
    api, info = Api(path, timeout), {}
    service = {} if rootless else known_units.get("docker.service", {})
    try:
        pid = find_process(api, seen, uid, int(service.get("MainPID") or 0))
        engine["process"] = process_facts(pid)
    except (OSError, Unseen, ValueError, IndexError) as error:
        errors.append({"what": f"{name}.process", "reason": str(error)})
    flags = (engine["process"] or {}).get("flags", {})
    home = pwd.getpwuid(uid).pw_dir if rootless and user != str(uid) else ""
    default = os.path.join(home, ".config/docker/daemon.json") if rootless else "/etc/docker/daemon.json"
    engine["daemon_json"] = daemon_json(flags.get("config-file") or default)
    if not rootless:
        keys = {"LoadState": "load", "ActiveState": "active", "FragmentPath": "fragment", "DropInPaths": "drop_ins",
                "SocketMode": "mode", "SocketUser": "user", "SocketGroup": "group"}  # fmt: skip
        for unit, values in known_units.items():
            engine["units"][unit] = {short: values[key] for key, short in keys.items() if values.get(key)}
    try:
        if not os.path.exists(path):
            raise Unseen(f"{path} does not exist: no engine listens there")
        engine["version"] = pick(api.get("/version") or {}, ("Version", "ApiVersion", "MinAPIVersion", "Experimental", "Os", "Arch"))
        info = api.get("/info") or {}
        engine["info"] = trim_info(info)
        engine["reachable"] = True
        if "objects" in sections:
            objects(api, engine, info, errors)
    except Unseen as unseen:
        engine["error"] = str(unseen)
        errors.append({"what": f"{name}.engine", "reason": str(unseen)})
    finally:
        api.close()
    return engine


def engines(known_units, timeout, sections, errors):
    """Return the system's engine (or the one DOCKER_HOST names) and every rootless one that runs."""
    endpoint = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    try:
        seen = list(processes())
    except OSError as error:
        seen = []
        errors.append({"what": "processes", "reason": str(error)})
    found = []
    if endpoint.startswith("unix://"):
        path = endpoint[len("unix://") :]
        owner = re.match(r"/run/user/(\d+)/", path)
        uid = int(owner[1]) if owner else 0
        label = f"rootless:{account(uid, 'user')}" if uid else "system"
        found.append(engine_facts(label, path, uid, seen, known_units, timeout, sections, errors))
    else:
        errors.append({"what": "system.engine", "reason": f"DOCKER_HOST is {redact_text(endpoint)!r}: only unix:// sockets are read"})
    for path in sorted(glob("/run/user/*/docker.sock")):
        uid = int(path.split("/")[3])
        if uid and all(os.path.realpath(e["socket"]) != os.path.realpath(path) for e in found):
            found.append(engine_facts(f"rootless:{account(uid, 'user')}", path, uid, seen, {}, timeout, sections, errors))
    if "objects" in sections:
        inside = login_daemons(seen) if os.geteuid() == 0 and seen else None
        for engine in found:
            engine["login_daemons"] = inside
    return found


# --- files by purpose ------------------------------------------------------------------------------------------


def targets(engine, known_units):
    """Return {purpose: [paths]} of every file a control speaks of, where this host really has them."""
    flags = ((engine or {}).get("process") or {}).get("flags", {})
    config = {**(((engine or {}).get("daemon_json") or {}).get("content") or {}), **flags}
    info = (engine or {}).get("info") or {}
    sockets = [h[len("unix://") :] for h in config.get("hosts") or [] if str(h).startswith("unix://")]
    containerd = config.get("containerd") or (info.get("Containerd") or {}).get("Address")
    verify = config.get("tlsverify") or config.get("tls")
    home = os.path.expanduser("~root/.docker")

    def unit(name):
        values = known_units.get(name, {})
        listed = [values.get("FragmentPath", ""), *values.get("DropInPaths", "").split()]
        return [p for p in listed if p] or [p for d in UNIT_DIRS if os.path.exists(p := os.path.join(d, name))][:1]

    def binary(name, running=None):
        return [p for p in (running, which(name)) if p][:1]

    def tls(key, default):
        return [config[key]] if config.get(key) else [os.path.join(home, default)] if verify else []

    executable = ((engine or {}).get("process") or {}).get("executable")
    runc = ((info.get("Runtimes") or {}).get("runc") or {}).get("path")
    certs = [os.path.join(d, f) for d, _dirs, names in os.walk("/etc/docker/certs.d") for f in names]
    return {
        "service_unit": unit("docker.service"), "socket_unit": unit("docker.socket"), "config_dir": ["/etc/docker"],
        "registry_certs": sorted(certs), "tls_ca": tls("tlscacert", "ca.pem"), "tls_cert": tls("tlscert", "cert.pem"),
        "tls_key": tls("tlskey", "key.pem"), "docker_socket": sockets or [(engine or {}).get("socket") or "/var/run/docker.sock"],
        "daemon_json": [((engine or {}).get("daemon_json") or {}).get("path") or "/etc/docker/daemon.json"],
        "debian_defaults": ["/etc/default/docker"], "rhel_sysconfig": ["/etc/sysconfig/docker"],
        "containerd_socket": [containerd or "/run/containerd/containerd.sock"], "containerd_run_dir": ["/run/containerd"],
        "data_root": [info.get("DockerRootDir") or config.get("data-root") or "/var/lib/docker"],
        "containerd_config": ["/etc/containerd/config.toml"], "dockerd_binary": binary("dockerd", executable),
        "containerd_binary": binary("containerd"), "shim_binary": binary("containerd-shim"),
        "shim_v1_binary": binary("containerd-shim-runc-v1"), "shim_v2_binary": binary("containerd-shim-runc-v2"),
        "runc_binary": [p for p in (runc if runc and runc.startswith("/") else which(runc or "runc"),) if p],
    }  # fmt: skip


def file_facts(paths, errors):
    """Return {purpose: [facts]}; a purpose whose files can't be seen is left out and listed in `errors`."""
    found = {}
    for purpose, listed in paths.items():
        try:
            found[purpose] = [file_fact(path) for path in listed]
        except OSError as error:
            errors.append({"what": f"files.{purpose}", "reason": str(error)})
    if os.path.isdir("/etc/docker/certs.d") and not os.access("/etc/docker/certs.d", os.R_OK | os.X_OK):
        found.pop("registry_certs", None)
        errors.append({"what": "files.registry_certs", "reason": "/etc/docker/certs.d can't be listed"})
    return found


# --- all of it -------------------------------------------------------------------------------------------------


def collect(sections=SECTIONS, timeout=10.0):
    """Return this host's evidence: a JSON-ready mapping of schema hullguard/evidence/1.

    `sections` chooses from SECTIONS; `timeout` is the limit in seconds of one question to the engine.
    """
    begun, errors = time.monotonic(), []
    evidence = {
        "schema": SCHEMA,
        "collector": {"version": VERSION, "python": platform.python_version(), "sections": sorted(sections)},
        "collected_at": datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "errors": errors,
    }

    def guarded(what, action, default=None):
        try:
            return action()
        except Exception as error:
            errors.append({"what": what, "reason": str(error) or type(error).__name__})
            return default

    if os.geteuid() != 0:
        errors.append({"what": "privileges", "reason": "not run as root: sockets, rules and processes of others can't be seen"})
    evidence["host"] = guarded("host", host_facts, {"name": socket.gethostname()})
    known_units = guarded("units", units, {})
    found = guarded("engines", lambda: engines(known_units, timeout, sections, errors), []) if "engine" in sections else []
    system = next((e for e in found if not e["rootless"]), None)
    if "host" in sections:
        evidence["mounts"] = guarded("mounts", mounts)
        evidence["sysctl"] = guarded("sysctl", sysctls)
        evidence["login_environment"] = guarded("login_environment", login_environment)
        evidence["listeners"] = guarded("listeners", lambda: listeners({2375, 2376, 2377, 7946, 4789}))
    if "files" in sections:
        evidence["files"] = file_facts(targets(system, known_units), errors)
    if "host" in sections:
        sockets = (evidence.get("files") or {}).get("docker_socket") or [{}]
        evidence["groups"] = guarded("groups", lambda: groups(sockets[0].get("group")))
    if "audit" in sections:
        evidence["audit"] = guarded("audit", audit_facts)
    evidence["engines"] = found
    evidence["collector"]["seconds"] = round(time.monotonic() - begun, 3)
    return evidence


def main(arguments=None):
    """Print the evidence; returns the exit code (0 printed, even where something could not be seen)."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], epilog="example: sudo python3 collect.py > host.json")
    parser.add_argument("--only", metavar="SECTIONS", default=",".join(SECTIONS), help=f"comma-separated, from {', '.join(SECTIONS)}")
    parser.add_argument("--timeout", type=float, default=10.0, metavar="SECONDS", help="limit for one answer of the engine (10)")
    options = parser.parse_args(arguments)
    chosen = tuple(filter(None, options.only.split(",")))
    if unknown := sorted(set(chosen) - set(SECTIONS)):
        parser.error(f"unknown section {unknown[0]!r}: choose from {', '.join(SECTIONS)}")
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
