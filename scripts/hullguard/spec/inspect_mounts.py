"""The mounts of an inspected container: what of the host they expose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hullguard.spec import Reader, Spec, paths
from hullguard.spec.inspect_context import Context

MOUNT_MEMBERS = {"Type": str, "Source": str, "Destination": str, "RW": bool, "Propagation": str}


def mounts(reader: Reader, spec: Spec, context: Context) -> None:
    """Add the mounts and what they expose of the host."""
    rows = reader.get("Mounts", list, [])
    if rows is None or not all(_whole(mount, context) for mount in rows):
        return
    spec["mounts"] = [
        {
            "source": m.get("Source", ""), "target": m["Destination"], "read_only": not m["RW"],
            "propagation": m["Propagation"], "type": m["Type"],
        }
        for m in rows
    ]  # fmt: skip
    spec["shared_mounts"] = [m["Destination"] for m in rows if m["Propagation"] in ("shared", "rshared")]
    exposed, talking = [], []
    for mount in rows:
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
