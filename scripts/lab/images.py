"""Host images: Debian with systemd, an engine and auditd, built once per recipe."""

from __future__ import annotations

import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import docker

from lab import LABEL, LabError, say, store
from lab.suites import LOCAL, SUITES, Suite

RECIPE = Path(__file__).parent / "host"
SETTINGS = ("ENV container=docker", 'CMD ["/usr/local/sbin/lab-init"]')


def tag(suite: str) -> str:
    """The image of a suite; the name changes with everything that goes into it."""
    made = SUITES[suite]
    parts = [made.release or made.base, *made.packages, *made.extra, *SETTINGS]
    files = (path.read_text(encoding="utf-8") for path in sorted(RECIPE.iterdir()))
    return f"hullguard-lab/host:{suite}-{store.digest([*parts, *files])}"


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
        made = SUITES[suite]
        if registry := store.answering_registry():
            say(f"{suite}: building {name} from {registry}{made.base}")
            files = {path.name: path.read_bytes() for path in RECIPE.iterdir()}
            store.build(client, name, {**files, "Dockerfile": dockerfile(registry, suite).encode()})
        elif not made.release:
            raise LabError(
                f"{suite} can only be built from the image {made.base}, and no registry answers "
                f"(HULLGUARD_LAB_REGISTRY); without one there are {', '.join(LOCAL)}"
            )
        else:
            say(f"{suite}: no registry answers, building {name} from Debian's packages; about half a minute")
            store.import_tar(client, name, lambda tar: _bootstrap(tar, made), SETTINGS)
        say(f"{suite}: ready after {time.monotonic() - began:.0f} s")
    return name


def dockerfile(registry: str, suite: str) -> str:
    """The same host from a registry's base image."""
    made = SUITES[suite]
    lines = [
        f"FROM {registry}{made.base}",
        made.install.format(packages=" ".join([*made.packages, *made.extra])),
        "COPY init.sh setup.sh /root/",
        "RUN install -m 0755 /root/init.sh /usr/local/sbin/lab-init && sh /root/setup.sh && rm /root/*.sh",
        f"LABEL {LABEL}=image",
        *SETTINGS,
    ]
    return "\n".join(lines) + "\n"


def _bootstrap(tar: Path, made: Suite) -> None:
    if not shutil.which("mmdebstrap"):
        raise LabError("no image registry answers and mmdebstrap is missing: run apt-get install mmdebstrap")
    # A copy, for the hooks' sake: they are shell code, and this checkout's path may hold anything.
    recipe = tar.parent / "recipe"
    shutil.copytree(RECIPE, recipe)
    command = [
        "mmdebstrap",
        "--quiet",
        "--variant=minbase",
        f"--include={','.join([*made.packages, *made.extra])}",
        *(
            f"--dpkgopt=path-exclude=/usr/share/{name}/*"
            for name in ("doc", "info", "lintian", "locale", "man")
        ),
        "--dpkgopt=force-unsafe-io",
        f'--customize-hook=install -m 0755 "{recipe}/init.sh" "$1/usr/local/sbin/lab-init"',
        f'--customize-hook=chroot "$1" sh -s < "{recipe}/setup.sh"',
        made.release,
        str(tar),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise LabError(f"mmdebstrap could not build {made.release}:\n{result.stderr[-2000:]}")
