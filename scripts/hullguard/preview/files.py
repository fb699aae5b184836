"""Rules of owners and modes: who has used what is closed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hullguard.effective import member
from hullguard.preview.model import MAYBE, NOW, WILL, Effect
from hullguard.preview.registry import rule
from hullguard.preview.situation import Situation, name_of, rows
from hullguard.spec import paths

# Files whose readers matter: keys and certificates. All others stay readable or are root's anyway.
READ = ("registry_certs", "tls_ca", "tls_cert", "tls_key")
WRITTEN = ("config_dir", "daemon_json", "debian_defaults", "rhel_sysconfig", "service_unit", "socket_unit")
TARGETS = {
    **{f"{target}_{part}": target for target in (*READ, *WRITTEN) for part in ("mode", "owner")},
}


def _of(slug: str, target: str) -> Callable[[Situation], Iterable[Effect]]:
    verb = "loses_read_access" if target in READ else "loses_write_access"

    def effects(situation: Situation) -> Iterable[Effect]:
        check = situation.controls[slug].check
        for row in situation.context.existing(target):
            if wrong(row, check):
                detail = f"{row.get('mode')} {row.get('owner')}:{row.get('group')} let others in; root stays"
                yield Effect(verb, MAYBE, NOW, "client", "others than root", f"{row.get('path')}: {detail}")

    return effects


for _slug, _target in TARGETS.items():
    rule(_slug)(_of(_slug, _target))


def wrong(row: object, check: object) -> bool:
    """Return whether a file's mode is looser, or its owner another, than the check of its control allows."""
    most = member(check, "mode")
    if isinstance(most, str):
        mode = member(row, "mode")
        return isinstance(mode, str) and bool(int(mode, 8) & ~int(most, 8))
    return (member(row, "owner"), member(row, "group")) != (member(check, "owner"), member(check, "group"))


@rule("docker_socket_mode", "containerd_socket_mode")
def socket_mode(situation: Situation) -> Iterable[Effect]:
    """A socket that was open to everybody is closed to who is not in its group."""
    yield from _opened(situation, "docker_socket")
    yield from _opened(situation, "containerd_socket")


def _opened(situation: Situation, target: str) -> Iterable[Effect]:
    slug = f"{target}_mode"
    if slug not in situation.controls:
        return
    for row in situation.context.existing(target):
        mode = str(row.get("mode"))
        if not wrong(row, situation.controls[slug].check) or mode[-1:] not in ("2", "3", "6", "7"):
            continue
        place = str(row.get("path"))
        yield Effect(
            "loses_engine_access", MAYBE, NOW, "client", f"accounts outside {row.get('group')}", place
        )
        for container in situation.containers:
            user = str(member(container, "Config", "User") or "").partition(":")[0]
            if user not in ("", "0", "root") and _has(container, place):
                detail = f"has {place} and runs as {user}"
                yield Effect("loses_engine_access", MAYBE, NOW, "container", name_of(container), detail)


def _has(container: object, socket: str) -> bool:
    mounts = rows(member(container, "Mounts"))
    return any(paths.engine_socket(str(m.get("Real") or m.get("Source")), (socket,)) for m in mounts)


@rule("docker_socket_owner")
def docker_socket_owner(situation: Situation) -> Iterable[Effect]:
    """Members of the socket's former group are no longer admitted."""
    check = situation.controls["docker_socket_owner"].check
    for row in situation.context.existing("docker_socket"):
        if not wrong(row, check) or row.get("group") == check["group"]:
            continue
        groups = situation.context.fact("groups", dict)
        admitted = member(groups, str(check["group"]), "members") or []
        for user in member(groups, str(row.get("group")), "members") or []:
            if user not in admitted:
                detail = f"is in {row.get('group')} and not in {check['group']}"
                yield Effect("loses_engine_access", WILL, NOW, "user", str(user), detail)
        owner = str(row.get("owner"))
        if owner != "root":
            yield Effect("loses_engine_access", WILL, NOW, "user", owner, f"owned {row.get('path')}")


@rule("containerd_socket_owner")
def containerd_socket_owner(situation: Situation) -> Iterable[Effect]:
    """Members of the socket's former group; who they are is not in the evidence."""
    check = situation.controls["containerd_socket_owner"].check
    for row in situation.context.existing("containerd_socket"):
        if wrong(row, check):
            detail = f"{row.get('path')} was {row.get('owner')}:{row.get('group')}"
            yield Effect("loses_engine_access", MAYBE, NOW, "client", "users of containerd", detail)
