"""Rules of user-namespace remapping: another store, another uid for root."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hullguard.effective import member
from hullguard.preview.model import MAYBE, NOW, RECREATED, WILL, Effect, Refusal
from hullguard.preview.registry import rule
from hullguard.preview.restart import switches
from hullguard.preview.situation import Situation, host_config, major, name_of, rows
from hullguard.spec import paths

OWN_NETWORKS = ("bridge", "host", "none")


@rule("userns_remap")
def userns_remap(situation: Situation) -> Iterable[Effect]:
    """What the engine has is hidden; some of it can't be made anew as it is."""
    if not switches(situation):
        return
    yield from hidden(situation)
    for container in situation.containers:
        name, spec = name_of(container), situation.specs.get(name_of(container), {})
        if host_config(container, "UsernsMode") == "host":
            detail = "has --userns=host: made anew it is not remapped"
            yield Effect("none", WILL, RECREATED, "container", name, detail)
            continue
        reasons = _refused(spec, situation.version)
        if reasons:
            detail = f"{' and '.join(reasons)}: only with --userns=host"
            yield Effect("cannot_start", WILL, RECREATED, "container", name, detail)
        yield from _mounts(situation, container, name)


def hidden(situation: Situation) -> Iterable[Effect]:
    """Everything that lies in the store of now."""
    root = member(situation.engine, "info", "DockerRootDir")
    stays = f"stays in {root}" if isinstance(root, str) else "stays on the disk"
    running = {name_of(container) for container in situation.running}
    for container in situation.containers:
        name = name_of(container)
        detail = f"is stopped and {stays}" if name in running else stays
        yield Effect("hidden", WILL, NOW, "container", name, detail)
    for image in rows(situation.engine.get("images")):
        tags = image.get("RepoTags") or [image.get("Id")]
        yield Effect("hidden", WILL, NOW, "image", str(tags[0]), stays)
    volumes = {str(row.get("Name")) for row in rows(situation.engine.get("volumes"))}
    for container in situation.containers:
        mounts = rows(container.get("Mounts"))
        volumes |= {str(mount.get("Name")) for mount in mounts if mount.get("Type") == "volume"}
    for volume in sorted(volumes):
        yield Effect("hidden", WILL, NOW, "volume", volume, stays)
    yield Effect(
        "hidden", MAYBE, NOW, "volume", "those that no container uses", "evidence lists only the others"
    )
    for network in rows(situation.engine.get("networks")):
        if network.get("Name") not in OWN_NETWORKS:
            yield Effect("hidden", WILL, NOW, "network", str(network.get("Name")), stays)
    state = member(situation.engine, "info", "Swarm", "LocalNodeState")
    if isinstance(state, str) and state not in ("", "inactive"):
        yield Effect("hidden", WILL, NOW, "swarm", "this node's place in the swarm", stays)


def _refused(spec: dict[str, Any], version: str) -> list[str]:
    """Return what the engine refuses while it remaps; the host's IPC namespace 20.10 refuses, 26.1 not."""
    reasons = ["privileged"] if spec.get("privileged") else []
    reasons += ["in the host's network"] if spec.get("network_mode") == "host" else []
    reasons += ["among the host's processes"] if spec.get("pid_mode") == "host" else []
    old = 0 < major(version) < 26
    return reasons + (["in the host's shared memory"] if spec.get("ipc_mode") == "host" and old else [])


def _mounts(situation: Situation, container: Any, name: str) -> Iterable[Effect]:
    sockets = {str(situation.engine.get("socket") or "")} - {""}
    for mount in rows(container.get("Mounts")):
        if mount.get("Type") != "bind" or mount.get("RW") is not True:
            continue
        place = str(mount.get("Real") or mount.get("Source"))
        if paths.engine_socket(place, sockets):
            if not _open_socket(situation):
                detail = f"root in it is no longer root of the host, to whom {place} belongs"
                yield Effect("loses_engine_access", WILL, RECREATED, "container", name, detail)
            continue
        system = any(paths.inside(paths.canonical(place), tree) for tree in paths.SYSTEM_TREES)
        detail = place if system else f"{place}, unless it belongs to the first id of the range"
        yield Effect("loses_write_access", WILL if system else MAYBE, RECREATED, "container", name, detail)


def _open_socket(situation: Situation) -> bool:
    listed = situation.context.existing("docker_socket")
    return any(str(row.get("mode", ""))[-1:] in ("2", "3", "6", "7") for row in listed)


def refusals(situation: Situation) -> list[Refusal]:
    """Return why the role docker_userns would refuse (its preflight)."""
    if "docker_userns" not in situation.choice.roles or not switches(situation):
        return []
    found = []
    status = member(situation.engine, "info", "DriverStatus")
    if "io.containerd.snapshotter" in str(status):
        reason = "the engine keeps its images in containerd, which excludes userns-remap"
        found.append(Refusal("docker_userns", reason))
    removed = tuple(name_of(c) for c in situation.running if host_config(c, "AutoRemove") is True)
    if removed:
        found.append(Refusal("docker_userns", "these run with --rm and would be gone once stopped", removed))
    if not situation.choice.variable("docker_userns_accept_hidden", False):
        names = tuple(
            f"{effect.kind} {effect.name}" for effect in hidden(situation) if effect.certainty == WILL
        )
        if names:
            reason = "docker_userns_accept_hidden is false, and these would be stopped and hidden"
            found.append(Refusal("docker_userns", reason, names))
    return found
