"""Which host paths give a container power over its host."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable

# Whole trees: mounting one of them, or a place inside it for writing, changes the host itself.
SYSTEM_TREES = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/root", "/sbin", "/sys",
    "/usr", "/run/containerd", "/run/dbus", "/run/systemd", "/var/lib/containerd", "/var/lib/dpkg",
    "/var/lib/kubelet", "/var/lib/rpm", "/var/lib/systemd", "/var/spool/at", "/var/spool/cron",
)  # fmt: skip
# Trees whose reading alone gives credentials away.
SECRET_TREES = (
    "/etc/docker", "/etc/gshadow", "/etc/kubernetes", "/etc/shadow", "/etc/ssh", "/etc/ssl/private",
    "/etc/sudoers", "/etc/sudoers.d", "/root", "/var/lib/containerd",
)  # fmt: skip
# Places whose root alone is too much: they hold sockets, state and other people's files.
SYSTEM_ROOTS = ("/", "/run", "/run/user", "/var", "/var/lib", "/var/spool", "/home")
ENGINE_SOCKETS = (
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/docker/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
)
SOCKET_NAMES = {posixpath.basename(path) for path in ENGINE_SOCKETS} | {"cri-dockerd.sock"}


def canonical(path: str) -> str:
    """Return a host path without dots, double slashes, and with /var/run as the /run that it is a link to."""
    path = posixpath.normpath("/" + path.lstrip("/"))
    return "/run" + path[len("/var/run") :] if path == "/var/run" or path.startswith("/var/run/") else path


def inside(path: str, tree: str) -> bool:
    """Return whether `path` is `tree` or lies below it."""
    return path == tree or path.startswith(tree.rstrip("/") + "/")


def sensitive(source: str, writable: bool, data_root: str) -> bool:
    """Return whether mounting `source` exposes the host.

    A harmless file read-only (/etc/localtime) does not.
    """
    path = canonical(source)
    if path in SYSTEM_ROOTS or path in SYSTEM_TREES or any(inside(path, tree) for tree in SECRET_TREES):
        return True
    if inside(path, data_root) or inside(data_root, path):
        return True
    return writable and any(inside(path, tree) for tree in SYSTEM_TREES)


def engine_socket(source: str, sockets: Iterable[str] = ()) -> bool:
    """Return whether `source` is an engine's socket or a folder that holds one."""
    path = canonical(source)
    if posixpath.basename(path) in SOCKET_NAMES or re.fullmatch(r"/run/user(/\d+)?", path):
        return True
    return any(inside(item, path) for item in {*ENGINE_SOCKETS, *map(canonical, sockets)})
