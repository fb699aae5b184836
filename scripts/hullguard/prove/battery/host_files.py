"""Files of the host, from a container that a folder of the host is mounted into."""

from __future__ import annotations

from functools import partial

from hullguard.prove.base import Probe

REMAP = ("userns_remap",)
MOUNT = ("sensitive_host_mounts", "image_user")
CLEANS = "The folder was made for this run and is removed with everything in it."
_probe = partial(
    Probe, family="host_files", place="plain", slugs=REMAP, per_container=MOUNT, cleans=CLEANS,
    threat="container_escape", blocked="The kernel refuses: root of the container is nobody on the host.",
)  # fmt: skip

PROBES = (
    _probe(
        id="host_root_write", severity="high",
        tries="As root of a container write to a file of the host's root in a mounted folder.",
        succeeds="The file has grown: root of the container is root of the host.",
    ),
    _probe(
        id="host_root_read", severity="high",
        tries="As root of a container read a file that only the host's root may read.",
        succeeds="The file was opened.",
    ),
    _probe(
        id="host_setuid_file", severity="high",
        tries="As root of a container leave a program on the host that runs as the host's root.",
        succeeds="A setuid file of the host's root lies in the mounted folder.",
        blocked="The file belongs to a uid without rights, or could not be made.",
    ),
    _probe(
        id="host_device_node", severity="high", roles=("docker_seccomp",),
        tries="As root of a container leave a device node on the host, for an accomplice there.",
        succeeds="A device node of the host's root lies in the mounted folder.",
        blocked="The kernel or the system call filter refuses to make it.",
    ),
    _probe(
        id="handle_of_file", severity="high", slugs=(), per_container=("capabilities", "seccomp"),
        tries="Open a file of the host by its handle, without a path that leads there.",
        succeeds="The kernel opened it.",
        blocked="The capability for it is missing.",
    ),
)  # fmt: skip
