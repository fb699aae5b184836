"""From an unprivileged account of the container to its root, and from that to files of the host's root."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import sys

from .calls import BLOCKED, SUCCEEDED, UNKNOWN, Facts, Verdict, judged, named

ACCOUNT = 1000
HOST = "/hullguard/host"
# Format of the extended attribute security.capability, revision 2: linux/capability.h.
NET_RAW = 1 << 13
CAPABILITY = struct.pack("<IIIII", 0x02000000 | 1, NET_RAW, 0, 0, 0)


def _program(path: str) -> str:
    """Put a copy of the interpreter there, for everybody to run."""
    shutil.copyfile(sys.executable, path)
    os.chmod(path, 0o755)
    return path


def _as_account(path: str, code: str) -> str:
    """Run code with an interpreter as an unprivileged account; return what it printed, stripped."""
    reads, writes = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.dup2(writes, 1)
            os.setgroups([])
            os.setgid(ACCOUNT)
            os.setuid(ACCOUNT)
            os.execve(path, ["python3", "-I", "-S", "-c", code], {"PYTHONHOME": sys.base_prefix})
        finally:
            os._exit(1)
    os.close(writes)
    with os.fdopen(reads) as stream:
        said = stream.read().strip()
    os.waitpid(pid, 0)
    return said


def setuid_program(_facts: Facts) -> Verdict:
    """As an unprivileged account run a setuid program of root's."""
    path = _program("/hullguard-setuid")
    os.chmod(path, 0o4755)
    try:
        said = _as_account(path, "import os; print(os.geteuid())")
    finally:
        os.unlink(path)
    if said not in ("0", str(ACCOUNT)):
        return UNKNOWN, "the program did not run"
    return (SUCCEEDED, "uid 1000 became root") if said == "0" else (BLOCKED, "uid 1000 stayed what it was")


def no_new_privileges_override(facts: Facts) -> Verdict:
    """The same in a container that has asked to be without no-new-privileges."""
    return setuid_program(facts)


def file_capability(_facts: Facts) -> Verdict:
    """As an unprivileged account run a program with a file capability."""
    path = _program("/hullguard-capability")
    try:
        os.setxattr(path, "security.capability", CAPABILITY)
        status = "print([l.split()[1] for l in open('/proc/self/status') if l.startswith('CapEff')][0])"
        said = _as_account(path, status)
    except OSError as error:
        outcome = BLOCKED if error.errno == errno.EPERM else UNKNOWN
        return outcome, "no capability could be put on a file: " + named(error)
    finally:
        os.unlink(path)
    if not said:
        # Where no capability may be gained, the kernel does not run a program that insists on its own.
        return BLOCKED, "the program did not run"
    got = int(said, 16) & NET_RAW
    return (SUCCEEDED, "uid 1000 got CAP_NET_RAW") if got else (BLOCKED, "uid 1000 got no capability")


def ambient_capabilities(_facts: Facts) -> Verdict:
    """Find capabilities that a program would inherit without being root."""
    with open("/proc/self/status", encoding="ascii") as file:
        sets = dict(line.split()[:2] for line in file if line.startswith(("CapInh", "CapAmb")))
    got = {name: value for name, value in sets.items() if int(value, 16)}
    if got:
        return SUCCEEDED, ", ".join(f"{name} {value}" for name, value in sorted(got.items()))
    return BLOCKED, "neither ambient nor inheritable ones"


def host_root_write(_facts: Facts) -> Verdict:
    """Write to a file of the host's root (mode 0600) in a mounted folder."""
    return judged(lambda: _append(HOST + "/owned"))


def _append(path: str) -> None:
    with open(path, "ab", buffering=0) as file:
        file.write(b"written from a container\n")


def host_root_read(_facts: Facts) -> Verdict:
    """Read a file of the host's root (mode 0600) in a mounted folder."""
    return judged(lambda: os.close(os.open(HOST + "/owned", os.O_RDONLY)))


def host_setuid_file(_facts: Facts) -> Verdict:
    """Leave a setuid program of root's on the host."""
    path = HOST + "/shared/setuid"

    def attempt() -> None:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o755)
        os.fchmod(handle, 0o4755)
        os.close(handle)

    return judged(attempt)


def host_device_node(_facts: Facts) -> Verdict:
    """Leave a device node (that of /dev/null) on the host."""
    path = HOST + "/shared/null"
    return judged(lambda: os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 3)))
