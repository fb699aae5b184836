"""From the engine's inspect output (as the collector trims it) to the normalized container spec."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from hullguard.effective import member
from hullguard.predicates import MISSING
from hullguard.spec import Reader, Spec
from hullguard.spec.inspect_context import Context
from hullguard.spec.inspect_mounts import mounts
from hullguard.spec.inspect_security import security
from hullguard.spec.shared import (
    PRIVILEGED_DEVICES,
    cpu_limited,
    extra_capabilities,
    join,
    published,
    restart_unbounded,
    shown,
    wildcard,
)

__all__ = ["Context", "container", "containers", "shown", "wildcard"]

LISTS = {"cap_add": "CapAdd", "cap_drop": "CapDrop"}
TEXTS = {
    "network_mode": "NetworkMode", "pid_mode": "PidMode", "ipc_mode": "IpcMode", "uts_mode": "UTSMode",
    "userns_mode": "UsernsMode", "cgroup_parent": "CgroupParent", "log_driver": "LogConfig.Type",
}  # fmt: skip


def containers(rows: Iterable[Mapping[str, Any]], context: Context, allowed: list[str]) -> list[Spec]:
    """Return the normalized specs of an engine's containers, sorted by name."""
    specs = [container(raw, context, allowed) for raw in rows]
    join(specs)
    return sorted(specs, key=lambda spec: str(spec["name"]))


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
    security(reader, spec, context)
    _devices(reader, spec, context)
    mounts(reader, spec, context)
    _ports(reader, spec)
    _healthcheck(reader, spec)
    if context.login_daemons is not None and "id" in spec:
        inside = [d for d in context.login_daemons if d["container"] == spec["id"]]
        spec["sshd_processes"] = [f"{d['name']} (pid {d['pid']})" for d in inside]
    return spec


def _capabilities(spec: Spec, allowed: list[str]) -> None:
    if "cap_add" in spec and "privileged" in spec:
        spec["extra_capabilities"] = extra_capabilities(spec["cap_add"], spec["privileged"], allowed)


def _cpu(reader: Reader, spec: Spec) -> None:
    values = [reader.get(f"HostConfig.{name}", int) for name in ("CpuShares", "NanoCpus", "CpuQuota")]
    if all(isinstance(value, int) for value in values):
        spec["cpu_limited"] = cpu_limited(values[0], values[1:])


def _restart(reader: Reader, spec: Spec) -> None:
    name = reader.get("HostConfig.RestartPolicy.Name", str)
    count = reader.get("HostConfig.RestartPolicy.MaximumRetryCount", int)
    unbounded = None if name is None else restart_unbounded(name, count)
    if unbounded is not None:
        spec["restart_unbounded"] = unbounded


def _devices(reader: Reader, spec: Spec, context: Context) -> None:
    names = ("Devices", "DeviceRequests", "DeviceCgroupRules")
    devices, requests, rules = (reader.get(f"HostConfig.{name}", list, []) for name in names)
    if None not in (devices, requests, rules, spec.get("privileged")):
        found = [str(member(device, "PathOnHost")) for device in devices]
        found += [f"{member(request, 'Driver') or 'driver'} request" for request in requests]
        found += [f"cgroup rule {rule}" for rule in rules]
        spec["devices"] = sorted(found) + [PRIVILEGED_DEVICES] * spec["privileged"]
    limits = reader.get("HostConfig.Ulimits", list, [])
    if limits is not None:
        own = {f"{member(u, 'Name')}={member(u, 'Soft')}:{member(u, 'Hard')}" for u in limits}
        spec["ulimits"] = sorted(own - context.default_ulimits)


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
    published(spec, ports)


def _healthcheck(reader: Reader, spec: Spec) -> None:
    config = reader.get("Config", dict) or {}
    check = config.get("Healthcheck", MISSING)
    if check is None or isinstance(check, Mapping):
        test = (check or {}).get("Test")
        spec["healthcheck"] = bool(test) and isinstance(test, list) and test[0] != "NONE"
