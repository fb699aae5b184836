"""Which host paths give a container power over its host."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable

# Whole trees: mounting one of them, or a place inside it for writing, changes the host itself.
SYSTEM_TREES = ("/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/sbin", "/sys", "/usr")
# Places whose root alone is too much: they hold sockets, state and other people's files.
SYSTEM_ROOTS = ("/", "/run", "/var", "/var/run", "/var/lib", "/home")
ENGINE_SOCKETS = (
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/docker/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/run/crio/crio.sock",
)


def canonical(path: str) -> str:
    """Return a host path without dots, double slashes, and with /var/run as the /run that it is a link to."""
    path = posixpath.normpath("/" + path.lstrip("/"))
    return "/run" + path[len("/var/run") :] if path == "/var/run" or path.startswith("/var/run/") else path


def inside(path: str, tree: str) -> bool:
    """Return whether `path` is `tree` or lies below it."""
    return path == tree or path.startswith(tree.rstrip("/") + "/")


def sensitive(source: str, writable: bool, data_root: str) -> bool:
    """Return whether mounting `source` exposes the host. A single file read-only (/etc/localtime) does not."""
    path = canonical(source)
    if path in map(canonical, SYSTEM_ROOTS) or path in SYSTEM_TREES:
        return True
    if inside(path, data_root) or inside(data_root, path):
        return True
    return writable and any(inside(path, tree) for tree in SYSTEM_TREES)


def engine_socket(source: str, sockets: Iterable[str] = ()) -> bool:
    """Return whether `source` is an engine's socket or a folder that holds one."""
    path = canonical(source)
    known = {*ENGINE_SOCKETS, *map(canonical, sockets)}
    return path in known or any(inside(item, path) for item in known) or bool(path.startswith("/run/user/") and path.endswith("/docker.sock"))
