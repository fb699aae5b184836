"""What a container asks of the kernel, call by call; nothing changes where it is granted."""

from __future__ import annotations

import ctypes
import errno
import os
import socket

from .calls import BLOCKED, SUCCEEDED, Facts, Verdict, call, judged, libc

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MNT_DETACH = 2


def user_namespace(_facts: Facts) -> Verdict:
    """Become root of a new user namespace."""
    return judged(lambda: call("unshare", CLONE_NEWUSER))


def mount_namespace(_facts: Facts) -> Verdict:
    """Get mounts of one's own."""
    return judged(lambda: call("unshare", CLONE_NEWNS))


def join_namespace(_facts: Facts) -> Verdict:
    """Enter a namespace by its file; it is the container's own, so that nothing changes."""
    handle = os.open("/proc/self/ns/uts", os.O_RDONLY)
    return judged(lambda: call("setns", handle, 0))


def mounting(_facts: Facts) -> Verdict:
    """Mount a file system in memory, and take it away."""
    os.makedirs("/hullguard-mount", exist_ok=True)

    def attempt() -> None:
        ctypes.set_errno(0)
        if libc.mount(b"none", b"/hullguard-mount", b"tmpfs", ctypes.c_ulong(0), b"size=4096") < 0:
            raise OSError(ctypes.get_errno(), "mount")
        libc.umount2(b"/hullguard-mount", MNT_DETACH)

    return judged(attempt)


def pivot_root(_facts: Facts) -> Verdict:
    """Change the root folder; the one given is no mount point, so that it can't work."""
    os.makedirs("/hullguard-mount", exist_ok=True)
    return judged(
        lambda: call("pivot_root", b"/hullguard-mount", b"/hullguard-mount"), (errno.EINVAL, errno.EBUSY)
    )


def handle_of_file(_facts: Facts) -> Verdict:
    """Open a file by a handle, which needs no path; the handle is that of no file."""
    handle = ctypes.create_string_buffer(bytes((ctypes.c_uint * 2)(8, 1)) + bytes(8))
    folder = os.open("/hullguard/host", os.O_RDONLY)
    return judged(lambda: os.close(call("open_by_handle_at", folder, handle, os.O_RDONLY)), (errno.ESTALE,))


def keyrings(_facts: Facts) -> Verdict:
    """Ask for the session keyring, which is not kept apart by any namespace."""
    return judged(lambda: call("keyctl", 0, -3, 0))


def key_added(_facts: Facts) -> Verdict:
    """Put a key into the process' own keyring; it goes with the process."""
    return judged(lambda: call("add_key", b"user", b"hullguard", b"x", 1, -2))


def bpf_map(_facts: Facts) -> Verdict:
    """Make the smallest BPF map."""
    attributes = ctypes.create_string_buffer(bytes((ctypes.c_uint * 4)(2, 4, 4, 1)) + bytes(56))
    return judged(lambda: os.close(call("bpf", 0, attributes, 72)))


def performance_counter(_facts: Facts) -> Verdict:
    """Open a software counter of the process itself, the kernel excluded."""
    head = bytes((ctypes.c_uint * 2)(1, 64)) + bytes((ctypes.c_ulonglong * 4)(0, 0, 0, 0))
    attributes = ctypes.create_string_buffer(head + bytes((ctypes.c_ulonglong * 2)(0x61, 0)))
    return judged(lambda: os.close(call("perf_event_open", attributes, 0, -1, -1, 0)))


def page_faults(_facts: Facts) -> Verdict:
    """Handle one's own page faults (userfaultfd), which has made many a race of the kernel winnable."""
    return judged(lambda: os.close(call("userfaultfd", 1)))


def io_uring(_facts: Facts) -> Verdict:
    """Set up an io_uring of one entry."""
    return judged(lambda: os.close(call("io_uring_setup", 1, ctypes.create_string_buffer(120))))


def old_personality(_facts: Facts) -> Verdict:
    """Take 32-bit Linux' personality."""
    return judged(lambda: call("personality", 8))


def fixed_addresses(_facts: Facts) -> Verdict:
    """Switch off the randomization of addresses."""
    return judged(lambda: call("personality", 0x0040000))


