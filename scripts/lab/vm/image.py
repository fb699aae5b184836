"""Machines' disks: Debian with a kernel, an engine, auditd and AppArmor, built once per recipe."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from lab import LabError, debian, say, store
from lab.suites import SUITES

SETUP = Path(__file__).parent / "setup.sh"
# What a machine has and a container has not; the rest is what hosts are made of.
PACKAGES = (
    "apparmor-utils",
    "e2fsprogs",
    "initramfs-tools",
    "linux-image-cloud-amd64",
    "openssh-server",
    "systemd-resolved",
    "udev",
)
PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "mkfs.ext4": "e2fsprogs",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "ssh-keygen": "openssh-client",
}
ROOT_SIZE, DATA_SIZE = "6G", "4G"
# Where a machine can be built: only these have what it needs without a registry.
MACHINES = ("debian-12", "debian-13")


@dataclass(frozen=True, slots=True)
class Image:
    """The files that machines of one suite start from: two disks, a kernel, the key that lets root in."""

    suite: str
    folder: Path

    @property
    def kernel(self) -> Path:
        """The kernel, started directly: there is no boot loader."""
        return self.folder / "vmlinuz"

    @property
    def initrd(self) -> Path:
        """Its initial file system."""
        return self.folder / "initrd.img"

    @property
    def root(self) -> Path:
        """The system's disk."""
        return self.folder / "root.qcow2"

    @property
    def data(self) -> Path:
        """The disk for /var/lib/docker, which is a file system of its own, as the benchmark wants it."""
        return self.folder / "data.qcow2"

    @property
    def key(self) -> Path:
        """The private key."""
        return self.folder / "key"


def cache() -> Path:
    """Return the folder of everything that outlives a machine."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "hullguard" / "vm"


def packages(suite: str) -> list[str]:
    """Return what a machine of this suite has, sorted."""
    return sorted({*SUITES[suite].packages, *SUITES[suite].extra, *PACKAGES})


def ensure(suite: str) -> Image:
    """Build what is missing. Raises LabError, which says what to do where that can't be."""
    if suite not in MACHINES:
        raise LabError(f"no machine can be built from {suite}: there are {', '.join(MACHINES)}")
    need_programs()
    recipe = [
        SETUP.read_text(encoding="utf-8"),
        ROOT_SIZE,
        DATA_SIZE,
        SUITES[suite].release,
        *packages(suite),
    ]
    image = Image(suite, cache() / f"{suite}-{store.digest(recipe)}")
    with store.only_one(str(image.folder)):
        if not image.root.exists():
            _build(image)
    return image


def need_programs() -> None:
    """Have QEMU and what builds disks; as root on Debian they are installed. Raises LabError."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    missing = sorted({package for name, package in PROGRAMS.items() if not shutil.which(name, path=path)})
    if not missing:
        return
    if os.geteuid() != 0 or not debian.here(Path("/etc/os-release")):
        raise LabError(
            f"no virtual machine without {', '.join(missing)}: install these packages (names are Debian's)"
        )
    debian.install("no virtual machines here", missing)


def _build(image: Image) -> None:
    if os.geteuid() != 0:
        raise LabError("only root can build a machine's disk, for its files have owners: run this as root")
    began = time.monotonic()
    say(f"{image.suite}: building a virtual machine from Debian's packages; about a minute")
    image.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="building-", dir=image.folder.parent) as directory:
        made = Image(image.suite, Path(directory) / "image")
        made.folder.mkdir()
        made.folder.chmod(0o700)
        _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "hullguard-lab", "-f", str(made.key))
        tree = Path(directory) / "root"
        _bootstrap(made, tree)
        shutil.copy(max(tree.glob("boot/vmlinuz-*")), made.kernel)
        shutil.copy(max(tree.glob("boot/initrd.img-*")), made.initrd)
        _disk(made.root, ROOT_SIZE, "-d", str(tree))
        _disk(made.data, DATA_SIZE, "-L", "docker-data")
        shutil.rmtree(image.folder, ignore_errors=True)
        made.folder.rename(image.folder)
    say(f"{image.suite}: built after {time.monotonic() - began:.0f} s")


def _bootstrap(image: Image, tree: Path) -> None:
    # Copies, for the hooks' sake: they are shell code, and the way here may hold anything.
    recipe = tree.parent / "recipe"
    recipe.mkdir()
    shutil.copy(SETUP, recipe / "setup.sh")
    shutil.copy(image.key.with_suffix(".pub"), recipe / "key.pub")
    _run(
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join(packages(image.suite))}",
        *(
            f"--dpkgopt=path-exclude=/usr/share/{name}/*"
            for name in ("doc", "info", "lintian", "locale", "man")
        ),
        "--dpkgopt=force-unsafe-io",
        f'--customize-hook=install -D -m 0600 "{recipe}/key.pub" "$1/root/.ssh/authorized_keys"',
        '--customize-hook=echo hullguard-vm > "$1/etc/hostname"',
        f'--customize-hook=chroot "$1" sh -s < "{recipe}/setup.sh"',
        '--customize-hook=ln -sf /run/systemd/resolve/stub-resolv.conf "$1/etc/resolv.conf"',
        SUITES[image.suite].release,
        str(tree),
    )


def _disk(disk: Path, size: str, *options: str) -> None:
    """Write a qcow2 disk with a file system; no loop device is needed."""
    raw = disk.with_suffix(".raw")
    with raw.open("wb"):
        pass
    _run("qemu-img", "resize", "-q", "-f", "raw", str(raw), size)
    _run("mkfs.ext4", "-q", "-F", *options, str(raw))
    _run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", str(raw), str(disk))
    raw.unlink()


def _run(*command: str) -> None:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    program = shutil.which(command[0], path=path) or command[0]
    # mmdebstrap mounts nothing below a folder that is mounted noexec, as /tmp may be.
    environment = {**os.environ, "PATH": path, "TMPDIR": "/var/tmp"}
    done = subprocess.run(
        [program, *command[1:]],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise LabError(f"{command[0]} failed: {done.stdout[-2000:].strip()}")
