"""From the engine's inspect output (as the collector trims it) to the normalized container spec."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hullguard.effective import Unseen, member, option, security_options
from hullguard.predicates import MISSING
from hullguard.spec import Reader, Spec, paths

LISTS = {"cap_add": "CapAdd", "cap_drop": "CapDrop"}
TEXTS = {"network_mode": "NetworkMode", "pid_mode": "PidMode", "ipc_mode": "IpcMode", "uts_mode": "UTSMode",
         "userns_mode": "UsernsMode", "cgroup_parent": "CgroupParent"}  # fmt: skip


class Context:
    """What one engine's containers share: computed once, not once per container."""

    def __init__(self, engine: Mapping[str, Any]) -> None:
        root = member(engine, "info", "DockerRootDir")
        self.data_root = paths.canonical(root) if isinstance(root, str) else "/var/lib/docker"
        socket = engine.get("socket")
        self.sockets = [socket] if isinstance(socket, str) else []
        self.started_at = member(engine, "process", "started_at")
        login = engine.get("login_daemons")
        self.login_daemons = login if isinstance(login, list) else None
        self.seccomp_default: str | None = None
        try:
            seccomp = security_options(engine).get("seccomp")
            self.seccomp_default = "unconfined" if seccomp is None or seccomp.get("profile") == "unconfined" else "default"
        except Unseen:
            pass
        try:
            value = option(engine, "no-new-privileges")[0]
            self.no_new_privileges = False if value is MISSING else value if isinstance(value, bool) else None
        except Unseen:
            self.no_new_privileges = None


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
    reader.into(spec, "selinux_label", "ProcessLabel", str)
    reader.into(spec, "memory_bytes", "HostConfig.Memory", int)
    reader.into(spec, "pids_limit", "HostConfig.PidsLimit", int, 0)
    reader.into(spec, "environment", "Config.Env", list, [])
    reader.into(spec, "networks", "NetworkSettings.Networks", list)
    for field, name in LISTS.items():
        reader.into(spec, field, f"HostConfig.{name}", list, [])
    for field, name in TEXTS.items():
        reader.into(spec, field, f"HostConfig.{name}", str)
    privileged = spec.get("privileged")
    _capabilities(spec, allowed_capabilities)
    _cpu(reader, spec)
    _restart(reader, spec)
    _security(reader, spec, context, privileged)
    _devices(reader, spec)
    _mounts(reader, spec, context)
    _ports(reader, spec)
    if "Config" in reader.raw and "Healthcheck" in (reader.get("Config", dict) or {}):
        test = reader.get("Config.Healthcheck.Test", list) or []
        spec["healthcheck"] = bool(reader.get("Config.Healthcheck", dict)) and test[:1] != ["NONE"]
    if context.login_daemons is not None:
        spec["sshd_processes"] = [f"{d['name']} (pid {d['pid']})" for d in context.login_daemons if d.get("container") == spec.get("id")]
    return spec


def capability(name: Any) -> str:
    """Return a capability's name in one spelling: upper case, no CAP_ in front."""
    return str(name).upper().removeprefix("CAP_")


def _capabilities(spec: Spec, allowed: list[str]) -> None:
    if "cap_add" not in spec or "privileged" not in spec:
        return
    added = {capability(name) for name in spec["cap_add"]}
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
    if name is not None and count is not None:
        spec["restart_unbounded"] = name in ("always", "unless-stopped") or (name == "on-failure" and not 1 <= count <= 5)
        spec["restart_policy"] = f"{name}:{count}" if name == "on-failure" else name


def _security(reader: Reader, spec: Spec, context: Context, privileged: Any) -> None:
    options = reader.get("HostConfig.SecurityOpt", list, [])
    if options is None or privileged is None:
        return
    # `label:disable` is the old spelling of `label=disable`; a bare `no-new-privileges` means true.
    parts = [str(option).replace(":", "=", 1).partition("=") for option in options]
    named = {name: value if sign else "true" for name, sign, value in parts}
    kernel = reader.get("Process", dict) or {}
    running = spec.get("running") is True
    if privileged or named.get("seccomp") == "unconfined" or (running and kernel.get("Seccomp") == 0):
        spec["seccomp"] = "unconfined"
    elif "seccomp" in named:
        spec["seccomp"] = "custom"
    elif context.seccomp_default is not None:
        spec["seccomp"] = context.seccomp_default
    if (named.get("apparmor") or ("unconfined" if privileged else None)) == "unconfined":
        spec["apparmor_profile"] = "unconfined"
    else:
        reader.into(spec, "apparmor_profile", "AppArmorProfile", str)
    _no_new_privileges(spec, context, named, kernel if running else {}, reader)


