"""What everybody shares, used up to a ceiling. Heavy: only with --include-heavy."""

from __future__ import annotations

from functools import partial

from hullguard.prove.base import Probe

_probe = partial(
    Probe, family="resources", place="limitless", threat="resource_exhaustion", severity="medium", heavy=True,
    succeeds="The ceiling was reached without anybody minding.", blocked="A limit was met before.",
)  # fmt: skip

PROBES = (
    _probe(id="fork_bomb", per_container=("pids_limit",),
           tries="As an unprivileged account start 4096 processes that do nothing, an eighth of all at most.",
           cleans="They are killed at once, and the container is removed."),
    _probe(id="memory_hog", per_container=("memory_limit",),
           tries="Use 512 MiB of memory, an eighth of what is free at most.",
           cleans="The process ends and the container is removed."),
    _probe(id="file_descriptors", slugs=("default_ulimits",), per_container=("ulimit_override",),
           severity="low", tries="Keep 18000 files open at once.",
           cleans="They are closed and the container is removed."),
    _probe(id="disk_by_layer", per_container=("read_only_root",),
           tries="Write 64 MiB into the container's own file system.",
           cleans="The file is removed, and the container."),
    _probe(id="disk_by_log", roles=("docker_daemon",),
           tries="Write 32 MiB to standard output, and see what of it lies on the disk.",
           succeeds="The log has no limit.", blocked="The log was cut, or is not kept in a file of the host.",
           cleans="The log is removed with its container."),
)  # fmt: skip
