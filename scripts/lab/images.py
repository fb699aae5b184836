"""Host images: Debian with systemd, an engine and auditd, built once per recipe."""

from __future__ import annotations

import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker

from lab import LABEL, LabError, say, store

RECIPE = Path(__file__).parent / "host"
PACKAGES = (
    "auditd",
    "ca-certificates",
    "dbus",
    "docker.io",
    "iproute2",
    "iptables",
    "kmod",
    "procps",
    "python3",
    "python3-apt",
    "sudo",
    "systemd",
    "systemd-sysv",
)
# Each suite: the release, and what it needs besides; trixie's engine only recommends its client.
SUITES: dict[str, tuple[str, tuple[str, ...]]] = {
    "debian-12": ("bookworm", ()),
    "debian-13": ("trixie", ("docker-cli",)),
}
SETTINGS = ("ENV container=docker", 'CMD ["/usr/local/sbin/lab-init"]')


def tag(suite: str) -> str:
    """The image of a suite; the name changes with everything that goes into it."""
    release, extra = SUITES[suite]
    files = (path.read_text(encoding="utf-8") for path in sorted(RECIPE.iterdir()))
    return f"hullguard-lab/host:{suite}-{store.digest([release, *PACKAGES, *extra, *SETTINGS, *files])}"


def ensure(client: docker.DockerClient, suites: list[str]) -> dict[str, str]:
    """Build what is missing, side by side; each suite with its image."""
    with ThreadPoolExecutor() as pool:
        return dict(zip(suites, pool.map(lambda suite: _ensure(client, suite), suites), strict=True))


def _ensure(client: docker.DockerClient, suite: str) -> str:
    name = tag(suite)
    if store.have(client, name):
        return name
    with store.only_one(name):
        if store.have(client, name):
            return name
        began = time.monotonic()
        release, extra = SUITES[suite]
        if registry := store.answering_registry():
            say(f"{suite}: building {name} from {registry}debian:{release}-slim")
            files = {path.name: path.read_bytes() for path in RECIPE.iterdir()}
            store.build(client, name, {**files, "Dockerfile": dockerfile(registry, suite).encode()})
        else:
            say(f"{suite}: no registry answers, building {name} from Debian's packages; about half a minute")
            store.import_tar(client, name, lambda tar: _bootstrap(tar, release, extra), SETTINGS)
        say(f"{suite}: ready after {time.monotonic() - began:.0f} s")
    return name


def dockerfile(registry: str, suite: str) -> str:
    """The same host from a registry's base image."""
    release, extra = SUITES[suite]
    lines = [
        f"FROM {registry}debian:{release}-slim",
        "RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "
        f"{' '.join([*PACKAGES, *extra])} && rm -rf /var/lib/apt/lists/*",
        "COPY init.sh setup.sh /root/",
        "RUN install -m 0755 /root/init.sh /usr/local/sbin/lab-init && sh /root/setup.sh && rm /root/*.sh",
        f"LABEL {LABEL}=image",
        *SETTINGS,
    ]
    return "\n".join(lines) + "\n"


def _bootstrap(tar: Path, release: str, extra: tuple[str, ...]) -> None:
    if not shutil.which("mmdebstrap"):
        raise LabError("no image registry answers and mmdebstrap is missing: run apt-get install mmdebstrap")
    # A copy, for the hooks' sake: they are shell code, and this checkout's path may hold anything.
    recipe = tar.parent / "recipe"
    shutil.copytree(RECIPE, recipe)
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join([*PACKAGES, *extra])}",
        *(
            f"--dpkgopt=path-exclude=/usr/share/{name}/*"
            for name in ("doc", "info", "lintian", "locale", "man")
        ),
        "--dpkgopt=force-unsafe-io",
        f'--customize-hook=install -m 0755 "{recipe}/init.sh" "$1/usr/local/sbin/lab-init"',
        f'--customize-hook=chroot "$1" sh -s < "{recipe}/setup.sh"',
        release,
        str(tar),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise LabError(f"mmdebstrap could not build {release}:\n{result.stderr[-2000:]}")
