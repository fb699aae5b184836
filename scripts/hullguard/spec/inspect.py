"""From the engine's inspect output (as the collector trims it) to the normalized container spec."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from hullguard.effective import Unseen, complete, configured, member, number, option, security_options
from hullguard.predicates import MISSING
from hullguard.spec import Reader, Spec, paths

LISTS = {"cap_add": "CapAdd", "cap_drop": "CapDrop"}
TEXTS = {
    "network_mode": "NetworkMode", "pid_mode": "PidMode", "ipc_mode": "IpcMode", "uts_mode": "UTSMode",
    "userns_mode": "UsernsMode", "cgroup_parent": "CgroupParent", "log_driver": "LogConfig.Type",
}  # fmt: skip
# Modes of AppArmor profiles in which nothing is denied.
TOOTHLESS = ("complain", "unconfined", "prompt")
NO_FILTER = ("unconfined", "<profile that allows everything>")
MOUNT_MEMBERS = {"Type": str, "Source": str, "Destination": str, "RW": bool, "Propagation": str}


class Context:
    """What one engine's containers share: computed once, not once per container."""

    def __init__(self, engine: Mapping[str, Any], evidence: Mapping[str, Any]) -> None:
        root = member(engine, "info", "DockerRootDir")
        self.data_root = paths.canonical(root) if isinstance(root, str) else None
        self.sockets = sockets(engine)
        self.volumes = volumes(engine)
        self.started_at = member(engine, "process", "started_at")
        login = engine.get("login_daemons")
        self.login_daemons = login if isinstance(login, list) else None
        self.seccomp_default: str | None = None
        self.no_new_privileges: bool | None = None
        try:
            profile = security_options(engine).get("seccomp", {"profile": "unconfined"}).get("profile")
            if profile:
                self.seccomp_default = "unconfined" if profile == "unconfined" else "default"
            value = option(engine, "no-new-privileges")[0]
            self.no_new_privileges = False if value is MISSING else value if isinstance(value, bool) else None
        except Unseen:
            pass
        self.default_ulimits = default_ulimits(engine)
        enabled = member(evidence, "host", "apparmor", "enabled")
        self.apparmor = enabled if isinstance(enabled, bool) else None
        self.toothless = set()
        loaded = member(evidence, "host", "apparmor", "profiles")
        for line in loaded if isinstance(loaded, list) else []:
            name, _, mode = str(line).rpartition(" (")
            if mode.rstrip(")") in TOOTHLESS:
                self.toothless.add(name)


def default_ulimits(engine: Mapping[str, Any]) -> set[str]:
    """Return the daemon's default limits as `nofile=1:2`: the engine copies them into containers."""
    try:
        found = configured(engine, "default-ulimits")[0]
    except Unseen:
        return set()
    rows = found.items() if isinstance(found, Mapping) else ()
    # A flag gives its text (nofile=1:2, or nofile=1 for both), the file a mapping.
    given = {name: value.partition("=")[2].split(":") for name, value in rows if isinstance(value, str)}
    texts = {f"{name}={limits[0]}:{limits[-1]}" for name, limits in given.items()}
    maps = {name: value for name, value in rows if isinstance(value, Mapping)}
    return texts | {f"{name}={value.get('Soft')}:{value.get('Hard')}" for name, value in maps.items()}


def sockets(engine: Mapping[str, Any]) -> list[str] | None:
    """Return the paths of the engine's unix sockets; None: they were not seen."""
    try:
        hosts = configured(engine, "hosts")[0]
    except Unseen:
        return None
    hosts = [] if hosts is MISSING else hosts
    if not isinstance(engine.get("socket"), str) or not isinstance(hosts, list):
        return None
    listed = [str(host)[len("unix://") :] for host in hosts if str(host).startswith("unix://")]
    return [path for path in (engine["socket"], *listed) if path]


def volumes(engine: Mapping[str, Any]) -> dict[str, list[str]] | None:
    """Return {volume: host paths} of the volumes that are a folder or device of the host; None:
    they were not seen.
    """
    if not complete(engine, "volumes"):
        return None
    found = {}
    for row in engine["volumes"]:
        if not isinstance(row.get("Name"), str) or "Real" not in row:
            return None
        places = [path for path in (member(row, "Options", "device"), row["Real"]) if isinstance(path, str)]
        found[row["Name"]] = [path for path in places if path.startswith("/")]
    return found


