"""Throwaway hosts: systemd containers with an engine of their own, without --privileged."""

from __future__ import annotations

import time

import docker
from docker.errors import APIError, NotFound
from docker.models.containers import Container
from docker.types import Mount

from lab import LABEL, LabError, images, say

# What systemd and an engine need, and no more: engine 20.10 knows neither BPF, PERFMON nor
# CHECKPOINT_RESTORE, and a machine that is itself confined can't give SYS_RESOURCE.
CAPABILITIES = (
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_NICE",
    "SYS_PTRACE",
    "SYS_TTY_CONFIG",
)
BOOT_SECONDS = 120


def up(client: docker.DockerClient, name: str, suite: str, *, wait: bool = True) -> tuple[Container, bool]:
    """A running host of that name, and whether anything had to be done for it."""
    image = images.ensure(client, [suite])[suite]
    host = find(client, name)
    if host is not None and host.labels.get(f"{LABEL}.image") != image:
        say(f"{name}: made from another image, making it anew")
        remove(host)
        host = None
    changed = host is None or host.status != "running"
    if host is None:
        host = _create(client, name, suite, image)
    if changed:
        host.start()
        say(f"{name}: booting {image}")
    if wait:
        wait_until_ready(host)
    return host, changed


def find(client: docker.DockerClient, name: str) -> Container | None:
    """The host of that name; a container that is not the lab's is never touched."""
    try:
        container: Container = client.containers.get(name)
    except NotFound:
        return None
    if container.labels.get(LABEL) != "host":
        raise LabError(f"a container named {name} exists and is not the lab's: choose another name")
    return container


def remove(host: Container) -> None:
    """Remove a host with its volumes."""
    for left in (2, 1, 0):
        try:
            host.remove(v=True, force=True)
            return
        except NotFound:
            return
        except APIError:
            # On a busy machine the engine gives up waiting for a kill that is still under way.
            if not left:
                raise
            time.sleep(5)


def wait_until_ready(host: Container) -> None:
    """Wait for systemd to settle and for the engine inside to answer."""
    deadline = time.monotonic() + BOOT_SECONDS
    state = "starting"
    while time.monotonic() < deadline:
        host.reload()
        if host.status != "running":
            raise LabError(
                f"{host.name} stopped while booting:\n{host.logs(tail=30).decode(errors='replace')}"
            )
        try:
            state = run(host, ["systemctl", "is-system-running"])[1].strip()
            if state in {"running", "degraded"} and run(host, ["docker", "version"])[0] == 0:
                return
        except APIError as error:
            state = str(error)
        time.sleep(0.3)
    journal = run(host, ["journalctl", "-p", "warning", "-n", "30", "--no-pager"])[1]
    raise LabError(f"{host.name} was not ready within {BOOT_SECONDS} s (systemd: {state}):\n{journal}")


def run(host: Container, command: list[str]) -> tuple[int, str]:
    """Exit code and output of a command on a host."""
    code, output = host.exec_run(command)
    text = output.decode(errors="replace") if isinstance(output, bytes) else ""
    return (1 if code is None else code), text


def clean(client: docker.DockerClient, *, with_images: bool = False) -> list[str]:
    """Remove everything that carries the lab's label; what was removed."""
    mine: dict[str, str | list[str] | bool] = {"label": LABEL}
    removed = []
    for container in client.containers.list(all=True, filters=mine):
        remove(container)
        removed.append(f"container {container.name}")
    for volume in client.volumes.list(filters=mine):
        volume.remove(force=True)
        removed.append(f"volume {volume.name}")
    for network in client.networks.list(filters=mine):
        network.remove()
        removed.append(f"network {network.name}")
    if with_images:
        for image in client.images.list(filters=mine):
            client.images.remove(str(image.id), force=True)
            removed.append(f"image {', '.join(image.tags) or image.short_id}")
    return removed


def _create(client: docker.DockerClient, name: str, suite: str, image: str) -> Container:
    # The engine inside can't put its overlay on top of ours, so its data gets a volume. For its bridge it
    # finds a subnet beside ours by itself.
    data = Mount(target="/var/lib/docker", source=None, type="volume", labels={LABEL: "volume"})
    settings = client.api.create_host_config(
        cap_add=list(CAPABILITIES),
        cgroupns="private",
        device_cgroup_rules=["a *:* rwm"],
        mounts=[data],
        security_opt=["seccomp=unconfined", "apparmor=unconfined"],
        tmpfs={"/run": "", "/run/lock": "", "/tmp": ""},
        userns_mode="host",
    )
    # What the client calls systempaths=unconfined: without it runc inside may not mount /proc.
    created = client.api.create_container(
        image,
        name=name,
        hostname=name,
        labels={LABEL: "host", f"{LABEL}.image": image, f"{LABEL}.suite": suite},
        stop_signal="SIGRTMIN+3",
        host_config={**settings, "MaskedPaths": [], "ReadonlyPaths": []},
    )
    return client.containers.get(created["Id"])
