"""What a compose service mounts of its host, openly or by way of a volume, a secret or a config."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hullguard.spec import paths
from hullguard.spec.compose_values import Member, Service, boolean

DATA_ROOT, SOCKET = "/var/lib/docker", "/var/run/docker.sock"
SHARED = ("shared", "rshared")
PROPAGATIONS = ("private", "rprivate", "slave", "rslave", *SHARED)
# The fields that a service takes over from one whose volumes it mounts.
FIELDS = ("sensitive_mounts", "engine_sockets", "shared_mounts")


class _Found:
    """The mounts seen so far; `whole` until one of them could not be read."""

    def __init__(self) -> None:
        self.whole = True
        self.rows: list[dict[str, Any]] = []
        self.members: list[Member] = []

    def add(self, mount: Mapping[str, Any] | None, member: Member) -> None:
        """Count a mount; its place None was not seen, "" is nothing of the host."""
        if mount is None or mount["place"] is None:
            self.whole = False
        if mount is not None:
            self.rows.append(dict(mount))
            self.members.append(member)


def mounts(service: Service, outside: Callable[[str], str | None]) -> None:
    """Add what is mounted. A bad one counts even where another could not be read.

    The engine's data and sockets are looked for where they lie by default.
    """
    found = _Found()
    volumes = service.raw.get("volumes", [])
    found.whole = isinstance(volumes, list)
    for index, row in enumerate(volumes if isinstance(volumes, list) else []):
        found.add(_mount(row, service.project, outside), ("volumes", index))
    for kind in ("secrets", "configs"):
        rows = service.raw.get(kind, [])
        found.whole &= isinstance(rows, list)
        for index, row in enumerate(rows if isinstance(rows, list) else []):
            found.add(_file(row, service.project.get(kind), outside), (kind, index))
    if boolean(service.raw.get("use_api_socket", False)) is not False:
        found.add(_row("bind", SOCKET, SOCKET, read_only=False), ("use_api_socket",))
    _judge(service, found)


def _judge(service: Service, found: _Found) -> None:
    if found.whole:
        service.set("mounts", [{k: v for k, v in row.items() if k != "place"} for row in found.rows])
    tests: tuple[tuple[str, str, Callable[[dict[str, Any]], bool]], ...] = (
        ("sensitive_mounts", "place", _sensitive),
        ("engine_sockets", "place", lambda m: bool(m["place"]) and paths.engine_socket(m["place"])),
        ("shared_mounts", "target", lambda m: m["propagation"] in SHARED),
    )
    for field, name, bad in tests:
        hits = [
            (row[name], member) for row, member in zip(found.rows, found.members, strict=True) if bad(row)
        ]
        if hits or found.whole:
            service.set(field, [text for text, _ in hits], *(member for _, member in hits))


def _sensitive(mount: Mapping[str, Any]) -> bool:
    return bool(mount["place"]) and paths.sensitive(mount["place"], not mount["read_only"], DATA_ROOT)


def _row(
    kind: str, target: str, place: str | None, *, read_only: bool, propagation: str = "rprivate"
) -> dict[str, Any]:
    return {
        "type": kind, "source": place or "", "target": target, "read_only": read_only,
        "propagation": propagation, "place": place,
    }  # fmt: skip


def _mount(
    row: Any, project: Mapping[str, Any], outside: Callable[[str], str | None]
) -> dict[str, Any] | None:
    if isinstance(row, str):
        return _short(row, project, outside)
    if not isinstance(row, Mapping):
        return None
    kind, source, target = row.get("type"), row.get("source", ""), row.get("target")
    read_only, options = boolean(row.get("read_only", False)), row.get("bind", {})
    if not isinstance(target, str) or not isinstance(source, str) or read_only is None:
        return None
    propagation = options.get("propagation", "rprivate") if isinstance(options, Mapping) else None
    if kind == "bind":
        place = _place(source, outside)
    elif kind == "volume":
        place = _volume(source, project.get("volumes"), outside) if source else ""
    else:
        place = "" if kind in ("tmpfs", "image") else None
    if propagation not in PROPAGATIONS or kind not in ("bind", "volume", "tmpfs", "image"):
        return None
    return _row(kind, target, place, read_only=read_only, propagation=propagation)


def _short(
    text: str, project: Mapping[str, Any], outside: Callable[[str], str | None]
) -> dict[str, Any] | None:
    parts = text.split(":")
    if not all(parts) or len(parts) > 3 or re.match(r"[A-Za-z]:[\\/]", text):
        return None
    if len(parts) == 1:
        return _row("volume", text, "", read_only=False)
    options = parts[2].split(",") if len(parts) == 3 else []
    propagation = next((option for option in options if option in PROPAGATIONS), "rprivate")
    bind = parts[0].startswith((".", "/", "~"))
    place = _place(parts[0], outside) if bind else _volume(parts[0], project.get("volumes"), outside)
    kind = "bind" if bind else "volume"
    return _row(kind, parts[1], place, read_only="ro" in options, propagation=propagation)


def _place(source: str, outside: Callable[[str], str | None]) -> str | None:
    """Return the host path that a bind exposes: "" for one inside the project's folder.

    None for one that only the host could tell: in somebody's home, or out of the folder to a place that is no
    system's on this machine.
    """
    if source.startswith("/"):
        return posixpath.normpath(source)
    if not source or source.startswith("~"):
        return None
    real = outside(source)
    if real is None:
        return ""
    known = paths.sensitive(real, True, DATA_ROOT) or paths.engine_socket(real)
    return real if known else None


def _volume(name: str, volumes: Any, outside: Callable[[str], str | None]) -> str | None:
    """Return the host path behind a named volume: a local one may be a bind in disguise."""
    if not isinstance(volumes, Mapping) or name not in volumes:
        return None
    volume = volumes[name] if volumes[name] is not None else {}
    if not isinstance(volume, Mapping) or boolean(volume.get("external", False)) is not False:
        return None
    options = volume.get("driver_opts") or {}
    if volume.get("driver", "local") != "local" or not isinstance(options, Mapping):
        return None
    device = options.get("device", "")
    if not isinstance(device, str):
        return None
    return _place(device, outside) if device.startswith(("/", ".", "~")) else ""


def _file(row: Any, resources: Any, outside: Callable[[str], str | None]) -> dict[str, Any] | None:
    """Return the mount behind a secret or config: its file lies on the host."""
    name = row.get("source") if isinstance(row, Mapping) else row
    resource = resources.get(name) if isinstance(resources, Mapping) and isinstance(name, str) else None
    if not isinstance(resource, Mapping):
        return None
    file = resource.get("file")
    if file is None:
        return _row("bind", str(name), "", read_only=True)
    return _row("bind", str(name), _place(file, outside), read_only=True) if isinstance(file, str) else None


def inherited(services: Sequence[Service]) -> None:
    """Follow `volumes_from`: what a service mounts, whoever takes its volumes over mounts too."""
    by_name = {service.name: service for service in services}
    for service in services:
        rows = service.raw.get("volumes_from", [])
        if not isinstance(rows, list):
            _unseen(service, FIELDS)
            continue
        for index, row in enumerate(rows):
            name = str(row).partition(":")[0] if isinstance(row, str) else ""
            other = by_name.get(name)
            _take(
                service,
                other if other and not other.raw.get("volumes_from") else None,
                ("volumes_from", index),
            )


def _take(service: Service, other: Service | None, member: Member) -> None:
    for field in FIELDS:
        theirs = other.spec.get(field) if other else None
        if theirs:
            own = service.spec.get(field, [])
            members = [*service.members.get(field, []), *[member] * len(theirs)]
            service.set(field, [*own, *theirs], *members)
        elif theirs is None:
            _unseen(service, [field])


def _unseen(service: Service, fields: Sequence[str]) -> None:
    for field in fields:
        if not service.spec.get(field):
            service.spec.pop(field, None)