def containers(rows: Iterable[Mapping[str, Any]], context: Context, allowed: list[str]) -> list[Spec]:
    """Return the normalized specs of an engine's containers, sorted by name."""
    specs = [container(raw, context, allowed) for raw in rows]
    for spec in specs:
        for field in ("network_mode", "pid_mode", "ipc_mode"):
            _joined(spec, field, specs)
    return sorted(specs, key=lambda spec: str(spec["name"]))


def _joined(spec: Spec, field: str, specs: list[Spec]) -> None:
    """Follow `container:NAME`: whoever joins a container in the host's namespace is in the host's
    namespace too.
    """
    mode = spec.get(field)
    for _ in specs:
        if not isinstance(mode, str) or not mode.startswith("container:"):
            break
        name = mode.partition(":")[2]
        target = next((s for s in specs if name and name in (s.get("id"), s["name"])), {})
        mode = target.get(field)
    if mode == "host":
        spec[field] = mode
    elif mode is None or mode.startswith("container:"):
        spec.pop(field, None)


def container(raw: Mapping[str, Any], context: Context, allowed_capabilities: list[str]) -> Spec:
    """Return the normalized spec of one inspected container; unseen fields are left out."""
    reader, spec = Reader(raw), Spec()
    reader.into(spec, "id", "Id", str)
    spec["name"] = (reader.get("Name", str) or reader.get("Id", str) or "?").lstrip("/")
    reader.into(spec, "image", "Config.Image", str)
    reader.into(spec, "image_id", "Image", str)
    reader.into(spec, "running", "State.Running", bool)
    reader.into(spec, "user", "Config.User", str)
    reader.into(spec, "privileged", "HostConfig.Privileged", bool)
    reader.into(spec, "read_only_root", "HostConfig.ReadonlyRootfs", bool)
    reader.into(spec, "memory_bytes", "HostConfig.Memory", int)
    reader.into(spec, "pids_limit", "HostConfig.PidsLimit", int, 0)
    reader.into(spec, "environment", "Config.Env", list, [])
    reader.into(spec, "networks", "NetworkSettings.Networks", list)
    for field, name in LISTS.items():
        reader.into(spec, field, f"HostConfig.{name}", list, [])
    for field, name in TEXTS.items():
        reader.into(spec, field, f"HostConfig.{name}", str)
    _capabilities(spec, allowed_capabilities)
    _cpu(reader, spec)
    _restart(reader, spec)
    _security(reader, spec, context)
    _devices(reader, spec, context)
    _mounts(reader, spec, context)
    _ports(reader, spec)
    _healthcheck(reader, spec)
    if context.login_daemons is not None and "id" in spec:
        inside = [d for d in context.login_daemons if d["container"] == spec["id"]]
        spec["sshd_processes"] = [f"{d['name']} (pid {d['pid']})" for d in inside]
    return spec


def capability(name: Any) -> str:
    """Return a capability's name in one spelling: upper case, no CAP_ in front."""
    return str(name).upper().removeprefix("CAP_")


# What every container has anyway (docs.docker.com, "Linux kernel capabilities"): naming one again after
# dropping all adds nothing, it is how a container is cut down to what it needs.
DEFAULT_CAPABILITIES = {
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
}  # fmt: skip


def _capabilities(spec: Spec, allowed: list[str]) -> None:
    if "cap_add" not in spec or "privileged" not in spec:
        return
    added = {capability(name) for name in spec["cap_add"]} - DEFAULT_CAPABILITIES
    if spec["privileged"]:
        added.add("ALL (privileged)")
    spec["extra_capabilities"] = sorted(added - {capability(name) for name in allowed})


def _cpu(reader: Reader, spec: Spec) -> None:
    values = [reader.get(f"HostConfig.{name}", int) for name in ("CpuShares", "NanoCpus", "CpuQuota")]
    if all(isinstance(value, int) for value in values):
        shares, *limits = values
        # 1024 shares are every container's weight: no limit at all.
        spec["cpu_limited"] = shares not in (0, 1024) or any(value > 0 for value in limits)


def _restart(reader: Reader, spec: Spec) -> None:
    name = reader.get("HostConfig.RestartPolicy.Name", str)
    count = reader.get("HostConfig.RestartPolicy.MaximumRetryCount", int)
    if name in ("", "no", "always", "unless-stopped"):
        spec["restart_unbounded"] = name in ("always", "unless-stopped")
    elif name == "on-failure" and count is not None:
        spec["restart_unbounded"] = not 1 <= count <= 5