def kexec(_facts: Facts) -> Verdict:
    """Load another kernel, with flags that do not exist."""
    return judged(lambda: call("kexec_load", 0, 1000000, None, 0x4000), (errno.EINVAL,))


def module_load(_facts: Facts) -> Verdict:
    """Load four bytes as a kernel module, which are none."""
    return judged(lambda: call("init_module", b"none", 4, b""), (errno.ENOEXEC,))


def module_unload(_facts: Facts) -> Verdict:
    """Unload a module that does not exist."""
    return judged(lambda: call("delete_module", b"hullguard_no_such", os.O_NONBLOCK), (errno.ENOENT,))


def clock_set(_facts: Facts) -> Verdict:
    """Set the clock, to no time: without one the kernel only checks the permission."""
    return judged(lambda: call("settimeofday", None, None))


def kernel_log(_facts: Facts) -> Verdict:
    """Ask for the size of the kernel's log."""
    return judged(lambda: call("syslog", 10, None, 0))


def swap_off(_facts: Facts) -> Verdict:
    """Switch off a swap file that does not exist."""
    return judged(lambda: call("swapoff", b"/hullguard-no-such"), (errno.ENOENT,))


def restart(_facts: Facts) -> Verdict:
    """Restart the machine, without the numbers that this needs."""
    return judged(lambda: call("reboot", 0, 0, 0, None), (errno.EINVAL,))


def host_name(_facts: Facts) -> Verdict:
    """Set the host name to what it is."""
    name = os.uname().nodename.encode()
    return judged(lambda: call("sethostname", name, len(name)))


def input_output_ports(_facts: Facts) -> Verdict:
    """Get the processor's input and output ports."""
    return judged(lambda: call("iopl", 3))


def local_descriptors(_facts: Facts) -> Verdict:
    """Read the table of local descriptors, of which there are none."""
    return judged(lambda: call("modify_ldt", 0, None, 0))


def secret_memory(_facts: Facts) -> Verdict:
    """Get memory that not even the kernel reads."""
    return judged(lambda: os.close(call("memfd_secret", 0)))


def file_pages(_facts: Facts) -> Verdict:
    """Call remap_file_pages, emulated for a decade."""
    return judged(lambda: call("remap_file_pages", 1, 0, 0, 0, 0), (errno.EINVAL,))


def file_watch(_facts: Facts) -> Verdict:
    """Watch a file system's files."""
    return judged(lambda: os.close(call("fanotify_init", 0x200, os.O_RDONLY)))


def change_root(_facts: Facts) -> Verdict:
    """Change the root folder to what it is."""
    return judged(lambda: os.chroot("/"))


def _socket(family: int, kind: int, protocol: int) -> Verdict:
    return judged(lambda: socket.socket(family, kind, protocol).close())


def crypto_socket(_facts: Facts) -> Verdict:
    """Open a socket to the kernel's cryptography (AF_ALG)."""
    return _socket(38, 5, 0)


def machine_socket(_facts: Facts) -> Verdict:
    """Open a socket to virtual machines and their host (AF_VSOCK)."""
    return _socket(40, 1, 0)


def packet_socket(_facts: Facts) -> Verdict:
    """Open a socket for whole frames (AF_PACKET) that receives none."""
    return _socket(17, 3, 0)


def raw_socket(_facts: Facts) -> Verdict:
    """Open a raw socket."""
    return _socket(2, 3, 1)


def unconfined_calls(_facts: Facts) -> Verdict:
    """In a container that has asked for no filter: do what the engine's filter refuses."""
    got = [
        name for name, one in (("keyctl", keyrings), ("unshare", user_namespace)) if one({})[0] == SUCCEEDED
    ]
    with open("/proc/self/status", encoding="ascii") as file:
        # Some kernels have names without a value.
        status = {name: value.strip() for name, _, value in (line.partition(":") for line in file)}
    filtered, allowed = status.get("Seccomp", "?"), ", ".join(got) or "nothing"
    detail = f"Seccomp: {filtered}, allowed: {allowed}"
    return SUCCEEDED if filtered == "0" and got else BLOCKED, detail


def unsigned_image(_facts: Facts) -> Verdict:
    """Run at all: this container's image came from no registry, and nobody has signed it."""
    return SUCCEEDED, "it runs"
