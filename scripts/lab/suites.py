"""What throwaway hosts are made of, per distribution release."""

from __future__ import annotations

from dataclasses import dataclass

# Debian's names, which are Ubuntu's as well.
PACKAGES = (
    "apparmor",
    "auditd",
    "ca-certificates",
    "dbus",
    "dbus-user-session",
    "docker.io",
    "iproute2",
    "iptables",
    "kmod",
    "nftables",
    "openssl",
    "procps",
    "python3",
    "python3-apt",
    "rootlesskit",
    "slirp4netns",
    "sudo",
    "systemd",
    "systemd-sysv",
    "uidmap",
)
# Enterprise Linux has no engine of its own: it comes from Docker's repository, which a machine has to reach.
REDHAT = (
    "audit",
    "ca-certificates",
    "containerd.io",
    "dbus-daemon",
    "docker-ce",
    "docker-ce-cli",
    "docker-ce-rootless-extras",
    "iproute",
    "iptables-nft",
    "kmod",
    "nftables",
    "openssl",
    "procps-ng",
    "python3",
    "python3-libselinux",
    "shadow-utils",
    "slirp4netns",
    "sudo",
    "systemd",
)
APT = (
    "RUN apt-get update"
    " && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {packages}"
    " && rm -rf /var/lib/apt/lists/*"
)
DNF = (
    "RUN dnf install -y dnf-plugins-core"
    " && dnf config-manager --add-repo https://download.docker.com/linux/centos/docker-ce.repo"
    " && dnf install -y --allowerasing --setopt=install_weak_deps=False {packages} && dnf clean all"
)


@dataclass(frozen=True, slots=True)
class Suite:
    """One release: its base image, and what a host needs besides.

    `release` is the name by which mmdebstrap builds it from Debian's packages where no registry answers; it
    is empty for those that can only be built from a base image.
    """

    base: str
    release: str = ""
    packages: tuple[str, ...] = PACKAGES
    extra: tuple[str, ...] = ()
    install: str = APT


# What the examples' own commands call. Their registry and databases run on such a host, never on the machine.
EXAMPLES = (
    "curl",
    "docker-buildx",
    "docker-compose",
    "docker-registry",
    "jq",
    "mmdebstrap",
    "python3-click",
    "python3-docker",
    "python3-jinja2",
    "python3-jsonschema",
    "python3-rich",
    "python3-venv",
    "python3-yaml",
)

# Trixie's engine only recommends its client.
SUITES: dict[str, Suite] = {
    "debian-12": Suite("debian:bookworm-slim", "bookworm"),
    "debian-13": Suite("debian:trixie-slim", "trixie", extra=("docker-cli",)),
    "examples": Suite("debian:trixie-slim", "trixie", extra=("docker-cli", *EXAMPLES)),
    "ubuntu-22.04": Suite("ubuntu:22.04"),
    "ubuntu-24.04": Suite("ubuntu:24.04"),
    "el-9": Suite("rockylinux:9", packages=REDHAT, install=DNF),
}
# Those that need no registry of images; roles are tested on the usual ones.
LOCAL = tuple(name for name, suite in SUITES.items() if suite.release)
USUAL = ("debian-12", "debian-13")
