"""What Debian's package manager does for the lab."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from lab import LabError, say

ENGINE = ("docker.io", "iptables", "mmdebstrap", "debian-archive-keyring")


def here(os_release: Path) -> bool:
    """Whether this machine is a Debian."""
    if not os_release.exists() or not shutil.which("apt-get"):
        return False
    lines = os_release.read_text(encoding="utf-8").splitlines()
    return any(line in {"ID=debian", 'ID="debian"'} for line in lines)


def install_engine() -> None:
    """Install Debian's engine with its client, saying so first."""
    install("no Docker engine here", ENGINE)
    # A package of its own from Debian 13 on, and part of docker.io before.
    if not shutil.which("docker"):
        install("no Docker client here", ["docker-cli"])


def install(reason: str, packages: Iterable[str]) -> None:
    """Install packages; with stale package lists, refresh them and try once more."""
    say(f"{reason}: installing {' '.join(packages)} with apt-get")
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    result = _apt(command)
    if result.returncode != 0:
        _apt(["apt-get", "update", "-q"])
        result = _apt(command)
    if result.returncode != 0:
        raise LabError(f"apt-get could not install {' '.join(packages)}:\n{result.stdout[-2000:]}")


def download(package: str, directory: Path) -> Path:
    """Fetch a package and unpack it, without installing it."""
    result = _apt(["apt-get", "download", "-q", package], directory)
    if result.returncode != 0:
        _apt(["apt-get", "update", "-q"])
        result = _apt(["apt-get", "download", "-q", package], directory)
    files = list(directory.glob(f"{package}_*.deb"))
    if result.returncode != 0 or not files:
        raise LabError(f"apt-get could not download {package}:\n{result.stdout[-2000:]}")
    unpacked = directory / package
    subprocess.run(["dpkg-deb", "-x", str(files[0]), str(unpacked)], check=True)
    return unpacked


def _apt(command: list[str], directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=directory,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
