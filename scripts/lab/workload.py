"""The tiny image that containers inside a host run, and the way into the host's own engine."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import docker
from docker.models.containers import Container

from lab import LABEL, LabError, debian, hosts, say, store

USERS = {"root": 0, "nobody": 65534, "app": 1000}
SETTINGS = ("ENV PATH=/bin", 'CMD ["/bin/sh"]')


def tag() -> str:
    """The image's name; it changes with its recipe."""
    return f"hullguard-lab/busybox:{store.digest([*SETTINGS, str(USERS), 'version 1'])}"


def ensure(client: docker.DockerClient) -> str:
    """Build the image when it is missing."""
    name = tag()
    with store.only_one(name):
        if not store.have(client, name):
            say(f"building {name}")
            if registry := store.answering_registry():
                lines = [
                    f"FROM {registry}busybox:stable-musl",
                    "RUN adduser -D -u 1000 app",
                    f"LABEL {LABEL}=image",
                ]
                store.build(client, name, {"Dockerfile": "\n".join([*lines, *SETTINGS]).encode()})
            else:
                store.import_tar(client, name, _write_tar, SETTINGS)
    return name


def load(client: docker.DockerClient, host: Container, image: str) -> None:
    """Copy an image from the outer engine into the one inside a host."""
    with tempfile.TemporaryFile(dir="/var/tmp") as saved, tempfile.TemporaryFile(dir="/var/tmp") as wrapped:
        for chunk in client.images.get(image).save(named=image):
            saved.write(chunk)
        entry = tarfile.TarInfo("hullguard-lab-image.tar")
        entry.size = saved.tell()
        saved.seek(0)
        with tarfile.open(fileobj=wrapped, mode="w") as archive:
            archive.addfile(entry, saved)
        wrapped.seek(0)
        # Not /tmp: the host mounts a memory disk there, which a copy from outside can't reach.
        host.put_archive("/var/tmp", wrapped)
    file = "/var/tmp/hullguard-lab-image.tar"
    code, output = hosts.run(host, ["sh", "-c", f"docker load -q -i {file}; code=$?; rm {file}; exit $code"])
    if code != 0:
        raise LabError(f"{host.name} could not load {image}: {output.strip()}")


def _write_tar(tar: Path) -> None:
    busybox = _binary(tar.parent)
    listed = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    with tarfile.open(tar, "w") as archive:
        for directory, mode in {
            "bin": 0o755,
            "etc": 0o755,
            "root": 0o700,
            "tmp": 0o1777,
            "www": 0o755,
        }.items():
            entry = tarfile.TarInfo(directory)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            archive.addfile(entry)
        _add(archive, "bin/busybox", busybox.read_bytes(), 0o755)
        for applet in set(listed.stdout.split()) - {"busybox"}:
            link = tarfile.TarInfo(f"bin/{applet}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
        passwd = "".join(f"{name}:x:{number}:{number}::/:/bin/sh\n" for name, number in USERS.items())
        _add(archive, "etc/passwd", passwd.encode())
        _add(
            archive, "etc/group", "".join(f"{name}:x:{number}:\n" for name, number in USERS.items()).encode()
        )
        _add(archive, "www/index.html", b"hullguard lab\n")


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))


def _binary(directory: Path) -> Path:
    """Debian's static busybox."""
    if not shutil.which("apt-get"):
        raise LabError("no image registry answers and this is no Debian: busybox-static can't be had")
    unpacked = debian.download("busybox-static", directory)
    return next(path for name in ("bin", "usr/bin") if (path := unpacked / name / "busybox").exists())
