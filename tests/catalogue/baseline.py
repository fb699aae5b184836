"""Decent evidence, and how an example of a control is laid over it.

The evidence has the form of a real host's (tests/unit/fixtures/debian13.json); what is careless there is put right, so
that every control that evidence can decide passes or does not apply. An example then changes what it names, as raw
facts of the engine and the host: the whole way from there to the verdict is tested.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from hullguard.catalogue import DEFAULT_PARAMS, Control

Facts = dict[str, Any]
FIXTURES = Path(__file__).parent.parent / "unit" / "fixtures"
STARTED_AT = 1795478009.5
WATCHED = (
    "config_dir", "containerd_binary", "containerd_config", "containerd_run_dir", "containerd_socket", "daemon_json",
    "data_root", "debian_defaults", "docker_socket", "dockerd_binary", "rhel_sysconfig", "runc_binary",
    "service_unit", "shim_binary", "shim_v1_binary", "shim_v2_binary",
)  # fmt: skip
DAEMON_JSON: Facts = {
    "icc": False,
    "log-level": "info",
    "live-restore": True,
    "userland-proxy": False,
    "no-new-privileges": True,
    "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}},
    "authorization-plugins": ["authz"],
    "userns-remap": "default",
    "log-driver": "syslog",
    "log-opts": {"syslog-address": "tcp+tls://logs.example.net:6514"},
}


@cache
def _read(name: str) -> str:
    return (FIXTURES / f"{name}.json").read_text(encoding="utf-8")


def fixture(name: str) -> Facts:
    """Return a real host's evidence."""
    document: Facts = json.loads(_read(name))
    return document


def file_fact(path: str, **facts: Any) -> Facts:
    decent = {
        "path": path, "real": path, "exists": True, "type": "file", "owner": "root", "group": "root", "uid": 0, "gid": 0,
        "mode": "0400", "mtime": 1.0, "acl": False,
    }  # fmt: skip
    return {**decent, **facts}


def evidence() -> Facts:
    """Return decent evidence of a Debian 13 host with one container."""
    found = fixture("debian13")
    engine = found["engines"][0]
    engine["process"]["started_at"] = STARTED_AT
    engine["daemon_json"] = {
        "path": "/etc/docker/daemon.json", "exists": True, "valid": True, "error": None, "mtime": STARTED_AT - 60,
        "content": copy.deepcopy(DAEMON_JSON),
    }  # fmt: skip
    engine["info"] |= {
        "LiveRestoreEnabled": True,
        "LoggingDriver": "syslog",
        "SecurityOptions": [
            "name=apparmor", "name=seccomp,profile=builtin", "name=userns", "name=no-new-privileges",
        ],
        "Plugins": {"Authorization": ["authz"], "Log": []},
        "Containers": 1,
    }  # fmt: skip
    bridge = next(network for network in engine["networks"] if network["Name"] == "bridge")
    bridge["Options"]["com.docker.network.bridge.enable_icc"] = "false"
    bridge["Containers"] = []
    engine["containers"] = [decent_container()]
    engine["images"] = [decent_image()]
    engine["volumes"] = []
    engine["counts"] |= {"containers": 1, "images": 1, "volumes": 0}
    found["host"]["apparmor"] = {
        "enabled": True,
        "profiles": ["docker-default (enforce)", "nginx-strict (enforce)"],
    }
    found["login_environment"] = {"/etc/profile.d/docker-content-trust.sh": "1"}
    found["files"]["daemon_json"] = [file_fact("/etc/docker/daemon.json")]
    found["files"]["rhel_sysconfig"] = [file_fact("/etc/sysconfig/docker")]
    found["files"]["socket_unit"][0]["mode"] = "0644"
    for name, path in (("registry_certs", "/etc/docker/certs.d/registry/ca.crt"), ("tls_ca", "/etc/docker/ca.pem"),
                       ("tls_cert", "/etc/docker/cert.pem"), ("tls_key", "/etc/docker/key.pem")):  # fmt: skip
        found["files"][name] = [file_fact(path)]
    rules = [f"-w {row['real']} -p rwxa -k docker" for name in WATCHED for row in found["files"][name]]
    found["audit"] = {
        "installed": True,
        "disk": {"read": True, "reason": None, "rules": rules, "files": ["/etc/audit/rules.d/docker.rules"]},
        "kernel": {"read": True, "reason": None, "rules": list(rules), "enabled": 1},
    }
    found["packet_filter"] = {"read": True, "reason": None, "isolated": ["docker0"]}
    data_root = next(mount for mount in found["mounts"] if mount["target"] == "/var/lib/docker")
    data_root |= {"root": "/", "device": "254:1", "source": "/dev/vdb"}
    return found