def _security(reader: Reader, spec: Spec, context: Context) -> None:
    options, privileged = reader.get("HostConfig.SecurityOpt", list, []), spec.get("privileged")
    if options is None or privileged is None:
        return
    # `label:disable` is the old spelling of `label=disable`; a bare `no-new-privileges` means true.
    parts = [str(option).replace(":", "=", 1).partition("=") for option in options]
    named = {name: value if sign else "true" for name, sign, value in parts}
    _apparmor(reader, spec, context, named, privileged)
    label = reader.get("ProcessLabel", str)
    if label is not None:
        # These types are what SELinux does not confine.
        spec["selinux_label"] = "" if re.search(r":(spc_t|unconfined_t)(:|$)", label) else label
    kernel = _kernel(reader, spec)
    if kernel is None:
        return
    seccomp = named.get("seccomp")
    if privileged or seccomp in NO_FILTER or kernel.get("Seccomp") == 0:
        spec["seccomp"] = "unconfined"
    elif seccomp not in (None, "builtin", "default"):
        spec["seccomp"] = "custom"
    elif context.seccomp_default is not None:
        spec["seccomp"] = context.seccomp_default
    _no_new_privileges(reader, spec, context, named, kernel)


def _kernel(reader: Reader, spec: Spec) -> Mapping[str, Any] | None:
    """Return what the kernel says of a running container's first process; {} when the collector could not
    ask.

    None: the answer is not in the evidence as the collector writes it, so nothing may be concluded without
    it.
    """
    if spec.get("running") is False:
        return {}
    if "running" not in spec or "Process" not in reader.raw:
        return None
    process = reader.raw["Process"]
    if process is None:
        return {}
    seen = isinstance(process, Mapping) and all(
        type(process.get(name)) is int for name in ("NoNewPrivs", "Seccomp")
    )
    return process if seen else None


def _apparmor(
    reader: Reader, spec: Spec, context: Context, named: Mapping[str, str], privileged: bool
) -> None:
    if (named.get("apparmor") or ("unconfined" if privileged else None)) == "unconfined":
        spec["apparmor_profile"] = "unconfined"
        return
    profile = reader.get("AppArmorProfile", str)
    if profile is None or context.apparmor is None:
        return
    confined = context.apparmor and profile not in context.toothless
    spec["apparmor_profile"] = profile if confined else "unconfined" if profile else ""


def _no_new_privileges(
    reader: Reader, spec: Spec, context: Context, named: Mapping[str, str], kernel: Mapping[str, Any]
) -> None:
    """Decide by the kernel's word for a running container.

    The daemon's default counts from a container's creation on.
    """
    if kernel:
        spec["no_new_privileges"] = kernel["NoNewPrivs"] == 1
    elif "no-new-privileges" in named:
        spec["no_new_privileges"] = named["no-new-privileges"].lower() in ("true", "t", "1")
    elif context.no_new_privileges is False:
        spec["no_new_privileges"] = False
    elif context.no_new_privileges is True and _created_since(reader.get("Created", str), context.started_at):
        spec["no_new_privileges"] = True


def _created_since(created: str | None, started_at: Any) -> bool:
    if created is None or not number(started_at):
        return False
    try:  # the engine writes nanoseconds, which fromisoformat refuses
        return bool(datetime.fromisoformat(created[:19] + "+00:00").timestamp() > started_at)
    except ValueError:
        return False


def _devices(reader: Reader, spec: Spec, context: Context) -> None:
    names = ("Devices", "DeviceRequests", "DeviceCgroupRules")
    devices, requests, rules = (reader.get(f"HostConfig.{name}", list, []) for name in names)
    if None not in (devices, requests, rules, spec.get("privileged")):
        found = [str(member(device, "PathOnHost")) for device in devices]
        found += [f"{member(request, 'Driver') or 'driver'} request" for request in requests]
        found += [f"cgroup rule {rule}" for rule in rules]
        spec["devices"] = sorted(found) + ["every device (privileged)"] * spec["privileged"]
    limits = reader.get("HostConfig.Ulimits", list, [])
    if limits is not None:
        own = {f"{member(u, 'Name')}={member(u, 'Soft')}:{member(u, 'Hard')}" for u in limits}
        spec["ulimits"] = sorted(own - context.default_ulimits)


