"""Which calls are made, and with which arguments: none that could do harm where nobody refuses it.

Descriptors of -1, addresses out of reach, flags and sizes that do not exist: the kernel looks at them and
says no. A call that acts whatever it is given is GUARDED: the kernel is asked about it, and never carries
it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hullguard.syscalls.table import NUMBERS, UNNAMED

NATIVE, X32, I386 = "x86_64", "x32", "i386"
X32_BIT = 0x40000000
BAD = -1
SIGCHLD = 17
# They end, stop or copy the process, or reach beyond the container (`sync`), without looking at an argument.
GUARDED = frozenset({"exit", "exit_group", "fork", "pause", "rt_sigreturn", "sync", "vfork", "vhangup"})
# Where the usual arguments would tell nothing, or the call is not to be asked for everybody's processes.
ARGUMENTS: dict[str, tuple[int, ...]] = {
    "futex": (BAD, 1),
    "kill": (0x7FFFFFFF, 0),
    "modify_ldt": (0, BAD, 0),
    "msgget": (0x7FFFFFFF, 0),
    "settimeofday": (0, 0),
}
NAMESPACES = {
    "CLONE_NEWTIME": 0x00000080,
    "CLONE_NEWNS": 0x00020000,
    "CLONE_NEWCGROUP": 0x02000000,
    "CLONE_NEWUTS": 0x04000000,
    "CLONE_NEWIPC": 0x08000000,
    "CLONE_NEWUSER": 0x10000000,
    "CLONE_NEWPID": 0x20000000,
    "CLONE_NEWNET": 0x40000000,
}
# 15 is a type that no family has, which the kernel sees before it would load a module for the family.
NO_TYPE = 15
FAMILIES = {
    "AF_UNIX": 1, "AF_INET": 2, "AF_AX25": 3, "AF_IPX": 4, "AF_APPLETALK": 5, "AF_X25": 9, "AF_INET6": 10,
    "AF_KEY": 15, "AF_NETLINK": 16, "AF_PACKET": 17, "AF_RDS": 21, "AF_PPPOX": 24, "AF_LLC": 26, "AF_CAN": 29,
    "AF_TIPC": 30, "AF_BLUETOOTH": 31, "AF_RXRPC": 33, "AF_PHONET": 35, "AF_IEEE802154": 36, "AF_CAIF": 37,
    "AF_ALG": 38, "AF_NFC": 39, "AF_VSOCK": 40, "AF_KCM": 41, "AF_QIPCRTR": 42, "AF_SMC": 43, "AF_XDP": 44,
    "AF_MCTP": 45,
}  # fmt: skip
# Families that every kernel with a network has, so that nothing is loaded.
TYPES = {"SOCK_STREAM": 1, "SOCK_DGRAM": 2, "SOCK_RAW": 3, "SOCK_SEQPACKET": 5}
TYPED = ("AF_UNIX", "AF_INET", "AF_INET6", "AF_NETLINK")
PERSONALITIES = {
    "0": 0,
    "PER_LINUX32": 8,
    "UNAME26": 0x20000,
    "PER_LINUX32|UNAME26": 0x20008,
    "ADDR_NO_RANDOMIZE": 0x40000,
    "READ_IMPLIES_EXEC": 0x400000,
    "0xffffffff": 0xFFFFFFFF,
}
NODES = {
    "S_IFREG": 0o100000,
    "S_IFIFO": 0o010000,
    "S_IFSOCK": 0o140000,
    "S_IFCHR": 0o020000,
    "S_IFBLK": 0o060000,
}
# Another entry to the same kernel: numbers of the 32-bit table (arch/x86/entry/syscalls/syscall_32.tbl).
I386_CALLS: dict[str, tuple[int, ...]] = {
    "getpid": (20,), "ptrace": (26, BAD, BAD), "socketcall": (102, BAD, BAD), "ipc": (117, 13, 0x7FFFFFFF),
    "modify_ldt": (123, 0, BAD, 0), "personality": (136, 8), "keyctl": (288, BAD), "unshare": (310, BAD),
    "socket": (359, 17, NO_TYPE), "io_uring_setup": (425, BAD, BAD),
}  # fmt: skip
X32_CALLS: dict[str, tuple[int, ...]] = {
    "getpid": (39,), "socket": (41, 17, NO_TYPE), "ptrace": (521, BAD, BAD), "execve": (520, BAD, BAD, BAD),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One call: `call` is its name without arguments, `number` what the processor is given."""

    id: str
    call: str
    abi: str
    number: int
    arguments: tuple[int, ...]
    guarded: bool = False


def rows() -> tuple[Row, ...]:
    """Return every call that is measured, in the order of the kernel's table; ids are unique."""
    made: list[Row] = []
    for name in NUMBERS:
        special = _special(name)
        if not special:
            made.append(_row(name, name, ARGUMENTS.get(name, (BAD,) * 6), guarded=name in GUARDED))
        made += [_row(f"{name}({words})", name, arguments) for words, arguments in special.items()]
    made.append(Row(f"number {UNNAMED}", "", NATIVE, UNNAMED, (BAD,) * 6))
    for name, (number, *arguments) in X32_CALLS.items():
        made.append(Row(f"x32 {name}", name, X32, X32_BIT | number, tuple(arguments)))
    for name, (number, *arguments) in I386_CALLS.items():
        made.append(Row(f"i386 {name}", name, I386, number, tuple(arguments)))
    return tuple(made)


def _row(identity: str, name: str, arguments: tuple[int, ...], *, guarded: bool = False) -> Row:
    return Row(identity, name, NATIVE, NUMBERS[name], arguments, guarded)


def _special(name: str) -> Mapping[str, tuple[int, ...]]:
    """Return {words: arguments} of a call whose arguments decide; {} for the others."""
    if name == "socket":
        typed: dict[str, tuple[int, ...]] = {
            f"{family}, {words}": (FAMILIES[family], number, 0)
            for family in TYPED
            for words, number in TYPES.items()
        }
        others = {family: (number, NO_TYPE, 0) for family, number in FAMILIES.items() if family not in TYPED}
        return typed | others
    if name == "clone":
        plain: dict[str, tuple[int, ...]] = {"SIGCHLD": (SIGCHLD, 0, 0, 0, 0)}
        # The low byte of clone's flags is a signal: CLONE_NEWTIME can't be asked for here.
        wanted = {words: flag for words, flag in NAMESPACES.items() if words != "CLONE_NEWTIME"}
        return plain | {words: (flag | SIGCHLD, 0, 0, 0, 0) for words, flag in wanted.items()}
    if name == "unshare":
        return {words: (flag,) for words, flag in NAMESPACES.items()}
    if name == "personality":
        return {words: (number,) for words, number in PERSONALITIES.items()}
    if name == "mknod":
        return {words: (BAD, mode, 0) for words, mode in NODES.items()}
    if name == "mknodat":
        return {words: (BAD, BAD, mode, 0) for words, mode in NODES.items()}
    return {}
