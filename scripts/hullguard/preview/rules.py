"""Importing this registers every rule."""

from __future__ import annotations

from hullguard.preview import daemon, files, host, network, seccomp, userns

FAMILIES = (daemon, files, host, network, seccomp, userns)