def decent_container() -> Facts:
    """Return a container that every control is content with."""
    found: Facts = next(c for c in fixture("debian13")["engines"][0]["containers"] if c["Name"] == "/decent")
    found["AppArmorProfile"] = "docker-default"
    found["ProcessLabel"] = "system_u:system_r:container_t:s0:c1,c2"
    found["HostConfig"]["LogConfig"] = {"Type": "syslog"}
    found["HostConfig"]["PortBindings"] = found["NetworkSettings"]["Ports"] = {}
    found["Image"] = "sha256:" + "1" * 64
    return found


def decent_image() -> Facts:
    """Return an image that every control is content with."""
    return {
        "Id": "sha256:" + "1" * 64,
        "RepoTags": ["registry.example.net/app:1"],
        "RepoDigests": ["registry.example.net/app@sha256:" + "2" * 64],
        "Created": "2026-01-01T00:00:00Z", "Size": 1, "Architecture": "amd64", "Parent": "",
        "Config": {"User": "10001", "Env": ["PATH"], "Healthcheck": {"Test": ["CMD"]}, "Labels": {}},
        "History": ["USER 10001", "RUN /bin/sh -c apt-get update && apt-get install -y curl", "ADD rootfs.tar.xz / # buildkit"],
        "SecretsInHistory": [],
    }  # fmt: skip


def activate_swarm(found: Facts) -> None:
    """Make the host a decent swarm's manager."""
    engine = found["engines"][0]
    engine["info"]["Swarm"] = {"LocalNodeState": "active", "ControlAvailable": True, "NodeAddr": "10.0.0.1"}
    engine["swarm"] = {
        "state": "active", "manager": True, "secrets": 0,
        "addresses": {"ListenAddr": "10.0.0.1:2377", "AdvertiseAddr": "10.0.0.1:2377", "DataPathAddr": "10.1.0.1"},
        "spec": {
            "autolock": True, "node_cert_expiry_ns": int(30 * 86400e9), "data_path_port": 4789,
            "ca_certificate": ca_certificate(found, 10), "root_rotation_in_progress": False,
        },
        "nodes": [node("manager")],
        "services": [{"name": "web", "environment": ["PATH"], "secrets": [], "ports": []}],
    }  # fmt: skip
    found["listeners"] = [listener("10.0.0.1", 2377), listener("10.0.0.1", 7946)]


def node(role: str) -> Facts:
    return {"role": role, "state": "ready", "name": "a", "address": "10.0.0.1"}


def listener(address: str, port: int) -> Facts:
    return {"protocol": "tcp", "address": address, "port": port}


def ca_certificate(found: Facts, age_days: int) -> str:
    """Return what the evaluator reads of a certificate: its first UTCTime."""
    begun = datetime.fromisoformat(found["collected_at"].replace("Z", "+00:00")).astimezone(UTC) - timedelta(
        age_days
    )
    body = base64.b64encode(
        b"\x30\x10\x17\x0d" + f"{begun:%y%m%d%H%M%S}Z".encode() + b"\x17\x0d491231235959Z"
    ).decode()
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n"


# --- normalized fields, put back into the raw facts that they come from ---------------------------------------------


def put(document: Facts, path: str, value: Any) -> None:
    """Set a nested member; None removes it: the fact was not seen."""
    *parents, last = path.split(".")
    for key in parents:
        document = document[key]
    if value is None:
        document.pop(last, None)
    else:
        document[last] = value


def bind(source: str, **members: Any) -> Facts:
    return {
        "Type": "bind", "Source": source, "Real": source, "Destination": "/mnt" + source, "RW": True,
        "Propagation": "rprivate", "Mode": "", **members,
    }  # fmt: skip


def published(shown: str) -> tuple[str, Facts]:
    """Return (container port, binding) of a port as people write it."""
    host, _, inner = shown.partition("->")
    address, _, port = host.rpartition(":")
    return inner, {"HostIp": address.strip("[]"), "HostPort": port}


