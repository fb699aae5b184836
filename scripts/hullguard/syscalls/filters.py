"""The filter of a running process: read back from the kernel, and made to say that it was the one to answer.

PTRACE_SECCOMP_GET_FILTER: ptrace(2). It takes a kernel with CONFIG_CHECKPOINT_RESTORE and CAP_SYS_ADMIN.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from contextlib import suppress

from hullguard.errors import HullguardError

SEIZE, INTERRUPT, DETACH, GET_FILTER = 0x4206, 0x4207, 17, 0x420C
WALL = 0x40000000
RETURN_CONSTANT, RETURN_ACCUMULATOR = 0x06, 0x16
ACTION, DATA = 0xFFFF0000, 0x0000FFFF
ERRNO = 0x00050000
# SECCOMP_RET_KILL_PROCESS, _KILL_THREAD, _TRAP: the process dies of SIGSYS.
DEADLY = (0x80000000, 0x00000000, 0x00030000)
# SECCOMP_RET_LOG and _ALLOW; all others leave the decision to somebody else.
THROUGH = (0x7FFC0000, 0x7FFF0000)
# No kernel has errors above 1000 (include/linux/errno.h ends below 600), and a filter can give up to 4095.
ERRNO_MARK, DEADLY_MARK = 1000, 3000


def read(process: int) -> bytes:
    """Return the one filter of a process, as the kernel has it: struct sock_filter after struct sock_filter.

    Raises HullguardError where the kernel does not give it, or where there is not exactly one.
    """
    library = ctypes.CDLL(None, use_errno=True)
    library.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    library.ptrace.restype = ctypes.c_long

    def ask(request: int, address: int, data: int | None) -> int:
        ctypes.set_errno(0)
        result = int(library.ptrace(request, process, address, data))
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    try:
        ask(SEIZE, 0, None)
        try:
            ask(INTERRUPT, 0, None)
            os.waitpid(process, WALL)
            length = ask(GET_FILTER, 0, None)
            buffer = ctypes.create_string_buffer(length * 8)
            ask(GET_FILTER, 0, ctypes.addressof(buffer))
            only = False
            try:
                ask(GET_FILTER, 1, None)
            except OSError as error:
                if error.errno != errno.ENOENT:
                    raise
                only = True
        finally:
            with suppress(OSError):
                ask(DETACH, 0, None)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, "?")
        raise HullguardError(
            f"The kernel does not give back the seccomp filter of process {process} ({name}): this needs "
            "root with CAP_SYS_ADMIN and CAP_SYS_PTRACE, and a kernel with CONFIG_CHECKPOINT_RESTORE."
        ) from None
    if not only:
        raise HullguardError(
            f"Process {process} has more than one seccomp filter: something else confines the containers of "
            "this machine. Measure on one where nothing does."
        )
    return buffer.raw


def marked(program: bytes) -> bytes:
    """Return the same filter with answers of its own: ERRNO_MARK + errno; DEADLY_MARK where it kills.

    Raises HullguardError for one whose answers are computed, or that asks somebody else.
    """
    made = []
    for code, yes, no, value in struct.iter_unpack("=HBBI", program):
        answer = value
        if code == RETURN_ACCUMULATOR:
            raise HullguardError("The filter computes what it answers: that can't be marked.")
        if code == RETURN_CONSTANT:
            answer = _marked(value)
        made.append(struct.pack("=HBBI", code, yes, no, answer))
    return b"".join(made)


def _marked(value: int) -> int:
    action = value & ACTION
    if action in THROUGH:
        return value
    if action in DEADLY:
        return ERRNO | DEADLY_MARK
    if action == ERRNO and value & DATA < ERRNO_MARK:
        return ERRNO | (ERRNO_MARK + (value & DATA))
    raise HullguardError(f"The filter has an answer that is not understood: {value:#010x}.")
