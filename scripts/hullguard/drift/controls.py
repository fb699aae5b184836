"""Which facts a control is decided by: so that a change of its verdict can be told from what changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hullguard.catalogue import Control
from hullguard.drift.facts import Key

# Subjects by the slug of a control that no generic check decides: (kind, name), "" is any name.
FUNCTIONS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "authorization_plugin": (("engine", "Plugins"),),
    "content_trust": (("login", ""), ("engine", "ServerVersion")),
    "data_root_own_filesystem": (("mount", ""), ("engine", "DockerRootDir")),
    "default_bridge_unused": (("container", ""), ("network", "bridge")),
    "docker_group_members": (("group", ""),),
    "engine_supported": (("engine", "ServerVersion"),),
    "image_secrets": (("image", ""),),
    "insecure_registries": (("engine", "RegistryConfig"),),
    "inter_container_traffic": (("packet_filter", ""), ("network", "bridge")),
    "published_ports_declared": (("container", ""),),
    "remote_api_tls": (("unit", "docker.socket"), ("listener", "")),
    "remote_logging": (("engine", "LoggingDriver"), ("container", "")),
    "rootless": (("engine", "SecurityOptions"),),
    "seccomp_profile_default": (("engine", "SecurityOptions"),),
    "stopped_containers": (("container", ""),),
    "trusted_base_images": (("image", ""),),
    "unused_images": (("image", ""), ("container", "")),
    "userns_remap": (("engine", "SecurityOptions"),),
    "verified_packages": (("image", ""),),
}
DAEMON_KEYS: Mapping[str, tuple[str, ...]] = {
    "insecure_registries": ("insecure-registries",), "inter_container_traffic": ("icc",),
    "remote_api_tls": ("hosts", "tls", "tlsverify", "tlscacert", "tlscert", "tlskey"),
    "remote_logging": ("log-driver", "log-opts"), "seccomp_profile_default": ("seccomp-profile",),
    "userns_remap": ("userns-remap",), "authorization_plugin": ("authorization-plugins",),
}  # fmt: skip
# What the engine says of these options itself.
REPORTED = {
    "live-restore": "LiveRestoreEnabled",
    "experimental": "ExperimentalBuild",
    "no-new-privileges": "SecurityOptions",
}


def decided_by(control: Control, key: Key, change: Mapping[str, Any], paths: Iterable[str]) -> bool:
    """Return whether a fact may have decided a control's new verdict. `paths` are the files of its target;
    `change` is the entry of the difference, whose objects name containers and images.
    """
    kind, name, fact = key
    check = control.check
    keys = {check.get("key"), *DAEMON_KEYS.get(control.id, ())}
    if kind in ("daemon_json", "flag"):
        return name in keys
    if kind == "engine" and name in {REPORTED.get(str(option)) for option in keys}:
        return True
    if check["kind"] == "engine_info":
        return kind == "engine" and name == str(check["field"]).split(".")[0]
    if kind == "file":
        return name in set(paths) and fact in _of_files(control)
    if check["kind"] == "audit_watch":
        return kind in ("audit_rule", "audit")
    if kind in ("container", "image", "network"):
        named = {obj["name"] for obj in change["objects"]}
        of_kind = check["kind"] == kind or (kind, "") in FUNCTIONS.get(control.id, ())
        return (of_kind and (name in named or not named)) or (kind, name) in FUNCTIONS.get(control.id, ())
    wanted = FUNCTIONS.get(control.id, ())
    return (kind, name) in wanted or (kind, "") in wanted


def _of_files(control: Control) -> tuple[str, ...]:
    """Return which facts of a file a control looks at: when it was written is none."""
    if control.check["kind"] == "file":
        return (
            ("mode", "acl", "exists", "real")
            if "mode" in control.check
            else ("owner", "group", "exists", "real")
        )
    return ("exists", "real") if control.check["kind"] == "audit_watch" else ("group", "acl")


def target_paths(control: Control, *evidence: Mapping[str, Any]) -> set[str]:
    """Return the paths of a control's files, in each of some evidence."""
    target = control.check.get("target", "docker_socket" if control.id == "docker_group_members" else None)
    found = set()
    for document in evidence:
        files = document.get("files")
        listed = files.get(target) if isinstance(files, Mapping) else None
        found |= {
            str(row.get("path"))
            for row in (listed if isinstance(listed, list) else [])
            if isinstance(row, Mapping)
        }
    return found
