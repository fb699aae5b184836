"""Evidence as flat facts, so that two can be compared one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hullguard.effective import member, number

CONFIGURATION, WORKLOAD = "configuration", "workload"
INFO = (
    "ServerVersion", "SecurityOptions", "LoggingDriver", "Driver", "DockerRootDir", "DefaultRuntime",
    "LiveRestoreEnabled", "ExperimentalBuild", "RegistryConfig", "Plugins", "CgroupDriver", "FirewallBackend",
)  # fmt: skip
# What may change without anybody having configured anything.
RUNTIME = ("State", "Process", "NetworkSettings", "Created", "Id", "Name")
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Fact:
    """A value under (subject kind, subject name, fact); `since` is when it became so, as far as it is known,
    and `by` what says so.
    """

    kind: str
    value: Any
    since: str | None = None
    by: str | None = None


def facts(evidence: Mapping[str, Any]) -> dict[Key, Fact]:
    """Return every fact of one host's evidence by its key; what is not there has none."""
    found: dict[Key, Fact] = {}
    for part in (host, files, rules, groups):
        found.update(part(evidence))
    for engine in rows(evidence.get("engines")):
        found.update(options(engine))
        found.update(objects(engine))
    return found


def host(evidence: Mapping[str, Any]) -> Iterator[tuple[Key, Fact]]:
    """Yield what is about the host itself."""
    about = evidence.get("host")
    for name in ("kernel", "os", "cgroup_version", "apparmor", "selinux"):
        if (value := member(about, name)) is not None and isinstance(about, Mapping) and name in about:
            yield ("host", name, ""), Fact(CONFIGURATION, value)
    for name, value in pairs(evidence.get("sysctl")):
        yield ("sysctl", name, ""), Fact(CONFIGURATION, value)
    for name, value in pairs(evidence.get("login_environment")):
        yield ("login", name, "DOCKER_CONTENT_TRUST"), Fact(CONFIGURATION, value)
    filtering = evidence.get("packet_filter")
    if member(filtering, "read") is True:
        yield ("packet_filter", "isolated interfaces", ""), Fact(CONFIGURATION, member(filtering, "isolated"))
    for row in rows(evidence.get("listeners")):
        name = f"{row.get('protocol')} {row.get('address')} {row.get('port')}"
        yield ("listener", name, ""), Fact(CONFIGURATION, "open")
    for row in rows(evidence.get("mounts")):
        value = [row.get("source"), row.get("fstype"), row.get("options")]
        yield ("mount", str(row.get("target")), ""), Fact(CONFIGURATION, value)


def files(evidence: Mapping[str, Any]) -> Iterator[tuple[Key, Fact]]:
    """Yield owners, modes and times of files. Only what is written to a file moves its time: since when a
    mode or an owner is what it is, nothing tells.
    """
    for purpose, listed in pairs(evidence.get("files")):
        for row in rows(listed):
            path = str(row.get("path"))
            for name in ("exists", "mode", "owner", "group", "acl", "real"):
                if name in row:
                    yield ("file", path, name), Fact(CONFIGURATION, row[name])
            if row.get("type") == "file" and number(row.get("mtime")):
                written = moment(row["mtime"])
                yield (
                    ("file", path, f"content ({purpose})"),
                    Fact(CONFIGURATION, written, written, "its file time"),
                )


def rules(evidence: Mapping[str, Any]) -> Iterator[tuple[Key, Fact]]:
    """Yield audit rules, one by one, where they could be read."""
    audit = evidence.get("audit")
    for place in ("disk", "kernel"):
        part = member(audit, place)
        if member(part, "read") is not True:
            continue
        for rule in listed(member(part, "rules")):
            yield (
                ("audit_rule", str(rule), f"on {place}" if place == "disk" else "in the kernel"),
                Fact(CONFIGURATION, "there"),
            )
        if isinstance(part, Mapping) and "enabled" in part:
            yield ("audit", "enabled", ""), Fact(CONFIGURATION, part["enabled"])


def groups(evidence: Mapping[str, Any]) -> Iterator[tuple[Key, Fact]]:
    """Yield who is in the groups that may talk to the engine."""
    for name, group in pairs(evidence.get("groups")):
        for user in listed(member(group, "members")):
            yield ("group", name, f"member {user}"), Fact(CONFIGURATION, "admitted")


def options(engine: Mapping[str, Any]) -> Iterator[tuple[Key, Fact]]:
    """Yield how an engine is configured: its file, its flags, its units, its own word."""
    name = str(engine.get("name"))
    file, process = engine.get("daemon_json"), engine.get("process")
    written = moment(member(file, "mtime"))
    for key, value in pairs(member(file, "content")):
        yield ("daemon_json", key, name), Fact(CONFIGURATION, value, written, "daemon.json's file time")
    started = moment(member(process, "started_at"))
    for key, value in pairs(member(process, "flags")):
        yield ("flag", key, name), Fact(CONFIGURATION, value, started, "the daemon's start")
    for key in INFO:
        if isinstance(engine.get("info"), Mapping) and key in engine["info"]:
            yield (
                ("engine", key, name),
                Fact(CONFIGURATION, engine["info"][key], started, "the daemon's start"),
            )
    for unit, values in pairs(engine.get("units")):
        for key, value in pairs(values):
            if key != "active":
                yield ("unit", unit, key), Fact(CONFIGURATION, value)


def objects(engine: Mapping[str, Any]) -> Iterator[tuple[Key, Fact]]:
    """Yield an engine's containers, images and networks."""
    for row in rows(engine.get("containers")):
        name = str(row.get("Name") or row.get("Id")).lstrip("/")
        created, started = moment(row.get("Created")), moment(member(row, "State", "StartedAt"))
        made = "its creation"
        yield ("container", name, "identity"), Fact(WORKLOAD, str(row.get("Id"))[:12], created, made)
        yield (
            ("container", name, "running"),
            Fact(WORKLOAD, member(row, "State", "Running") is True, started, "its start"),
        )
        yield ("container", name, "started"), Fact(WORKLOAD, started, started, "its start")
        for key, value in pairs(row):
            for inner, setting in pairs(value) if key in ("HostConfig", "Config") else [("", value)]:
                if key not in RUNTIME:
                    fact = f"{key}.{inner}" if inner else key
                    yield ("container", name, fact), Fact(WORKLOAD, setting, created, made)
    for row in rows(engine.get("images")):
        for tag in listed(row.get("RepoTags")):
            yield ("image", str(tag), "identity"), Fact(WORKLOAD, str(row.get("Id"))[:19])
    for row in rows(engine.get("networks")):
        for key in ("Driver", "Internal", "Options"):
            if key in row:
                yield ("network", str(row.get("Name")), key), Fact(WORKLOAD, row[key])


def moment(value: Any) -> str | None:
    """Return a time (seconds since the epoch, or the engine's text) as ISO 8601 in UTC, without fractions."""
    try:
        if number(value):
            return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        if isinstance(value, str) and not value.startswith("0001-"):
            return datetime.fromisoformat(value[:19]).isoformat() + "Z"
    except (ValueError, OverflowError, OSError):
        return None
    return None


def rows(value: Any) -> list[Mapping[str, Any]]:
    """Return the mappings of a list; nothing else is one."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def listed(value: Any) -> list[Any]:
    """Return a list; nothing else is one."""
    return value if isinstance(value, list) else []


def pairs(value: Any) -> list[tuple[str, Any]]:
    """Return the members of a mapping, sorted; nothing else has any."""
    return sorted((str(k), v) for k, v in value.items()) if isinstance(value, Mapping) else []