def _no_new_privileges(spec: Spec, context: Context, named: dict[str, str], kernel: Mapping[str, Any], reader: Reader) -> None:
    """Decide by the kernel's word for a running container; the daemon's default counts from a container's creation on."""
    if kernel.get("NoNewPrivs") in (0, 1):
        spec["no_new_privileges"] = kernel["NoNewPrivs"] == 1
    elif "no-new-privileges" in named:
        spec["no_new_privileges"] = named["no-new-privileges"] == "true"
    elif context.no_new_privileges is False:
        spec["no_new_privileges"] = False
    elif context.no_new_privileges is True and _created_since(reader.get("Created", str), context.started_at):
        spec["no_new_privileges"] = True


def _created_since(created: str | None, started_at: Any) -> bool:
    if created is None or not isinstance(started_at, int | float):
        return False
    try:  # the engine writes nanoseconds, which fromisoformat refuses
        return datetime.fromisoformat(created[:19] + "+00:00").timestamp() > started_at
    except ValueError:
        return False


def _devices(reader: Reader, spec: Spec) -> None:
    devices, requests = reader.get("HostConfig.Devices", list, []), reader.get("HostConfig.DeviceRequests", list, [])
    rules = reader.get("HostConfig.DeviceCgroupRules", list, [])
    raw = reader.get("HostConfig", dict) or {}
    if devices is not None and "Devices" in raw:
        found = [str(member(device, "PathOnHost")) for device in devices]
        found += [f"{request.get('Driver') or 'driver'} request" for request in requests or [] if isinstance(request, Mapping)]
        spec["devices"] = sorted(found) + [f"cgroup rule {rule}" for rule in rules or []]
    limits = reader.get("HostConfig.Ulimits", list, [])
    if limits is not None and "Ulimits" in raw:
        spec["ulimits"] = sorted(f"{u.get('Name')}={u.get('Soft')}:{u.get('Hard')}" for u in limits if isinstance(u, Mapping))


def _mounts(reader: Reader, spec: Spec, context: Context) -> None:
    mounts = reader.get("Mounts", list, [])
    if mounts is None or not all(isinstance(m, Mapping) and isinstance(m.get("RW"), bool) for m in mounts):
        return
    spec["mounts"] = [
        {"source": str(m.get("Source", "")), "target": str(m.get("Destination", "")), "read_only": not m["RW"],
         "propagation": str(m.get("Propagation", "")), "type": str(m.get("Type", ""))}
        for m in mounts
    ]  # fmt: skip
    binds = [m for m in spec["mounts"] if m["type"] == "bind"]
    spec["sensitive_mounts"] = [
        m["source"] for m in binds if paths.sensitive(m["source"], not m["read_only"], context.data_root)
    ]
    spec["engine_sockets"] = [m["source"] for m in binds if paths.engine_socket(m["source"], context.sockets)]
    spec["shared_mounts"] = [m["target"] for m in spec["mounts"] if m["propagation"] in ("shared", "rshared")]


def _ports(reader: Reader, spec: Spec) -> None:
    bindings, live = reader.get("HostConfig.PortBindings", dict, {}), reader.get("NetworkSettings.Ports", dict, {})
    if bindings is None or live is None:
        return
    ports = []
    for key in sorted({*bindings, *live}):
        number, _, protocol = str(key).partition("/")
        for entry in live.get(key) or bindings.get(key) or []:
            if isinstance(entry, Mapping):
                host_port = str(entry.get("HostPort") or "0")
                ports.append({"host_ip": str(entry.get("HostIp") or ""), "container_port": number, "protocol": protocol or "tcp",
                              "host_port": int(host_port) if host_port.isdigit() else 0})  # fmt: skip
    spec["ports"] = ports
    spec["privileged_ports"] = [shown(port) for port in ports if 0 < port["host_port"] < 1024]
    spec["wildcard_ports"] = [shown(port) for port in ports if port["host_ip"] in ("", "0.0.0.0", "::")]


def shown(port: Mapping[str, Any]) -> str:
    """Return a published port as people write it: 0.0.0.0:80->80/tcp."""
    address = port["host_ip"] or "0.0.0.0"
    return f"{f'[{address}]' if ':' in address else address}:{port['host_port']}->{port['container_port']}/{port['protocol']}"