def _mounts(reader: Reader, spec: Spec, context: Context) -> None:
    mounts = reader.get("Mounts", list, [])
    if mounts is None or not all(_whole(mount, context) for mount in mounts):
        return
    spec["mounts"] = [
        {
            "source": m.get("Source", ""), "target": m["Destination"], "read_only": not m["RW"],
            "propagation": m["Propagation"], "type": m["Type"],
        }
        for m in mounts
    ]  # fmt: skip
    spec["shared_mounts"] = [m["Destination"] for m in mounts if m["Propagation"] in ("shared", "rshared")]
    exposed, talking = [], []
    for mount in mounts:
        places = _places(mount, context)
        if any(
            paths.sensitive(place, mount["RW"], context.data_root or "/var/lib/docker") for place in places
        ):
            exposed.append(places[0])
        if any(paths.engine_socket(place, context.sockets or ()) for place in places):
            talking.append(places[0])
    # An empty list is a proof only when it is known what to look for.
    if exposed or context.data_root is not None:
        spec["sensitive_mounts"] = exposed
    if talking or context.sockets is not None:
        spec["engine_sockets"] = talking


def _whole(mount: Any, context: Context) -> bool:
    """Return whether a mount has every member that decides something."""
    if not isinstance(mount, Mapping):
        return False
    kinds = {
        key: kind for key, kind in MOUNT_MEMBERS.items() if key != "Source" or mount.get("Type") != "tmpfs"
    }
    if not all(isinstance(mount.get(key), kind) for key, kind in kinds.items()):
        return False
    if mount["Type"] == "volume":
        return isinstance(mount.get("Name"), str) and context.volumes is not None
    return mount["Type"] != "bind" or isinstance(mount.get("Real"), str)


def _places(mount: Mapping[str, Any], context: Context) -> list[str]:
    """Return the host paths that a mount gives access to: a volume can be a bind in disguise."""
    if mount["Type"] == "bind":
        return [mount["Source"], mount["Real"]]
    return (context.volumes or {}).get(mount["Name"], []) if mount["Type"] == "volume" else []


def _ports(reader: Reader, spec: Spec) -> None:
    bindings, live = (
        reader.get(path, dict, {}) for path in ("HostConfig.PortBindings", "NetworkSettings.Ports")
    )
    every = reader.get("HostConfig.PublishAllPorts", bool)
    if bindings is None or live is None or every is None:
        return
    keys = {*bindings, *live}
    if every and spec.get("running") is not True:
        exposed = reader.get("Config.ExposedPorts", dict, {}) or {}
        bindings = {**{key: [{"HostIp": "", "HostPort": "0"}] for key in exposed}, **bindings}
        keys |= {*exposed}
    ports: list[dict[str, Any]] = []
    for key in sorted(keys):
        container_port, _, protocol = str(key).partition("/")
        for entry in live.get(key) or bindings.get(key) or []:
            first = re.fullmatch(r"(?:(\d{1,5})(?:-\d{1,5})?)?", str(member(entry, "HostPort")), re.ASCII)
            if not isinstance(entry, Mapping) or not first:
                return
            ports.append({
                "host_ip": str(entry.get("HostIp") or ""), "host_port": int(first[1] or 0),
                "container_port": container_port, "protocol": protocol or "tcp",
            })  # fmt: skip
    spec["ports"] = ports
    spec["privileged_ports"] = [shown(port) for port in ports if 0 < port["host_port"] < 1024]
    spec["wildcard_ports"] = [shown(port) for port in ports if wildcard(port["host_ip"])]


def wildcard(address: str) -> bool:
    """Return whether an address means every one of the host's; what is no address is no proof of
    the contrary.
    """
    try:
        found = ipaddress.ip_address(address.strip("[]"))
    except ValueError:
        return True
    mapped = getattr(found, "ipv4_mapped", None)
    return found.is_unspecified or bool(mapped and mapped.is_unspecified)


def _healthcheck(reader: Reader, spec: Spec) -> None:
    config = reader.get("Config", dict) or {}
    check = config.get("Healthcheck", MISSING)
    if check is None or isinstance(check, Mapping):
        test = (check or {}).get("Test")
        spec["healthcheck"] = bool(test) and isinstance(test, list) and test[0] != "NONE"


def shown(port: Mapping[str, Any]) -> str:
    """Return a published port as people write it: 0.0.0.0:80->80/tcp."""
    address = port["host_ip"] or "0.0.0.0"  # noqa: S104
    address = f"[{address}]" if ":" in address else address
    return f"{address}:{port['host_port']}->{port['container_port']}/{port['protocol']}"
