"""From a compose service to the normalized container spec.

What a file does not say is judged as the engine does by default where that default is bad (no memory limit,
new privileges allowed, ports on every address) or where no setting of a daemon changes it (not privileged, no
host namespace). Where a daemon or the image decides (seccomp, AppArmor, SELinux, user, health check), the
field is left out: a file can't show it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hullguard.spec.compose_devices import devices
from hullguard.spec.compose_limits import limits
from hullguard.spec.compose_mounts import inherited, mounts
from hullguard.spec.compose_namespaces import namespaces
from hullguard.spec.compose_ports import ports
from hullguard.spec.compose_values import Member, Service, boolean, texts
from hullguard.spec.shared import (
    BUILT_IN_FILTER,
    NO_FILTER,
    extra_capabilities,
    join,
    security_named,
    truth,
)

HOOKS = ("pre_start", "post_start", "pre_stop")


def containers(
    project: Mapping[str, Any], outside: Callable[[str], str | None], allowed_capabilities: Sequence[str]
) -> list[Service]:
    """Return a project's services with their specs, the members that decide each field, and what is left.

    `project` has `services` and the resources (`networks`, `volumes`, `secrets`, `configs`) by name.
    `outside` gives the real place of a relative path that leads out of the project's folder, None for one
    inside.
    """
    services: Mapping[str, Any] = project["services"]
    names = {str(raw["container_name"]): name for name, raw in services.items() if raw.get("container_name")}
    found = []
    for name, raw in services.items():
        service = Service(name, raw, project)
        _identity(service)
        _privileges(service, allowed_capabilities)
        _security(service)
        devices(service)
        namespaces(service, names)
        limits(service)
        mounts(service, outside)
        ports(service)
        _healthcheck(service)
        found.append(service)
    join([service.spec for service in found])
    inherited(found)
    return found


def _identity(service: Service) -> None:
    image, user = service.raw.get("image"), service.raw.get("user")
    if isinstance(image, str) and image:
        service.set("image", image, ("image",))
    if isinstance(user, str | int) and not isinstance(user, bool):
        service.set("user", str(user), ("user",))
    elif "user" not in service.raw:
        service.left.add("user")
    names = texts(service.raw.get("environment", []))
    if names is not None:
        service.set("environment", names, *(("environment", index) for index in range(len(names))))


def _privileges(service: Service, allowed: Sequence[str]) -> None:
    privileged = boolean(service.raw.get("privileged", False))
    member: Member = ("privileged",)
    for hook in HOOKS:
        rows = service.raw.get(hook, [])
        for index, row in enumerate(rows if isinstance(rows, list) else [None]):
            own = boolean(row.get("privileged", False)) if isinstance(row, Mapping) else None
            if own is not False and privileged is not True:
                privileged, member = own, (hook, index, "privileged")
    if privileged is not None:
        service.set("privileged", privileged, member)
    read_only = boolean(service.raw.get("read_only", False))
    if read_only is not None:
        service.set("read_only_root", read_only, ("read_only",))
    for field in ("cap_add", "cap_drop"):
        listed = texts(service.raw.get(field, []))
        if listed is not None:
            service.set(field, listed, *((field, index) for index in range(len(listed))))
    if "cap_add" in service.spec and privileged is not None:
        added = service.spec["cap_add"]
        extra = extra_capabilities(added, privileged, allowed)
        index_of = {
            name: i for i, added_ in enumerate(added) for name in extra_capabilities([added_], False, allowed)
        }
        where = [("cap_add", index_of[name]) if name in index_of else ("privileged",) for name in extra]
        service.set("extra_capabilities", extra, *where)


def _security(service: Service) -> None:
    options, privileged = texts(service.raw.get("security_opt", [])), service.spec.get("privileged")
    if options is None or privileged is None:
        return
    named = security_named(options)
    where = {next(iter(security_named([option]))): ("security_opt", i) for i, option in enumerate(options)}
    service.set(
        "no_new_privileges",
        truth(named.get("no-new-privileges", "false")),
        where.get("no-new-privileges", ("security_opt",)),
    )
    seccomp, apparmor, label = named.get("seccomp"), named.get("apparmor"), named.get("label")
    service.left |= {"seccomp", "apparmor_profile", "selinux_label"}
    if privileged or seccomp in NO_FILTER:
        service.set("seccomp", "unconfined", where.get("seccomp", ("privileged",)))
    elif seccomp is not None and seccomp not in BUILT_IN_FILTER:
        service.set("seccomp", "custom", where["seccomp"])
    if (apparmor or ("unconfined" if privileged else None)) == "unconfined":
        service.set("apparmor_profile", "unconfined", where.get("apparmor", ("privileged",)))
    if label is not None and (label == "disable" or label.endswith(("type:spc_t", "type:unconfined_t"))):
        service.set("selinux_label", "", where["label"])


def _healthcheck(service: Service) -> None:
    if "healthcheck" not in service.raw:
        service.left.add("healthcheck")
    check = service.raw.get("healthcheck")
    if not isinstance(check, Mapping):
        return
    test, disabled = check.get("test"), boolean(check.get("disable", False))
    nothing = isinstance(test, list) and (not test or test[:1] == ["NONE"])
    if disabled or nothing:
        service.set("healthcheck", False, ("healthcheck", "disable" if disabled else "test"))
    elif disabled is False and isinstance(test, str | list) and test:
        service.set("healthcheck", True, ("healthcheck",))
    elif disabled is False and "test" not in check:
        service.left.add("healthcheck")
