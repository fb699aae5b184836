"""Start containers under each profile, have them make every call, and judge what came back."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hullguard.errors import HullguardError
from hullguard.prove import leftovers
from hullguard.prove.engine import Engine, Refused
from hullguard.syscalls import filters, judge
from hullguard.syscalls.containers import Answers, Run, running
from hullguard.syscalls.rows import Row, rows

DEFAULT, KERNEL, PRIVILEGED = "default", "kernel", " with capabilities"
# Those that the engine's filter depends on (capabilities(7)); a host may not have all of them to give.
CAPABILITIES = {
    "DAC_READ_SEARCH": 2, "SYS_MODULE": 16, "SYS_RAWIO": 17, "SYS_CHROOT": 18, "SYS_PTRACE": 19,
    "SYS_PACCT": 20, "SYS_ADMIN": 21, "SYS_BOOT": 22, "SYS_NICE": 23, "SYS_TIME": 25, "SYS_TTY_CONFIG": 26,
    "SYSLOG": 34, "PERFMON": 38, "BPF": 39,
}  # fmt: skip


def measure(engine: Engine, profiles: Mapping[str, str]) -> dict[str, Any]:
    """Return {os, kernel, engine, runtime, libseccomp, capabilities, columns, rows}.

    A row is {id: [one per column]}: what the kernel alone says, then what the engine's builtin profile and
    each of `profiles` make of the call, for a container with the engine's capabilities and for one that has
    `capabilities` as well. Raises HullguardError when it can't be measured here.
    """
    if (machine := os.uname().machine) != "x86_64":
        raise HullguardError(f"The table of system calls is x86-64's, and this is {machine}.")
    try:
        with leftovers.only_one(engine), leftovers.guarded(engine):
            leftovers.clean(engine)
            about = _about(engine)
            with running(engine) as run:
                return about | _measured(run, {DEFAULT: None, **profiles})
    except Refused as error:
        raise HullguardError(f"The engine at {engine.path} does not do what is needed: {error}") from None


def _about(engine: Engine) -> dict[str, Any]:
    said, info = engine.ask("GET", "/version"), engine.ask("GET", "/info")
    options = [one for one in info.get("SecurityOptions") or () if one.startswith("name=seccomp")]
    if options not in (["name=seccomp,profile=builtin"], ["name=seccomp,profile=default"]):
        raise HullguardError(
            "The engine's own profile can't be measured: it says"
            f" {', '.join(options) or 'nothing of seccomp'}. Take seccomp-profile out of its configuration."
        )
    parts = {one["Name"]: one["Version"] for one in said["Components"]}
    return {
        "capabilities": _capabilities(),
        "os": str(info["OperatingSystem"]),
        "kernel": os.uname().release,
        "engine": str(said["Version"]),
        "runtime": f"runc {parts.get('runc', 'of an unknown version')}",
        "libseccomp": _libseccomp(),
    }


def _capabilities() -> list[str]:
    """Return those of CAPABILITIES that this host has, so that its containers can get them."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    bounding = int(status.partition("CapBnd:")[2].split()[0], 16)
    return [name for name, bit in CAPABILITIES.items() if bounding & (1 << bit)]


def _libseccomp() -> str:
    try:
        library = ctypes.CDLL("libseccomp.so.2")
    except OSError:
        return "unknown"
    library.seccomp_version.restype = ctypes.POINTER(ctypes.c_uint * 3)
    return ".".join(map(str, library.seccomp_version().contents))


def _measured(run: Run, profiles: Mapping[str, str | None]) -> dict[str, Any]:
    real: Answers = {}
    nothing: dict[str, Any] = {"calls": [], "runs": []}
    programs: dict[str, str] = {}
    for position, (name, text) in enumerate(profiles.items()):
        options = [] if text is None else [f"seccomp={text}"]
        ask = {"calls": run.calls, "runs": ["own"]}
        with run.container(f"as-it-is-{position}", options, ask, []) as (process, answers):
            real[name] = answers["own"]
            programs[name] = filters.marked(filters.read(process)).hex()
        with run.container(f"all-{position}", options, nothing, _capabilities()) as (process, _):
            programs[name + PRIVILEGED] = filters.marked(filters.read(process)).hex()
    ask = {"calls": run.calls, "runs": [KERNEL, *programs], "programs": programs}
    with run.container("no-filter", ["seccomp=unconfined"], ask, []) as (_, answers):
        pass
    return {
        "columns": [KERNEL, *programs],
        "rows": {row.id: [_kernel(row, answers), *_profiles(row, answers, real, programs)] for row in rows()},
    }


def _kernel(row: Row, answers: Answers) -> str:
    return judge.kernel(answers[KERNEL].get(row.id), guarded=row.guarded)


def _profiles(row: Row, answers: Answers, real: Answers, programs: Mapping[str, str]) -> Iterator[str]:
    for name in programs:
        marked = answers[name].get(row.id)
        if name in real:
            # Without an answer under the profile itself, nothing is to agree with.
            own = real[name].get(row.id)
            yield judge.profile(marked, own) if own is not None else judge.UNKNOWN
        else:
            yield judge.profile(marked)
