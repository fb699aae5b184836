"""The kernel's own files, and devices. They are opened for writing, and nothing is written."""

from __future__ import annotations

from functools import partial

from hullguard.prove.base import Probe

NOTHING = "Nothing is written; its container is removed."
_probe = partial(
    Probe, family="kernel_files", place="plain", threat="container_escape", severity="high", cleans=NOTHING,
    per_container=("privileged", "capabilities"), succeeds="A file was opened for writing.",
    blocked="It is mounted read-only, masked, or not there.",
)  # fmt: skip

PROBES = (
    _probe(id="kernel_parameters", tries="Open the kernel's parameters (/proc/sys) for writing."),
    _probe(id="core_pattern", severity="critical",
           tries="Open core_pattern, by which the host's root runs a program, for writing."),
    _probe(id="sysrq", tries="Open the trigger of emergency commands (/proc/sysrq-trigger) for writing."),
    _probe(id="sysfs", tries="Open settings of devices and of the kernel (/sys) for writing."),
    _probe(id="release_agent", severity="critical",
           tries="Open a cgroup's release_agent, by which the host's root runs a program, for writing."),
    _probe(id="own_limits", severity="medium", threat="resource_exhaustion",
           tries="Open the container's own limits of memory and processes for writing."),
    _probe(id="kernel_memory", tries="Read the kernel's memory (/proc/kcore).",
           succeeds="It was read."),
    _probe(id="masked_files", severity="low", threat="data_exfiltration",
           tries="Read keys, timers and firmware in /proc and /sys.", succeeds="One of them was read."),
    _probe(id="kernel_addresses", severity="medium",
           tries="Learn where the kernel's code lies (/proc/kallsyms).",
           succeeds="Addresses were read.", blocked="They are all zero, or the file can't be read."),
    _probe(id="host_device", severity="critical",
           per_container=("privileged", "host_devices", "capabilities"),
           tries="Open the host's memory and disk by device nodes of one's own, for reading.",
           succeeds="One of them was opened.", blocked="The cgroup's device rules or the filter refuse."),
    _probe(id="device_list", severity="high", per_container=("privileged", "host_devices"),
           tries="Find a disk, the memory or the virtual machines' device in /dev.",
           succeeds="One of them is there.", blocked="None is there."),
    _probe(id="core_pattern_remounted", severity="critical", place="sys_admin", slugs=("userns_remap",),
           per_container=("capabilities", "apparmor_profile"),
           tries="With CAP_SYS_ADMIN make /proc/sys writable, and open core_pattern for writing."),
    _probe(id="release_agent_mounted", severity="critical", place="sys_admin", slugs=("userns_remap",),
           per_container=("capabilities", "apparmor_profile"),
           tries="With CAP_SYS_ADMIN mount a cgroup hierarchy, and open its release_agent for writing.",
           blocked="It can't be mounted or opened; hosts with cgroup version 2 alone have none."),
)  # fmt: skip
