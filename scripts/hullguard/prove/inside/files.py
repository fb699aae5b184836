"""The kernel's files: /proc, /sys, cgroups and devices. They are opened, never written to."""

from __future__ import annotations

import ctypes
import errno
import os
import stat

from .calls import BLOCKED, SUCCEEDED, UNKNOWN, Facts, Verdict, judged, libc, named

NULL_DEVICE = os.makedev(1, 3)
MEMORY_DEVICE = os.makedev(1, 1)
MS_REMOUNT, MS_BIND = 32, 4096


def opened(*paths: str) -> Verdict:
    """Open each file without creating, cutting or writing it; succeeded as soon as one opens."""
    said = []
    for path in paths:
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY))
        except OSError as error:
            said.append(f"{path}: {named(error)}")
        else:
            return SUCCEEDED, path + " was opened"
    return BLOCKED, "; ".join(said)


def readable(path: str, size: int = 16) -> Verdict:
    """Read a few bytes; a masked file is empty or can't be opened."""
    try:
        with open(path, "rb", buffering=0) as file:
            content = file.read(size)
    except OSError as error:
        return BLOCKED, f"{path}: {named(error)}"
    return (SUCCEEDED, path + " was read") if content else (BLOCKED, path + " is masked: nothing in it")


def kernel_parameters(_facts: Facts) -> Verdict:
    """Open parameters of the kernel for writing."""
    return opened("/proc/sys/kernel/panic", "/proc/sys/vm/swappiness", "/proc/sys/fs/suid_dumpable")


def core_pattern(_facts: Facts) -> Verdict:
    """Open the name of the program that the host's root runs on a crash."""
    return opened("/proc/sys/kernel/core_pattern")


def sysrq(_facts: Facts) -> Verdict:
    """Open the trigger of emergency commands (crash, kill, remount)."""
    return opened("/proc/sysrq-trigger")


def sysfs(_facts: Facts) -> Verdict:
    """Open settings of devices and of the kernel for writing."""
    return opened(
        "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/kernel/uevent_helper", "/sys/kernel/profiling",
        "/sys/power/state", "/sys/devices/system/cpu/microcode/reload",
    )  # fmt: skip


def _cgroup_files(name: str) -> list[str]:
    top = "/sys/fs/cgroup"
    folders = [top, *sorted(os.path.join(top, one) for one in os.listdir(top))]
    return [os.path.join(one, name) for one in folders if os.path.isfile(os.path.join(one, name))]


def release_agent(_facts: Facts) -> Verdict:
    """Open the program that the host's root runs when a cgroup is empty (version 1 has it)."""
    found = _cgroup_files("release_agent")
    return opened(*found) if found else (BLOCKED, "no cgroup here has a release_agent")


def own_limits(_facts: Facts) -> Verdict:
    """Open the container's own limits for writing."""
    found = [
        path for name in ("memory.limit_in_bytes", "memory.max", "pids.max") for path in _cgroup_files(name)
    ]
    return opened(*found) if found else (BLOCKED, "no limit of this container is shown in /sys/fs/cgroup")


def kernel_memory(_facts: Facts) -> Verdict:
    """Read the kernel's memory."""
    return readable("/proc/kcore")


def masked_files(_facts: Facts) -> Verdict:
    """Read what engines mask: keys, timers, firmware."""
    said = []
    for path in ("/proc/keys", "/proc/timer_list", "/proc/latency_stats"):
        outcome, detail = readable(path)
        if outcome == SUCCEEDED:
            return outcome, detail
        said.append(detail)
    try:
        if os.listdir("/sys/firmware"):
            return SUCCEEDED, "/sys/firmware was listed"
    except OSError as error:
        said.append("/sys/firmware: " + named(error))
    return BLOCKED, "; ".join(said)


def kernel_addresses(_facts: Facts) -> Verdict:
    """Learn where the kernel's code lies."""
    try:
        with open("/proc/kallsyms", encoding="ascii", errors="replace") as file:
            first = [line.split()[0] for _, line in zip(range(50), file)]
    except OSError as error:
        return BLOCKED, "/proc/kallsyms: " + named(error)
    return (
        (SUCCEEDED, "addresses were read") if any(int(one, 16) for one in first) else (BLOCKED, "all are 0")
    )


def device_node(_facts: Facts) -> Verdict:
    """Make a device node (it is that of /dev/null) in the container's own file system."""
    path = "/hullguard-null"

    def attempt() -> None:
        os.mknod(path, stat.S_IFCHR | 0o600, NULL_DEVICE)
        os.unlink(path)

    return judged(attempt)


def host_device(facts: Facts) -> Verdict:
    """Open the host's memory and its disk by nodes of one's own."""
    said = []
    wanted = [("memory", stat.S_IFCHR, MEMORY_DEVICE)]
    if facts.get("disk"):
        wanted.append(("disk", stat.S_IFBLK, os.makedev(*facts["disk"])))
    for name, kind, number in wanted:
        path = "/hullguard-" + name
        try:
            os.mknod(path, kind | 0o600, number)
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            return SUCCEEDED, f"the host's {name} was opened"
        except OSError as error:
            said.append(f"{name}: {named(error)}")
            if error.errno not in (errno.EPERM, errno.EACCES):
                return UNKNOWN, "; ".join(said)
        finally:
            if os.path.exists(path):
                os.unlink(path)
    return BLOCKED, "; ".join(said)


def device_list(_facts: Facts) -> Verdict:
    """Find a disk or the memory among the devices that the container was given."""
    found = []
    for name in sorted(os.listdir("/dev")):
        try:
            info = os.stat("/dev/" + name)
        except OSError:
            continue
        if stat.S_ISBLK(info.st_mode) or name in ("mem", "kmem", "port", "kmsg", "kvm"):
            found.append(name)
    return (SUCCEEDED, "in /dev: " + ", ".join(found)) if found else (BLOCKED, "none is in /dev")


def _mount(
    source: bytes | None, target: bytes, kind: bytes | None, flags: int, options: bytes | None = None
) -> None:
    ctypes.set_errno(0)
    if libc.mount(source, target, kind, ctypes.c_ulong(flags), options) < 0:
        raise OSError(ctypes.get_errno(), "mount")


def core_pattern_remounted(_facts: Facts) -> Verdict:
    """With CAP_SYS_ADMIN: make /proc/sys writable, and open core_pattern."""
    outcome, detail = judged(lambda: _mount(None, b"/proc/sys", None, MS_REMOUNT | MS_BIND))
    return core_pattern({}) if outcome == SUCCEEDED else (outcome, "remount: " + detail)


def release_agent_mounted(_facts: Facts) -> Verdict:
    """With CAP_SYS_ADMIN: mount a cgroup hierarchy of one's own, and open its release_agent."""
    os.makedirs("/hullguard-cgroup", exist_ok=True)
    said = []
    for controller in (b"rdma", b"misc", b"memory", b"pids"):
        try:
            _mount(b"cgroup", b"/hullguard-cgroup", b"cgroup", 0, controller)
        except OSError as error:
            said.append(f"mount {controller.decode()}: {named(error)}")
            continue
        try:
            outcome, detail = opened("/hullguard-cgroup/release_agent")
        finally:
            libc.umount2(b"/hullguard-cgroup", 2)
        if outcome == SUCCEEDED:
            return outcome, detail
        said.append(detail)
    return BLOCKED, "; ".join(said)