def _ports(raw: Facts, listed: list[str]) -> None:
    bindings: dict[str, list[Facts]] = {}
    for shown in listed:
        inner, binding = published(shown)
        bindings.setdefault(inner, []).append(binding)
    raw["HostConfig"]["PortBindings"] = raw["NetworkSettings"]["Ports"] = bindings


def _ulimit(shown: str) -> Facts:
    name, _, values = shown.partition("=")
    soft, _, hard = values.partition(":")
    return {"Name": name, "Soft": int(soft), "Hard": int(hard)}


def _seccomp(raw: Facts, kind: str) -> None:
    options = {"default": [], "unconfined": ["seccomp=unconfined"], "custom": ["seccomp=<profile>"]}[kind]
    raw["HostConfig"]["SecurityOpt"] += options
    raw["Process"]["Seccomp"] = 0 if kind == "unconfined" else 2


def _no_new_privileges(raw: Facts, value: bool) -> None:
    raw["HostConfig"]["SecurityOpt"] = ["no-new-privileges"] if value else []
    raw["Process"]["NoNewPrivs"] = int(value)


CONTAINER_TEXTS = {
    "id": "Id", "image": "Config.Image", "running": "State.Running", "user": "Config.User",
    "privileged": "HostConfig.Privileged", "read_only_root": "HostConfig.ReadonlyRootfs", "cap_add": "HostConfig.CapAdd",
    "cap_drop": "HostConfig.CapDrop", "apparmor_profile": "AppArmorProfile", "selinux_label": "ProcessLabel",
    "network_mode": "HostConfig.NetworkMode", "pid_mode": "HostConfig.PidMode", "ipc_mode": "HostConfig.IpcMode",
    "uts_mode": "HostConfig.UTSMode", "userns_mode": "HostConfig.UsernsMode", "cgroup_parent": "HostConfig.CgroupParent",
    "memory_bytes": "HostConfig.Memory", "pids_limit": "HostConfig.PidsLimit", "environment": "Config.Env",
    "image_id": "Image", "log_driver": "HostConfig.LogConfig.Type",
}  # fmt: skip
CONTAINER_FIELDS: dict[str, Callable[[Facts, Any], None]] = {
    "name": lambda raw, value: put(raw, "Name", f"/{value}"),
    "extra_capabilities": lambda raw, value: put(raw, "HostConfig.CapAdd", value),
    "cpu_limited": lambda raw, value: raw["HostConfig"].update(
        CpuShares=0, CpuQuota=0, NanoCpus=5 * 10**8 * value
    ),
    "restart_unbounded": lambda raw, value: put(
        raw,
        "HostConfig.RestartPolicy",
        {"Name": "always" if value else "on-failure", "MaximumRetryCount": 5 * (not value)},
    ),
    "healthcheck": lambda raw, value: raw["Config"].update(Healthcheck={"Test": ["CMD"]} if value else None),
    "ulimits": lambda raw, value: put(raw, "HostConfig.Ulimits", [_ulimit(item) for item in value]),
    "devices": lambda raw, value: put(raw, "HostConfig.Devices", [{"PathOnHost": item} for item in value]),
    "sensitive_mounts": lambda raw, value: raw["Mounts"].extend(bind(item) for item in value),
    "engine_sockets": lambda raw, value: raw["Mounts"].extend(bind(item) for item in value),
    "shared_mounts": lambda raw, value: raw["Mounts"].extend(
        bind("/srv" + item, Destination=item, Propagation="rshared") for item in value
    ),
    "ports": lambda raw, value: _ports(raw, value),
    "privileged_ports": lambda raw, value: _ports(raw, value),
    "wildcard_ports": lambda raw, value: _ports(raw, value),
    "seccomp": _seccomp,
    "no_new_privileges": _no_new_privileges,
}
# The raw facts without which a derived field is not seen.
CONTAINER_UNSEEN = {
    "extra_capabilities": "HostConfig.CapAdd", "cpu_limited": "HostConfig.CpuQuota", "devices": "HostConfig.Devices",
    "restart_unbounded": "HostConfig.RestartPolicy", "healthcheck": "Config.Healthcheck", "ports": "NetworkSettings.Ports",
    "ulimits": "HostConfig.Ulimits", "sensitive_mounts": "Mounts", "engine_sockets": "Mounts", "shared_mounts": "Mounts",
    "privileged_ports": "NetworkSettings.Ports", "wildcard_ports": "HostConfig.PortBindings",
    "seccomp": "HostConfig.SecurityOpt", "no_new_privileges": "Process",
}  # fmt: skip


