"""Rule of the seccomp profiles: who may need a call that they take away."""

from __future__ import annotations

from collections.abc import Iterable

from hullguard.preview.daemon import next_start
from hullguard.preview.model import MAYBE, Effect
from hullguard.preview.registry import rule
from hullguard.preview.situation import Situation, host_config, name_of
from hullguard.spec.shared import capability, security_named

# Capabilities that somebody gave a container for calls which the profiles take away
# (compliance/policies/seccomp): where the capability alone brings the call back, none is listed.
NEEDS = {
    "baseline": {"NET_RAW": "packet sockets", "NET_ADMIN": "packet sockets", "MKNOD": "device nodes"},
    "strict": {
        "SYS_PTRACE": "ptrace", "SYS_ADMIN": "mounts and namespaces", "SYS_MODULE": "modules", "BPF": "bpf",
        "PERFMON": "perf_event_open", "SYS_TIME": "the clock", "SYS_CHROOT": "chroot", "SYSLOG": "syslog",
        "DAC_READ_SEARCH": "open_by_handle_at", "SYS_RAWIO": "ioperm",
    },
}  # fmt: skip


@rule("seccomp_profile_default")
def seccomp_profile_default(situation: Situation) -> Iterable[Effect]:
    """A filter counts from a container's start on; which calls its programs make is not in the evidence."""
    if not situation.changes("seccomp-profile"):
        return
    profile = str(situation.choice.variable("docker_seccomp_profile", "baseline"))
    needs = {**NEEDS["baseline"], **(NEEDS["strict"] if profile == "strict" else {})}
    running = {name_of(container) for container in situation.running}
    for container in situation.containers:
        name = name_of(container)
        if host_config(container, "Privileged") is True:
            continue
        if "seccomp" in security_named(host_config(container, "SecurityOpt") or []):
            continue
        added = {capability(item) for item in host_config(container, "CapAdd") or []}
        known = sorted({needs[item] for item in added & set(needs)} | ({"every call of ALL"} & _all(added)))
        detail = f"was given capabilities for {', '.join(known)}" if known else f"what {profile} takes away"
        yield Effect("loses_call", MAYBE, next_start(situation, name in running), "container", name, detail)


def _all(added: set[str]) -> set[str]:
    return {"every call of ALL"} if "ALL" in added else set()
