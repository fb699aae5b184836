"""What probes have to know of this host: addresses, ports, groups, paths. Found out, never changed."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hullguard import collect
from hullguard.prove.engine import Engine, Refused
from hullguard.watch.engine import Engine as Asked

METADATA = "169.254.169.254"
# Where the API is by habit: without TLS, with TLS, and Boot2Docker's.
USUAL_PORTS = (2375, 2376, 4243)


@dataclass(frozen=True, slots=True)
class Host:
    """The engine's facts as the audit collects them, the paths that its file controls speak of, and `inside`:
    what the containers are told.
    """

    engine: dict[str, Any]
    paths: dict[str, list[str] | None]
    inside: dict[str, Any]


def look(engine: Engine) -> Host:
    """Find it all out. What can't be seen is left out, with a reason where a probe will ask for it."""
    around = Asked(engine.path, engine.timeout).surroundings().engine
    units: dict[str, Any] = {}
    with suppress(collect.Unseen):
        units = collect.units()
    paths: dict[str, list[str] | None] = {}
    with suppress(OSError):
        paths = collect.targets(around, units)
    inside: dict[str, Any] = {
        "metadata": METADATA, "metadata_from_host": answers(METADATA, 80),
        "api_ports": sorted({*USUAL_PORTS, *_named(around), *_unit_ports(units), *_held(around)}),
        **ceilings(), "disk": disk(), "socket_group": _group(engine.path), **bridge(engine),
    }  # fmt: skip
    inside["host_addresses"] = addresses(inside.get("gateway"))
    return Host(around, paths, inside)


def bridge(engine: Engine) -> dict[str, Any]:
    """Return the default bridge's gateway and an address on it that nobody has."""
    try:
        found = engine.ask("GET", "/networks/bridge")
        config = found["IPAM"]["Config"]
        subnet = next(ipaddress.ip_network(row["Subnet"]) for row in config if ":" not in row["Subnet"])
        gateway = next(
            (row["Gateway"] for row in config if row.get("Gateway") and ":" not in row["Gateway"]), None
        )
    except (Refused, KeyError, TypeError, ValueError, StopIteration):
        return {
            "why_no_gateway": "there is no default bridge",
            "why_no_neighbour": "there is no default bridge",
        }
    gateway = str(gateway or subnet.network_address + 1).partition("/")[0]
    taken = {
        str(row.get("IPv4Address", "")).partition("/")[0] for row in (found.get("Containers") or {}).values()
    }
    free = (str(subnet.broadcast_address - step) for step in range(1, min(64, subnet.num_addresses - 2)))
    unused = next((one for one in free if one not in taken and one != gateway), None)
    return {"gateway": gateway, "unused_address": unused}


def addresses(gateway: str | None) -> list[str]:
    """Return the bridge's address and the one that this host has towards the outside."""
    found = [gateway] if gateway else []
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a datagram socket sends nothing by connecting
        found.append(str(probe.getsockname()[0]))
    return list(dict.fromkeys(found))


def answers(address: str, port: int, timeout: float = 1.5) -> bool:
    """Return whether this host gets a connection there."""
    try:
        with socket.create_connection((address, port), timeout):
            return True
    except OSError:
        return False


def disk(partitions: Path = Path("/proc/partitions")) -> list[int] | None:
    """Return major and minor number of the first disk; None when there is none."""
    with suppress(OSError):
        for line in partitions.read_text(encoding="ascii").splitlines():
            words = line.split()
            if len(words) == 4 and words[0].isdecimal() and not words[3].startswith(("loop", "ram", "zram")):
                return [int(words[0]), int(words[1])]
    return None


def ceilings(proc: Path = Path("/proc")) -> dict[str, int]:
    """Return how many processes and how much memory a heavy probe may use: what no host misses."""
    processes, memory = 4096, 512
    with suppress(OSError, ValueError):
        processes = min(processes, int((proc / "sys/kernel/pid_max").read_text(encoding="ascii")) // 8)
    with suppress(OSError, ValueError, StopIteration):
        rows = (proc / "meminfo").read_text(encoding="ascii").splitlines()
        available = next(int(row.split()[1]) for row in rows if row.startswith("MemAvailable:"))
        memory = min(memory, available // 1024 // 8)
    return {"processes": processes, "memory_mib": memory // 16 * 16}


def _group(path: str) -> int | None:
    try:
        return Path(path).stat().st_gid
    except OSError:
        return None


def _named(engine: Mapping[str, Any]) -> set[int]:
    """Ports of the API that the engine's options name."""
    flags = (engine.get("process") or {}).get("flags") or {}
    content = (engine.get("daemon_json") or {}).get("content") or {}
    hosts = [*_texts(flags.get("hosts")), *_texts(content.get("hosts"))]
    return {int(port[1]) for host in hosts if (port := re.search(r":(\d{1,5})$", host))}


def _unit_ports(units: Mapping[str, Any]) -> set[int]:
    """Ports that the socket unit listens on in the engine's name."""
    listen = _texts(units.get("docker.socket", {}).get("Listen"))
    return {
        int(port[0]) for one in listen if not one.startswith("/") and (port := re.search(r"\d{1,5}$", one))
    }


def _held(engine: Mapping[str, Any]) -> set[int]:
    """Ports that the engine's process listens on, whatever its options say."""
    pid = (engine.get("process") or {}).get("pid")
    own, found = set(), set()
    with suppress(OSError):
        for handle in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                own.add(str(handle.readlink()))
    for table in ("tcp", "tcp6"):
        with suppress(OSError, ValueError, IndexError):
            for line in Path(f"/proc/{pid}/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
                words = line.split()
                if words[3] == "0A" and f"socket:[{words[9]}]" in own:  # listening
                    found.add(int(words[1].rpartition(":")[2], 16))
    return found


def _texts(value: Any) -> Iterable[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
