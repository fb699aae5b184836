"""The security options of an inspected container, the daemon's defaults and the kernel's word on both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hullguard.effective import number
from hullguard.spec import Reader, Spec
from hullguard.spec.inspect_context import Context
from hullguard.spec.shared import BUILT_IN_FILTER, NO_FILTER, security_named, truth


def security(reader: Reader, spec: Spec, context: Context) -> None:
    """Add what options, daemon and kernel say; `privileged` and `running` have to be there already."""
    options, privileged = reader.get("HostConfig.SecurityOpt", list, []), spec.get("privileged")
    if options is None or privileged is None:
        return
    named = security_named(options)
    _apparmor(reader, spec, context, named, privileged)
    label = reader.get("ProcessLabel", str)
    if label is not None:
        # These types are what SELinux does not confine.
        spec["selinux_label"] = "" if re.search(r":(spc_t|unconfined_t)(:|$)", label) else label
    kernel = _kernel(reader, spec)
    if kernel is None:
        return
    seccomp = named.get("seccomp")
    if privileged or seccomp in NO_FILTER or kernel.get("Seccomp") == 0:
        spec["seccomp"] = "unconfined"
    elif seccomp is not None and seccomp not in BUILT_IN_FILTER:
        spec["seccomp"] = "custom"
    elif context.seccomp_default is not None:
        spec["seccomp"] = context.seccomp_default
    _no_new_privileges(reader, spec, context, named, kernel)


def _kernel(reader: Reader, spec: Spec) -> Mapping[str, Any] | None:
    """Return what the kernel says of a running container's first process; {} when the collector could not
    ask.

    None: the answer is not in the evidence as the collector writes it, so nothing may be concluded without
    it.
    """
    if spec.get("running") is False:
        return {}
    if "running" not in spec or "Process" not in reader.raw:
        return None
    process = reader.raw["Process"]
    if process is None:
        return {}
    seen = isinstance(process, Mapping) and all(
        type(process.get(name)) is int for name in ("NoNewPrivs", "Seccomp")
    )
    return process if seen else None


def _apparmor(
    reader: Reader, spec: Spec, context: Context, named: Mapping[str, str], privileged: bool
) -> None:
    if (named.get("apparmor") or ("unconfined" if privileged else None)) == "unconfined":
        spec["apparmor_profile"] = "unconfined"
        return
    profile = reader.get("AppArmorProfile", str)
    if profile is None or context.apparmor is None:
        return
    confined = context.apparmor and profile not in context.toothless
    spec["apparmor_profile"] = profile if confined else "unconfined" if profile else ""


def _no_new_privileges(
    reader: Reader, spec: Spec, context: Context, named: Mapping[str, str], kernel: Mapping[str, Any]
) -> None:
    """Decide by the kernel's word for a running container.

    The daemon's default counts from a container's creation on.
    """
    if kernel:
        spec["no_new_privileges"] = kernel["NoNewPrivs"] == 1
    elif "no-new-privileges" in named:
        spec["no_new_privileges"] = truth(named["no-new-privileges"])
    elif context.no_new_privileges is False:
        spec["no_new_privileges"] = False
    elif context.no_new_privileges is True and _created_since(reader.get("Created", str), context.started_at):
        spec["no_new_privileges"] = True


def _created_since(created: str | None, started_at: Any) -> bool:
    if created is None or not number(started_at):
        return False
    try:  # the engine writes nanoseconds, which fromisoformat refuses
        return bool(datetime.fromisoformat(created[:19] + "+00:00").timestamp() > started_at)
    except ValueError:
        return False
