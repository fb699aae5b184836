"""No room left, or nothing may be written at all."""

from __future__ import annotations

from faults_support.case import Case
from faults_support.engine import BACK

FULL = "cat /dev/zero >/mnt/{name}/filler 2>/dev/null; ! echo x >/mnt/{name}/more 2>/dev/null"
ROOM = "rm /mnt/{name}/filler /mnt/{name}/more"


def small(folder: str, name: str, kilobytes: int) -> str:
    """Return shell that puts a folder on a small file system of its own."""
    return (
        f"mkdir -p {folder} /mnt/{name} && mount -t tmpfs -o size={kilobytes}k,mode=0755 tmpfs /mnt/{name}\n"
        f"cp -a {folder} /mnt/{name}/inside && mount --bind /mnt/{name}/inside {folder}"
    )


def full(name: str) -> str:
    """Return shell that fills it to the last byte."""
    return FULL.format(name=name)


def room(name: str) -> str:
    """Return shell that makes room again."""
    return ROOM.format(name=name)


NO_SPACE = "No space left on device"
UNCHANGED = "The configuration was not written, nothing was changed"
WRITE = "Write the engine's configuration"

CASES: tuple[Case, ...] = (
    Case(
        "full-etc", "Disk full on /etc", WRITE, "the run says so and leaves everything as it is",
        ends="failed", config="old", setup=small("/etc", "etc", 16384), do=full("etc"), undo=room("etc"),
        says=(UNCHANGED, NO_SPACE), long=False,
    ),
    Case(
        "full-etc-docker", "Disk full on /etc/docker", WRITE, "the run says so and leaves everything as it is",
        ends="failed", config="old", setup=small("/etc/docker", "config", 64), do=full("config"), undo=room("config"),
        says=(UNCHANGED, NO_SPACE), suite="debian-12", long=False,
    ),
    Case(
        "full-etc-at-drop-in", "Disk full on /etc", "Write the drop-in", "the run says so; no half-written unit file",
        ends="failed", config="old", setup=small("/etc", "etc", 16384), do=full("etc"), undo=room("etc"),
        roles=("docker_host",), says=(NO_SPACE,),
    ),
    Case(
        "full-etc-at-policy", "Disk full on /etc", "Write the policy", "the run says so; what filtered before still does",
        ends="failed", config="new", setup=small("/etc", "etc", 16384), do=full("etc"), undo=room("etc"),
        roles=("docker_network",), says=(NO_SPACE,),
    ),
    Case(
        "full-etc-at-audit-rules", "Disk full on /etc", "Compile all rules on disk", "the run says so; the compiled rules are the old ones, whole",
        ends="failed", config="old", setup=small("/etc", "etc", 16384), do=full("etc"), undo=room("etc"),
        roles=("docker_auditd",), says=("make room there",),
    ),
    Case(
        "full-data-root", "Disk full on the data-root", "Say why the engine has to start anew",
        "the run refuses to restart an engine that would lose its containers, and leaves everything as it is",
        ends="failed", config="old", setup=small("/var/lib/docker", "data", 65536), do=full("data"), undo=room("data"),
        says=("is full", "loses track of its containers. Nothing was changed"), long=False,
    ),
    Case(
        "full-state", "Disk full on /var/lib/hullguard", "Take the lock", "no restore point, so nothing is begun",
        ends="failed", config="old", setup=small("/var/lib/hullguard", "state", 256), do=full("state"), undo=room("state"),
        says=("No restore point can be written", NO_SPACE, "Nothing was changed"),
    ),
    Case(
        "full-state-later", "Disk full on /var/lib/hullguard", "Keep the present configuration",
        "no way back can be kept, so nothing is written",
        ends="failed", config="old", setup=small("/var/lib/hullguard", "state", 2048), do=full("state"), undo=room("state"),
        says=(NO_SPACE,),
    ),
    Case(
        "full-state-while-refused", "Disk full on /var/lib/hullguard, and an engine that does not start", "Restart Docker",
        "the role goes back all the same; the refused file is kept in /run/hullguard",
        ends="failed", config="old", setup=small("/var/lib/hullguard", "state", 2048), do=full("state"), undo=room("state"),
        says=(BACK, "/run/hullguard/daemon.json.refused"), then="test -s /run/hullguard/daemon.json.refused",
        variables={"docker_daemon_settings": {"seccomp-profile": "/nonexistent.json"}},
    ),
    Case(
        "read-only-etc-docker", "Read-only /etc/docker", WRITE, "the run says so and leaves everything as it is",
        ends="failed", config="old", do="mount --bind /etc/docker /etc/docker && mount -o remount,ro,bind /etc/docker",
        undo="umount /etc/docker", says=(UNCHANGED, "/etc/docker"), long=False,
    ),
)  # fmt: skip
