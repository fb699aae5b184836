"""Controls of the host that need more than one fact."""

from __future__ import annotations

import re

from hullguard.effective import Unseen, info, member
from hullguard.evaluate.context import EngineContext, HostContext
from hullguard.evaluate.functions.registry import of_engine, of_host
from hullguard.spec.paths import canonical
from hullguard.verdict import Object, Verdict, failed, manual, passed


@of_engine("data_root_own_filesystem")
def data_root_own_filesystem(host: HostContext, engine: EngineContext) -> Verdict:
    """The data-root is a mount point, and not of the root file system's own device."""
    root = canonical(str(info(engine.raw, "DockerRootDir")))
    # With remapped user namespaces the engine works in a folder of it, named after the first ids.
    root = re.sub(r"/\d+\.\d+$", "", root)
    mounts = {canonical(str(m["target"])): m for m in host.fact("mounts", list)}
    if "/" not in mounts:
        raise Unseen("the mounted file systems were not seen")
    own = mounts.get(root)
    if own is None:
        return failed(f"{root} is part of another file system.", Object("file", root, "no mount point"))
    if own["root"] != "/":
        reason = f"{root} is a folder of a shared file system: {own['root']} on {own['source']}."
        return failed(reason, Object("file", root, "bind mount or subvolume"))
    if own["device"] == mounts["/"]["device"]:
        return failed(
            f"{root} is mounted from the root file system.",
            Object("file", root, f"same device {own['source']}"),
        )
    return passed(f"{root} is a file system of its own ({own['fstype']}).")


@of_host("docker_group_members")
def docker_group_members(host: HostContext) -> Verdict:
    """Every member of the groups that may talk to the engine is on the allow-list: membership is root by
    another name.
    """
    groups = host.fact("groups", dict)
    sockets = host.existing("docker_socket")
    listed = [str(socket["path"]) for socket in sockets if socket["acl"] is not False]
    if listed:
        objects = (
            Object("file", path, "an access control list admits others (setfacl -b)") for path in listed
        )
        return failed("The socket admits others than the group's members.", *objects)
    for socket in sockets:
        if socket["group"] not in (*groups, "root"):
            raise Unseen(f"who is in the group {socket['group']} of {socket['path']} was not seen")
    members = {(name, user) for name, group in groups.items() for user in group["members"]}
    strangers = sorted(
        (name, user) for name, user in members if user not in host.params["docker_group_allowed"]
    )
    if strangers:
        return failed(
            "Members that docker_group_allowed does not name.",
            *(Object("group", name, f"member {user}") for name, user in strangers),
        )
    return passed(f"{len(members)} members, all allowed." if members else "Nobody is a member.")


@of_engine("engine_supported")
def engine_supported(host: HostContext, engine: EngineContext) -> Verdict:
    """The engine is at least the version that the profile asks for."""
    version, minimum = str(info(engine.raw, "ServerVersion")), str(host.params["minimum_engine_version"])
    if not minimum:
        return manual(
            f"The engine is {version}. Attach proof that its publisher still mends it, "
            "or set minimum_engine_version in the profile to have this decided.",
            Object("engine", engine.name, version),
        )
    if numbers(version) >= numbers(minimum):
        return passed(f"The engine is {version}, at least {minimum}.")
    return failed(f"The engine is {version}, older than {minimum}.", Object("engine", engine.name, version))


def numbers(version: str) -> tuple[int, ...]:
    """Return a version's leading numbers: 20.10.24+dfsg1 is (20, 10, 24).

    Raises Unseen when there are none.
    """
    found = re.match(r"v?(\d+(?:\.\d+)*)", version)
    if not found:
        raise Unseen(f"the version {version!r} has no number")
    return tuple(int(part) for part in found[1].split("."))


@of_engine("content_trust")
def content_trust(host: HostContext, engine: EngineContext) -> Verdict:
    """Login shells switch content trust on, for command lines that still know it (below engine 29)."""
    version = str(info(engine.raw, "ServerVersion"))
    if numbers(version) >= (29,):
        return manual(
            f"Content trust left the command line in 29.0 (here: {version}). "
            "Attach the signature policy that replaces it."
        )
    found = host.fact("login_environment", dict)
    off = [
        Object("file", path, f"DOCKER_CONTENT_TRUST={value}")
        for path, value in sorted(found.items())
        if value != "1"
    ]
    if found and not off:
        return passed(f"DOCKER_CONTENT_TRUST=1 is set in {', '.join(sorted(found))}.")
    return failed(
        "No login environment sets DOCKER_CONTENT_TRUST=1." if not off else "It is switched off.", *off
    )


def swarm_state(engine: EngineContext) -> str:
    """Return the engine's swarm state. Raises Unseen."""
    state = member(engine.raw, "info", "Swarm", "LocalNodeState")
    if not isinstance(state, str) or not state:
        raise Unseen("the engine did not tell its swarm state")
    return state


@of_engine("swarm_mode")
def swarm_mode(host: HostContext, engine: EngineContext) -> Verdict:
    """Swarm mode is off, or the profile says that it is wanted."""
    state = swarm_state(engine)
    if state == "inactive":
        return passed("Swarm mode is off.")
    if host.params["swarm_wanted"] is True:
        return passed(f"Swarm mode is {state}, as the profile wants.")
    return failed(
        f"Swarm mode is {state}; set swarm_wanted in the profile if it is needed.",
        Object("swarm", engine.name, state),
    )
