"""Who reaches whom: containers, the host, the engine's API, a cloud's metadata."""

from __future__ import annotations

from functools import partial

from hullguard.prove.base import Probe

_probe = partial(
    Probe, family="network", place="plain", threat="network_attack", severity="medium",
    succeeds="It answered.", blocked="Nobody answered, or the connection was refused.",
)  # fmt: skip
BRIDGE = ("default_bridge_unused",)

PROBES = (
    _probe(id="neighbour_port", slugs=("inter_container_traffic",), per_container=BRIDGE,
           tries="Connect to a port of another container on the default bridge that it has not published."),
    _probe(id="neighbour_ping", slugs=("inter_container_traffic",), per_container=(*BRIDGE, "capabilities"),
           severity="low", tries="Ping another container on the default bridge through a raw socket."),
    _probe(id="neighbour_arp", per_container=(*BRIDGE, "capabilities", "seccomp"), roles=("docker_seccomp",),
           tries="Tell another container on the default bridge by ARP that an address of nobody is ours.",
           succeeds="It believed it: what it sends there comes to the attacker.",
           cleans="Both containers are removed; nobody else was told."),
    _probe(id="networks_apart", place="other_network", slugs=("packet_filter_managed",), severity="high",
           tries="From another network connect to a container on the default bridge, at its own address.",
           cleans="The network and the containers are removed."),
    _probe(id="published_port_elsewhere", place="other_network", severity="low",
           per_container=("wildcard_bind",), roles=("docker_network",),
           tries="From another network connect to a port published without an address.",
           cleans="The network and the containers are removed."),
    _probe(id="host_port", severity="low", slugs=(),
           tries="Connect to a port of the host on the bridge's own address.",
           cleans="The port was opened for this and is closed."),
    _probe(id="host_loopback_frame", severity="high", per_container=("capabilities", "seccomp"),
           roles=("docker_network", "docker_seccomp"),
           tries="Send the bridge a frame for 127.0.0.1, to a port that the host has opened for itself only.",
           cleans="The port was opened for this and is closed."),
    _probe(id="host_loopback", place="host_network", severity="high", slugs=("userns_remap",),
           per_container=("host_network",),
           tries="With the host's network connect to a port that the host has opened for itself only.",
           blocked="The engine refuses the host's network, or the connection was refused.",
           cleans="The port was opened for this and is closed."),
    _probe(id="metadata", severity="high", threat="data_exfiltration", roles=("docker_network",),
           tries="Connect to the address where clouds hand out a machine's credentials.",
           blocked="The host gets an answer there, the container none."),
)  # fmt: skip
