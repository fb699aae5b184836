"""System calls that services do not need."""

from __future__ import annotations

from functools import partial

from hullguard.prove.base import Probe

_probe = partial(
    Probe, family="kernel_calls", place="plain", threat="container_escape", severity="medium",
    succeeds="The kernel did it, or refused it for its arguments only.",
    blocked="EPERM, or the kernel has no such call.", per_container=("seccomp",),
)  # fmt: skip
# The engine's builtin filter refuses these whatever capabilities a container has.
BUILTIN = ("seccomp_profile_default",)
# These need a capability that containers do not get unasked.
ADMIN = ("seccomp", "capabilities", "privileged")
BASELINE = ("docker_seccomp",)


def _filtered(name: str, tries: str, severity: str = "medium") -> Probe:
    """A call that the builtin filter refuses."""
    return _probe(id=name, tries=tries, severity=severity, slugs=BUILTIN)


def _administrative(name: str, tries: str, severity: str = "high") -> Probe:
    """A call that needs a capability."""
    return _probe(id=name, tries=tries, severity=severity, per_container=ADMIN)


def _open(name: str, tries: str, severity: str = "low") -> Probe:
    """A call that the builtin filter lets through, and our baseline does not."""
    return _probe(id=name, tries=tries, severity=severity, roles=BASELINE)


PROBES = (
    _filtered("user_namespace", "Become root of a new user namespace.", "high"),
    _filtered("keyrings", "Ask for the session keyring, which no namespace keeps apart."),
    _filtered("key_added", "Add a key to the process' keyring."),
    _filtered("page_faults", "Handle page faults in user space (userfaultfd)."),
    _filtered("fixed_addresses", "Switch off the randomization of addresses.", "low"),
    _administrative("mount_namespace", "Get a mount namespace of one's own."),
    _administrative("join_namespace", "Enter a namespace by its file (setns)."),
    _administrative("mounting", "Mount a file system."),
    _administrative("pivot_root", "Change the root of the mount namespace."),
    _administrative("bpf_map", "Make a BPF map."),
    _filtered("performance_counter", "Open a performance counter."),
    _administrative("kexec", "Load another kernel; the flags do not exist, so that none is."),
    _administrative("module_load", "Load a kernel module; what is given is none.", "critical"),
    _administrative("module_unload", "Unload a kernel module that does not exist."),
    _administrative("clock_set", "Set the host's clock, to no time.", "medium"),
    _administrative("kernel_log", "Ask for the kernel's log.", "medium"),
    _administrative("swap_off", "Switch off a swap file that does not exist.", "medium"),
    _administrative("restart", "Restart the machine, without the numbers that this needs.", "critical"),
    _administrative("host_name", "Set the host name, to what it is.", "low"),
    _administrative("input_output_ports", "Get the processor's input and output ports.", "critical"),
    _filtered("file_watch", "Watch the files of a file system (fanotify).", "low"),
    _open("trace", "Attach to another process of the container as a debugger.", "medium"),
    _open("read_memory", "Read the memory of another process of the container.", "medium"),
    _open("io_uring", "Set up an io_uring, whose requests no filter sees.", "medium"),
    _open("crypto_socket", "Open a socket to the kernel's cryptography (AF_ALG)."),
    _open("machine_socket", "Open a socket to virtual machines and their host (AF_VSOCK)."),
    _open("packet_socket", "Open a socket for whole frames (AF_PACKET).", "medium"),
    _open("device_node", "Make a device node.", "medium"),
    _open("old_personality", "Take the personality of 32-bit Linux."),
    _open("local_descriptors", "Read the table of local descriptors (modify_ldt)."),
    _open("secret_memory", "Get memory that not even the kernel reads (memfd_secret)."),
    _open("file_pages", "Rearrange mapped pages (remap_file_pages)."),
    _probe(id="raw_socket", severity="low", per_container=("capabilities", "seccomp"),
           tries="Open a raw socket."),
    _probe(id="change_root", severity="low", per_container=("capabilities", "seccomp"),
           tries="Change the root folder (chroot)."),
    _probe(id="run_from_memory", severity="low", tries="Run a program that is in no file system."),
    _probe(
        id="unconfined_calls", place="override", slugs=("authorization_plugin",), threat="container_escape",
        tries="Ask the engine for a container without its filter, and do what the filter refuses.",
        succeeds="Whoever may use the engine can leave its filter out.",
        blocked="The engine refuses such a container.",
    ),
)  # fmt: skip