def container(fields: Mapping[str, Any], found: Facts) -> Facts:
    """Return the raw container that has the given normalized fields."""
    raw, engine = decent_container(), found["engines"][0]
    for field, value in fields.items():
        if field == "daemon":
            configure(found, {**DAEMON_JSON, **value})
        elif field == "sshd_processes":
            daemons = [
                dict(zip(("name", "pid"), item.rstrip(")").split(" (pid "), strict=True))
                for item in value or []
            ]
            rows = [{"container": raw["Id"], "name": d["name"], "pid": int(d["pid"])} for d in daemons]
            engine["login_daemons"] = None if value is None else rows
        elif value is None:
            put(raw, CONTAINER_TEXTS.get(field) or CONTAINER_UNSEEN[field], None)
        elif field in CONTAINER_TEXTS:
            put(raw, CONTAINER_TEXTS[field], value)
        else:
            CONTAINER_FIELDS[field](raw, value)
        if field.endswith("_mode") and str(value).startswith("container:"):
            partner = decent_container() | {"Id": value.partition(":")[2], "Name": "/partner"}
            engine["containers"].append(partner)
    return raw


IMAGE_FIELDS: dict[str, Callable[[Facts, Any], None]] = {
    "id": lambda raw, value: put(raw, "Id", value),
    "name": lambda raw, value: put(raw, "RepoTags", [value]),
    "user": lambda raw, value: put(raw, "Config.User", value),
    "environment": lambda raw, value: put(raw, "Config.Env", value),
    "healthcheck": lambda raw, value: raw["Config"].update(Healthcheck={"Test": ["CMD"]} if value else None),
    "registries": lambda raw, value: put(
        raw, "RepoDigests", [f"{item}/app@sha256:2".removeprefix("docker.io/") for item in value]
    ),
    "secret_history": lambda raw, value: put(raw, "SecretsInHistory", value),
    "in_use": lambda raw, value: None if value else put(raw, "Id", "sha256:" + "9" * 64),
}
HISTORY_FIELDS = ("lone_update_layers", "add_instructions", "unverified_installs")
IMAGE_UNSEEN = {
    "registries": "RepoDigests", "environment": "Config.Env", "user": "Config.User", "healthcheck": "Config.Healthcheck",
    "secret_history": "SecretsInHistory",
}  # fmt: skip


def image(fields: Mapping[str, Any]) -> Facts:
    """Return the raw image that has the given normalized fields."""
    raw = decent_image()
    for field, value in fields.items():
        if field in HISTORY_FIELDS:
            put(raw, "History", None if value is None else [*value, *raw["History"]])
        elif value is None:
            put(raw, IMAGE_UNSEEN[field], None)
        else:
            IMAGE_FIELDS[field](raw, value)
    return raw


def swarm(fields: Mapping[str, Any], found: Facts) -> None:
    """Give the host a swarm with the given normalized fields."""
    engine = found["engines"][0]
    if fields.get("active") is False:
        return
    activate_swarm(found)
    facts = engine["swarm"]
    for field, value in fields.items():
        if field == "managers":
            put(facts, "nodes", None if value is None else [node("manager")] * value + [node("worker")])
        elif field == "wildcard_listeners":
            rows = [item.rpartition(":") for item in value or []]
            listed = [
                listener({"*": "0.0.0.0"}.get(a.strip("[]"), a.strip("[]")), int(port)) for a, _, port in rows
            ]
            put(found, "listeners", None if value is None else found["listeners"] + listed)
        elif field == "unencrypted_overlays":
            tight = {"Name": "tight", "Driver": "overlay", "Options": {"encrypted": ""}}
            rows = [tight] + [{"Name": name, "Driver": "overlay", "Options": {}} for name in value or []]
            engine["networks"] += rows
            engine["counts"]["networks"] = len(engine["networks"])
            put(engine["complete"], "networks", None if value is None else True)
        elif field == "services_with_secret_environment":
            rows = [
                {"name": name, "environment": ["DB_PASSWORD"], "secrets": [], "ports": []}
                for name in value or []
            ]
            put(facts, "services", None if value is None else facts["services"] + rows)
        elif field == "autolock":
            put(facts, "spec.autolock", value)
        elif field == "node_cert_expiry_days":
            put(facts, "spec.node_cert_expiry_ns", None if value is None else int(value * 86400e9))
        elif field == "ca_age_days":
            put(facts, "spec.ca_certificate", None if value is None else ca_certificate(found, value))
        elif field == "data_path_separate":
            put(facts, "addresses.DataPathAddr", {True: "10.1.0.1", False: "10.0.0.1", None: None}[value])


