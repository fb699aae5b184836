"""Run services under a seccomp profile: start, ask, stop."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from examples_support.host import ROOT, ExampleHost
from syscalls_support import services
from syscalls_support.services import Service

from docs import seccomp

FILE = ROOT / "compliance/docs/seccomp-workloads.json"


@dataclass(frozen=True, slots=True)
class Life:
    """What became of a service: `served` is what it answered, `code` its exit code, `log` its own words."""

    served: str
    code: int
    log: str

    def ran(self, service: Service) -> bool:
        """Whether it started, served and stopped cleanly."""
        return service.answer in self.served and self.code == 0


def prepare(host: ExampleHost) -> None:
    """Bring what the services mount."""
    host.put(services.APP, "/opt/app")
    host.write(services.HAPROXY, "/opt/haproxy.cfg")


def profile(host: ExampleHost, name: str, allow: Iterable[str] = ()) -> str:
    """Put a profile on the host; return its path there."""
    path = "-".join(["/opt/seccomp", name, *allow]) + ".json"
    host.write(json.dumps(seccomp.profile(ROOT, name, allow)), path)
    return path


def live(host: ExampleHost, image: str, service: Service, profile_path: str) -> Life:
    """Start, ask and stop a service under a profile; its container is gone afterwards."""
    name = f"sy-{service.name}-{profile_path.rpartition('/')[2].partition('.')[0]}"
    arguments = " ".join(service.options)
    command = " ".join(f"'{word}'" for word in service.start)
    host.output(
        f"docker run -d --name {name} --security-opt seccomp={profile_path} {arguments} {image} {command}"
    )
    try:
        served = _asked(host, service, name)
        host.output(f"docker stop --time 20 {name}")
        code = int(host.output(f"docker inspect -f '{{{{.State.ExitCode}}}}' {name}"))
        return Life(served, code, host.run(f"docker logs {name} 2>&1 | tail -n 20")[1])
    finally:
        host.output(f"docker rm --force --volumes {name}")


def _asked(host: ExampleHost, service: Service, name: str) -> str:
    """Ask until it answers, has ended, or has had its time; return the last answer."""
    deadline = time.monotonic() + services.SECONDS
    said = ""
    while time.monotonic() < deadline:
        state: dict[str, Any] = json.loads(host.output(f"docker inspect {name}"))[0]
        if not state["State"]["Running"]:
            return said
        ask = service.ask.format(address=state["NetworkSettings"]["IPAddress"], name=name)
        said = host.run(ask)[1]
        if service.answer in said:
            return said
        time.sleep(0.3)
    return said


def keep(document: dict[str, Any]) -> None:
    """Write what compliance/docs/seccomp-workloads.json holds."""
    digests = {name: seccomp.digest(ROOT, name) for name in seccomp.CHAINS}
    FILE.write_text(json.dumps({"profiles": digests, **document}, indent=1) + "\n", encoding="utf-8")
