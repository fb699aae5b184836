"""Other containers' secrets."""

from __future__ import annotations

from functools import partial

from hullguard.prove.base import Probe

_probe = partial(Probe, family="data", threat="data_exfiltration", severity="high")

PROBES = (
    _probe(
        id="neighbour_environment", place="plain", per_container=("host_pid",),
        tries="Read another container's environment from the processes that can be seen.",
        succeeds="Its secret was read.", blocked="No process of another container can be seen.",
    ),
    _probe(
        id="neighbour_environment_host_pid", place="host_pid", slugs=("userns_remap",),
        per_container=("host_pid",),
        tries="With the host's process ids read another container's environment.",
        succeeds="Its secret was read.",
        blocked="The engine refuses the host's process ids, or the kernel the other's environment.",
    ),
    _probe(
        id="environment_by_socket", place="socket", slugs=("userns_remap",),
        per_container=("engine_socket_mounted",),
        tries="With the engine's socket mounted ask it for another container's environment.",
        succeeds="The engine told its secret.", blocked="The socket can't be connected to.",
    ),
)  # fmt: skip