def configure(found: Facts, settings: Facts) -> None:
    """Give the daemon a configuration, and its own words that agree with it."""
    engine = found["engines"][0]
    engine["daemon_json"]["content"] = settings
    engine["info"]["LiveRestoreEnabled"] = settings.get("live-restore", False)
    engine["info"]["ExperimentalBuild"] = settings.get("experimental", False)
    bridge = next(network for network in engine["networks"] if network["Name"] == "bridge")
    bridge["Options"]["com.docker.network.bridge.enable_icc"] = str(settings.get("icc", True)).lower()
    options = [option for option in engine["info"]["SecurityOptions"] if "no-new-privileges" not in option]
    engine["info"]["SecurityOptions"] = options + ["name=no-new-privileges"] * settings.get(
        "no-new-privileges", False
    )


def merge(base: Facts, over: Mapping[str, Any]) -> None:
    """Lay a mapping over another, member by member; a null removes the member."""
    for key, value in over.items():
        if value is None:
            base.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(base.get(key), dict):
            merge(base[key], value)
        else:
            base[key] = copy.deepcopy(value)


# --- examples, by the kind of the check ------------------------------------------------------------------------------


def of_files(control: Control, example: Facts, found: Facts) -> None:
    rows = found["files"][control.check["target"]]
    if example.get("exists") is False:
        rows[:] = [{"path": rows[0]["path"], "exists": False}]
        return
    for field, value in example.items():
        put(rows[0], field, value)


def of_audit(control: Control, example: Facts, found: Facts) -> None:
    rows = found["files"][control.check["target"]]
    if example.get("exists") is False:
        rows[:] = []
        return
    rows[:] = [file_fact(example["path"])]
    found["mounts"] = [mount for mount in found["mounts"] if mount["target"] == "/"]
    for place in ("disk", "kernel"):
        rules = example[place]
        # The collector leaves comments out.
        listed = [rule for rule in rules or [] if not rule.startswith("#")]
        found["audit"][place] |= {
            "read": rules is not None,
            "rules": listed,
            "reason": None if rules is not None else "no",
        }


def of_function(_control: Control, example: Facts, found: Facts) -> None:
    engine = found["engines"][0]
    if "containers" in example:
        engine["containers"] = []
        engine["containers"] += [container(fields, found) for fields in example["containers"]]
    if "images" in example:
        engine["images"] = [image(fields) for fields in example["images"]]
    merge(found, example.get("host", {}))
    merge(engine, example.get("engine", {}))


def laid_over(control: Control, example: Facts) -> tuple[Facts, Facts]:
    """Return (evidence, parameters) of an example of a control."""
    found, kind = evidence(), control.check["kind"]
    engine = found["engines"][0]
    if control.applies == "selinux_host":
        found["host"]["selinux"]["mode"] = "enforcing"
    if control.applies == "swarm_active":
        swarm(example, found)
    if kind == "daemon_option":
        configure(found, copy.deepcopy(example))
    elif kind == "engine_info":
        for field, value in example.items():
            put(engine["info"], field, value)
    elif kind == "file":
        of_files(control, example, found)
    elif kind == "audit_watch":
        of_audit(control, example, found)
    elif kind == "container":
        engine["containers"][:1] = [container(example, found)]
    elif kind == "image":
        engine["images"] = [image(example)]
    elif kind == "function":
        of_function(control, example, found)
    for listed in ("containers", "images", "networks", "volumes"):
        if isinstance(engine.get(listed), list):
            engine["counts"][listed] = len(engine[listed])
    return found, {**DEFAULT_PARAMS, **example.get("params", {})}
