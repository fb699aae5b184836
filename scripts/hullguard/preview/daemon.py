"""Rules of the daemon's own options."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from hullguard.effective import member
from hullguard.evaluate.functions.daemon import endpoints
from hullguard.preview.model import MAYBE, NOW, RECREATED, STARTED, WILL, Effect
from hullguard.preview.registry import rule
from hullguard.preview.restart import keeps
from hullguard.preview.situation import Situation, host_config, name_of, rows
from hullguard.spec.image import registry
from hullguard.spec.shared import security_named

ROOT = ("", "0", "root")


def next_start(situation: Situation, runs: bool) -> str:
    """Return when a container is started next: by this run's restart, or later."""
    return NOW if runs and not keeps(situation) else STARTED


@rule("live_restore", "log_level")
def nothing(_situation: Situation) -> Iterable[Effect]:
    """These touch nothing that runs."""
    return ()


@rule("no_new_privileges_default")
def no_new_privileges_default(situation: Situation) -> Iterable[Effect]:
    """The default counts from a container's creation on; what an image's setuid programs do is not in the
    evidence (moby, daemon/daemon_unix.go: parseSecurityOpt).
    """
    if not situation.changes("no-new-privileges"):
        return
    for container in situation.containers:
        named = security_named(host_config(container, "SecurityOpt") or [])
        if "no-new-privileges" in named:
            continue
        user = str(member(container, "Config", "User") or "").partition(":")[0]
        detail = "runs as root: concerns programs in it that change to another user first"
        if user not in ROOT:
            detail = f"runs as {user}: sudo, su, ping and other setuid programs of its image fail"
        yield Effect("loses_privilege", MAYBE, RECREATED, "container", name_of(container), detail)


@rule("default_ulimits")
def default_ulimits(situation: Situation) -> Iterable[Effect]:
    """The daemon's limits are merged in whenever a container starts (moby, daemon/oci_linux.go:
    WithRlimits).
    """
    if not situation.changes("default-ulimits"):
        return
    limits = situation.config.after.get("default-ulimits")
    shown = ", ".join(f"{name} {member(limit, 'Soft')}" for name, limit in sorted((limits or {}).items()))
    running = {name_of(container) for container in situation.running}
    for container in situation.containers:
        own = {str(member(limit, "Name")) for limit in rows(host_config(container, "Ulimits"))}
        if not set(limits or {}) <= own:
            when = next_start(situation, name_of(container) in running)
            yield Effect("limited", WILL, when, "container", name_of(container), f"at most {shown}")


@rule("experimental")
def experimental(situation: Situation) -> Iterable[Effect]:
    """Who uses checkpoints is not in the evidence."""
    if situation.changes("experimental"):
        detail = "docker checkpoint and other unfinished features are gone"
        yield Effect("loses_engine_access", MAYBE, NOW, "client", "users of experimental features", detail)


@rule("insecure_registries")
def insecure_registries(situation: Situation) -> Iterable[Effect]:
    """Images of a registry that is only reached without a verified certificate."""
    if not situation.changes("insecure-registries"):
        return
    insecure = _insecure(situation)
    certificates = {
        str(row.get("path")).split("/")[-2]
        for row in situation.context.existing("registry_certs")
        if str(row.get("path")).endswith(".crt")
    }
    for image in rows(situation.engine.get("images")):
        names = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
        host = next((r for r in map(registry, map(str, names)) if r in insecure), None)
        if host is not None:
            has = "; a certificate for it lies in certs.d" if host in certificates else ""
            detail = f"{host} has to have a verified certificate{has}"
            yield Effect("cannot_pull", MAYBE, NOW, "image", str(names[0]), detail)


def _insecure(situation: Situation) -> set[str]:
    indexes = member(situation.engine, "info", "RegistryConfig", "IndexConfigs")
    found = {
        str(name)
        for name, index in (indexes.items() if isinstance(indexes, dict) else ())
        if member(index, "Secure") is not True
    }
    listed = situation.config.before.get("insecure-registries")
    found |= {str(item) for item in listed} if isinstance(listed, list) else set()
    return {host for host in found if not _loopback(host)}


def _loopback(host: str) -> bool:
    name = host.rpartition(":")[0] if host.count(":") == 1 else host
    try:
        return ipaddress.ip_network(name.strip("[]"), strict=False).is_loopback
    except ValueError:
        return name == "localhost"


@rule("packet_filter_managed")
def packet_filter_managed(situation: Situation) -> Iterable[Effect]:
    """With iptables the engine's rules come ahead of the administrator's."""
    if not situation.changes("iptables"):
        return
    for container in situation.running:
        ports = _published(situation, name_of(container))
        if ports:
            detail = f"published on {', '.join(ports)}: what else kept these closed no longer does"
            yield Effect("becomes_reachable", MAYBE, NOW, "container", name_of(container), detail)


def _published(situation: Situation, name: str) -> list[str]:
    ports = situation.specs.get(name, {}).get("ports") or []
    return [f"{port['host_port']}/{port['protocol']}" for port in ports]


@rule("remote_api_tls")
def remote_api_tls(situation: Situation) -> Iterable[Effect]:
    """Whoever comes over TCP without a client certificate is locked out."""
    for context in situation.context.engines:
        if context.raw is not situation.engine:
            continue
        for endpoint in endpoints(context):
            detail = (
                "without a client certificate nobody gets in; which clients there are is not in the evidence"
            )
            yield Effect("loses_engine_access", WILL, NOW, "client", endpoint, detail)
        for container in situation.containers if endpoints(context) else []:
            if "DOCKER_HOST" in (member(container, "Config", "Env") or []):
                detail = "has DOCKER_HOST in its environment"
                yield Effect("loses_engine_access", MAYBE, NOW, "container", name_of(container), detail)


@rule("remote_logging")
def remote_logging(situation: Situation) -> Iterable[Effect]:
    """Containers made later write to the new default; a driver of their own wins."""
    if not situation.changes("log-driver"):
        return
    then = str(situation.config.after.get("log-driver") or "json-file")
    now = member(situation.engine, "info", "LoggingDriver")
    for container in situation.containers:
        if member(container, "HostConfig", "LogConfig", "Type") == now:
            detail = (
                f"from {now} to {then}, unless its driver is named; shippers of the old files see nothing"
            )
            yield Effect("logs_elsewhere", MAYBE, RECREATED, "container", name_of(container), detail)
