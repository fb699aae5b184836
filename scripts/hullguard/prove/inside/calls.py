"""System calls by number, and what an error tells about who refused."""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable, Collection
from typing import Any

# What the runner tells the probes, and what a probe returns: outcome and detail.
Facts = dict[str, Any]
Verdict = tuple[str, str]
BLOCKED, SUCCEEDED, UNKNOWN = "blocked", "succeeded", "unknown"

# (x86_64, aarch64), from the kernel's tables (arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h).
NUMBERS: dict[str, tuple[int, int | None]] = {
    "add_key": (248, 217),
    "bpf": (321, 280),
    "capset": (126, 91),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "init_module": (175, 105),
    "io_uring_setup": (425, 425),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "memfd_secret": (447, 447),
    "modify_ldt": (154, None),
    "open_by_handle_at": (304, 265),
    "perf_event_open": (298, 241),
    "personality": (135, 92),
    "pivot_root": (155, 41),
    "process_vm_readv": (310, 270),
    "ptrace": (101, 117),
    "reboot": (169, 142),
    "remap_file_pages": (216, 234),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "swapoff": (168, 225),
    "syslog": (103, 116),
    "unshare": (272, 97),
    "userfaultfd": (323, 282),
}
MACHINES = {"x86_64": 0, "aarch64": 1}
# A filter or a missing capability says these.
REFUSED = {errno.EPERM, errno.EACCES, errno.EROFS}
# The kernel, or a filter in its name, says that it has no such thing.
ABSENT = {errno.ENOSYS, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.ENOPKG}

libc = ctypes.CDLL(None, use_errno=True)


class NotCarriedOut(Exception):
    """The probe could not be carried out; its text is the reason."""


def call(name: str, *arguments: Any) -> int:
    """Make a system call and return its result.

    Integers go as they are, bytes and ctypes objects by address. Raises OSError with the kernel's errno,
    NotCarriedOut where the machine's number of the call is not known.
    """
    column = MACHINES.get(os.uname().machine)
    number = None if column is None else NUMBERS[name][column]
    if number is None:
        raise NotCarriedOut(f"{os.uname().machine} has no number for {name}")
    values = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *values)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def named(error: OSError) -> str:
    """Return an error's name, such as EPERM."""
    return errno.errorcode.get(error.errno or 0, error.strerror or "no answer")


def judged(attempt: Callable[[], object], answered: Collection[int] = ()) -> Verdict:
    """Make an attempt and return (outcome, detail) by the errno.

    `answered` are errors that only code behind every permission check gives: with them the attempt got there.
    """
    try:
        attempt()
    except OSError as error:
        name = named(error)
        if error.errno in answered:
            return SUCCEEDED, name + ": refused for its arguments only, behind every permission check"
        if error.errno in REFUSED:
            return BLOCKED, name
        if error.errno in ABSENT:
            return BLOCKED, name + ": there is no such thing for this container"
        return UNKNOWN, name + " is neither a refusal nor a result"
    return SUCCEEDED, "allowed"
