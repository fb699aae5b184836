"""What a control's role writes on this host, as far as evidence shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hullguard.catalogue import Control
from hullguard.effective import member
from hullguard.evaluate import audit_rules
from hullguard.preview.files import wrong
from hullguard.preview.host import FLOODING, leaving
from hullguard.preview.model import Change
from hullguard.preview.registry import DAMAGED
from hullguard.preview.situation import Situation, major
from hullguard.spec.paths import canonical

# Keys of daemon.json that a control without `daemon` brings, by its role.
KEYS = {
    "seccomp_profile_default": ("seccomp-profile",),
    "userns_remap": ("userns-remap",),
    "remote_api_tls": ("hosts", "tlsverify", "tlscacert", "tlscert", "tlskey"),
    "remote_logging": ("log-driver", "log-opts"),
}
TRUST = "/etc/profile.d/hullguard-content-trust.sh"


def changes(situation: Situation, control: Control) -> list[Change]:
    """Return what a control's role would write, sorted; evidence that can't be read gives nothing."""
    kind = control.check["kind"]
    try:
        found = list(_daemon(situation, control))
        if kind == "file":
            found += _files(situation, control)
        elif kind == "audit_watch":
            found += _audit(situation, control)
        elif control.id == "docker_group_members":
            found += [Change("group", group, user, None) for group, user in leaving(situation)]
        elif control.id == "content_trust" and _untrusted(situation):
            found.append(Change("file", TRUST, None, "export DOCKER_CONTENT_TRUST=1"))
        elif control.id == "userns_remap" and situation.changes("userns-remap"):
            user = str(situation.choice.variable("docker_userns_user", "dockremap"))
            found += [
                Change("file", path, None, f"a range for {user}") for path in ("/etc/subgid", "/etc/subuid")
            ]
    except DAMAGED:
        return []
    return sorted(found, key=Change.key)


def _daemon(situation: Situation, control: Control) -> Iterable[Change]:
    config = situation.config
    keys = {*control.fix.get("daemon", {}), *control.fix.get("daemon_absent", ()), *KEYS.get(control.id, ())}
    for key in sorted(keys & set(config.keys)):
        yield Change("daemon_json", key, config.before.get(key), config.after.get(key))


def _files(situation: Situation, control: Control) -> Iterable[Change]:
    check = control.check
    for row in situation.context.existing(check["target"]):
        if not wrong(row, check):
            continue
        path = str(row.get("real") or row["path"])
        if "mode" in check:
            then = f"{int(row['mode'], 8) & int(check['mode'], 8):04o}"
            yield Change("file", path, f"mode {row['mode']}", f"mode {then}")
        else:
            before = f"{row.get('owner')}:{row.get('group')}"
            yield Change("file", path, before, f"{check['owner']}:{check['group']}")


def _audit(situation: Situation, control: Control) -> Iterable[Change]:
    narrow = situation.choice.variable("docker_auditd_ruleset", "full") != "full"
    if narrow and control.id in FLOODING:
        return
    audit = situation.context.fact("audit", dict)
    if audit.get("installed") is False:
        yield Change("system", "the audit daemon", None, "installed")
    disk = member(audit, "disk", "rules")
    mounts = [canonical(str(mount["target"])) for mount in situation.context.fact("mounts", list)]
    key = situation.choice.variable("docker_auditd_key", "docker")
    for row in situation.context.existing(control.check["target"]):
        perm = control.check["perm"]
        names = audit_rules.names(row)
        if not any(audit_rules.watched(name, perm, disk, mounts) for name in names):
            yield Change("audit_rule", str(row["real"]), None, f"-w {row['real']} -p {perm} -k {key}")


def _untrusted(situation: Situation) -> bool:
    told = situation.context.fact("login_environment", dict)
    return major(situation.version) < 29 and "1" not in told.values()


def as_row(change: Change) -> Mapping[str, Any]:
    """Return a change, JSON-ready."""
    return {"kind": change.kind, "what": change.what, "before": change.before, "after": change.after}
