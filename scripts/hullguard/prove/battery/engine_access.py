"""Who gets at the engine: from containers, from the network, as an account without rights."""

from __future__ import annotations

from functools import partial

from hullguard.prove.base import Probe

_probe = partial(Probe, family="engine_access", threat="privilege_escalation")
CLOSED = "The file is opened and closed again; nothing is written."
PROCESS = "A process of this command ends; nothing else was made."
_account = partial(_probe, place="account", cleans=PROCESS)

PROBES = (
    _probe(
        id="socket_as_root", severity="critical", place="socket", slugs=("userns_remap",),
        per_container=("engine_socket_mounted",), threat="container_escape",
        tries="As root of a container use the engine's mounted socket.",
        succeeds="The engine answers: that is root on the host.", blocked="The socket can't be connected to.",
    ),
    _probe(
        id="socket_by_group", severity="critical", place="socket", slugs=("userns_remap",),
        per_container=("engine_socket_mounted",), threat="container_escape",
        tries="As an unprivileged account of a container with the socket's group use the mounted socket.",
        succeeds="The engine answers: that is root on the host.", blocked="The socket can't be connected to.",
    ),
    _account(
        id="socket_as_stranger", severity="critical", slugs=("docker_socket_mode", "docker_socket_owner"),
        tries="As an account of the host without groups use the engine's socket.",
        succeeds="The engine answers: that is root on the host.", blocked="The socket can't be connected to.",
    ),
    _account(
        id="containerd_as_stranger", severity="critical",
        slugs=("containerd_socket_mode", "containerd_socket_owner"),
        tries="As an account of the host without groups connect to containerd's socket.",
        succeeds="It was connected to: that is root on the host.", blocked="It can't be connected to.",
    ),
    _account(
        id="group_members", severity="high", slugs=("docker_group_members",),
        tries="As each account of the socket's group that nobody has approved use the engine's socket.",
        succeeds="The engine answers such an account.", blocked="There is no such account, or it is refused.",
    ),
    _account(
        id="daemon_json_as_stranger", severity="critical", cleans=CLOSED,
        slugs=("daemon_json_mode", "daemon_json_owner"),
        tries="As an account of the host without groups open daemon.json for writing.",
        succeeds="It may be written: that is root on the host.", blocked="It may not be written.",
    ),
    _account(
        id="config_dir_as_stranger", severity="critical", cleans="Only the permission is asked for.",
        slugs=("config_dir_mode", "config_dir_owner"),
        tries="As an account of the host without groups put another file in daemon.json's place.",
        succeeds="It may be replaced: that is root on the host.", blocked="The folder may not be written.",
    ),
    _account(
        id="units_as_stranger", severity="critical", cleans=CLOSED,
        slugs=(
            "service_unit_mode", "service_unit_owner", "socket_unit_mode", "socket_unit_owner",
            "debian_defaults_mode", "debian_defaults_owner", "rhel_sysconfig_mode", "rhel_sysconfig_owner",
        ),
        tries="As an account of the host without groups write the engine's units, or a file beside them.",
        succeeds="One may be written: that is root on the host.", blocked="None may be written.",
    ),
    _account(
        id="tls_key_as_stranger", severity="critical", cleans=CLOSED, slugs=("tls_key_mode", "tls_key_owner"),
        tries="As an account of the host without groups open the engine's TLS key for reading.",
        succeeds="It may be read.", blocked="It may not be read, or the engine has none.",
    ),
    _probe(
        id="api_from_host", severity="critical", place="account", slugs=("remote_api_tls",),
        threat="network_attack", cleans=PROCESS,
        tries="Ask for the engine's API over TCP, at the host's addresses, without credentials.",
        succeeds="The engine answers: that is root on the host.", blocked="No engine answers.",
    ),
    _probe(
        id="api_from_container", severity="critical", place="plain", slugs=("remote_api_tls",),
        threat="network_attack",
        tries="From a container ask for the engine's API over TCP, without credentials.",
        succeeds="The engine answers: that is root on the host.", blocked="No engine answers.",
    ),
)  # fmt: skip
