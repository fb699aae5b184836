"""Makes system calls inside a container, each in a process of its own, and writes what came of each.

Standard library only: it is copied into the container and started there with the host's Python. It reads
ask.json beside it and writes a line of JSON for each call to out/said:

    {"run": NAME, "id": ID, "answer": [KIND, NUMBER]}

KIND is `returned`, `error` (an errno), `signal` (the process died of it), `waits` (it did not come back)
or `broken` (the call was not made). A run is "own", under whatever filter the container has, or the name of
a program of `programs` that is loaded for it.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import select
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any

Answer = tuple[str, int]
CALL_SECONDS = 5.0
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 4, 38
CLONE, SECCOMP, SECCOMP_SET_MODE_FILTER = 56, 317, 1
SECCOMP_RET_TRACE, SECCOMP_RET_ALLOW = 0x7FF00000, 0x7FFF0000
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
# push rbx; eax, ebx, ecx, edx, esi, edi from the arguments of a C function; int 0x80; pop rbx; ret
INT_80 = bytes.fromhex("53 89f8 89f3 4189ca 89d1 4489d2 4489c6 4489cf cd80 5b c3")

libc = ctypes.CDLL(None, use_errno=True)


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def guard(number: int) -> bytes:
    """Return a filter that keeps the kernel from carrying out one call.

    Without a tracer the answer is ENOSYS, unless another filter refuses: that wins over this.
    """
    steps = (
        (LOAD_NUMBER, 0, 0, 0),
        (JUMP_IF_EQUAL, 0, 1, number),
        (RETURN, 0, 0, SECCOMP_RET_TRACE),
        (RETURN, 0, 0, SECCOMP_RET_ALLOW),
    )
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def load(program: bytes) -> None:
    """Load a filter for this process, which may not gain privileges any more. Raises OSError."""
    buffer = ctypes.create_string_buffer(program, len(program))
    head = Program(len(program) // 8, ctypes.addressof(buffer))
    if libc.syscall(SECCOMP, SECCOMP_SET_MODE_FILTER, 0, ctypes.byref(head)):
        raise OSError(ctypes.get_errno(), "the filter could not be loaded")


def call_32(number: int, arguments: list[int]) -> Answer:
    """Make a call by the 32-bit entry."""
    memory = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(INT_80)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    function = ctypes.CFUNCTYPE(ctypes.c_int, *[ctypes.c_long] * 6)(address)
    result = function(number, *(arguments + [0] * 5)[:5])
    return ("error", -result) if -4096 < result < 0 else ("returned", 0)


def call_64(number: int, arguments: list[int]) -> Answer:
    """Make a call by the 64-bit entry, x32's among them."""
    ctypes.set_errno(0)
    function = libc.syscall
    function.restype = ctypes.c_long
    result = function(ctypes.c_long(number), *(ctypes.c_long(one) for one in arguments))
    if result == 0 and number == CLONE:  # this is the copy
        os._exit(0)
    return ("error", ctypes.get_errno()) if result == -1 else ("returned", 0)


def child(call: dict[str, Any], program: bytes | None, writer: int) -> None:
    """Load the filters, make the call and say what came of it."""
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    # Under every filter alike, as some calls answer by it.
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    try:
        if call["guarded"]:
            load(guard(call["number"]))
        if program is not None:
            load(program)
    except OSError as error:
        os.write(writer, json.dumps(["broken", error.errno]).encode())
        return
    make = call_32 if call["abi"] == "i386" else call_64
    answer = make(call["number"], call["arguments"])
    os.write(writer, json.dumps(answer).encode())


def attempt(call: dict[str, Any], program: bytes | None) -> Answer:
    """Make a call in a process of its own."""
    reader, writer = os.pipe()
    process = os.fork()
    if process == 0:
        try:
            child(call, program, writer)
        finally:
            # Never by a signal: a filter may have made getpid answer -1, which is everybody.
            os._exit(0)
    os.close(writer)
    ready = select.select([reader], [], [], CALL_SECONDS)[0]
    said = os.read(reader, 100) if ready else b"waits"
    os.close(reader)
    os.kill(process, signal.SIGKILL)
    status = os.waitpid(process, 0)[1]
    if said == b"waits":
        return "waits", 0
    if not said:
        return ("signal", os.WTERMSIG(status)) if os.WIFSIGNALED(status) else ("broken", 0)
    kind, number = json.loads(said)
    return kind, number


def main(folder: Path) -> None:
    """Do what is asked, then wait to be looked at and removed. Refuses to work outside a container."""
    # Calls go wrong, and here nobody else's processes are within their reach.
    if os.getpid() != 1:
        sys.exit("caller.py makes system calls as root: it runs as the first process of a container only.")
    ask = json.loads((folder / "ask.json").read_bytes())
    programs = {name: bytes.fromhex(text) for name, text in ask["programs"].items()}
    with (folder / "out" / "said").open("a", encoding="ascii", buffering=1) as said:
        for run in ask["runs"]:
            for call in ask["calls"]:
                answer = attempt(call, programs.get(run))
                said.write(json.dumps({"run": run, "id": call["id"], "answer": answer}) + "\n")
        said.write('{"end": true}\n')
    time.sleep(ask["seconds"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
