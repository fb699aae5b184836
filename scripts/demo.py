"""Show the main job on a throwaway Debian 13 host: audit and attack it, harden it, audit and attack it again.

The host is a container, or with --vm a virtual machine, which has AppArmor and audit rules of its own.
Nothing on this machine is changed but reports/demo; the host is removed at the end unless --keep is given.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docker

from hullguard import diff as comparison
from hullguard.catalogue import load_controls
from hullguard.cli.output import emit
from hullguard.prove import join
from hullguard.reports import Options, write_diff, write_report
from lab import LabError, attacks, engine, workload
from lab.place import ContainerPlace, MachinePlace, Place

ROOT = Path(__file__).resolve().parent.parent
REPORTS = ROOT / "reports" / "demo"
HOST = "hullguard-demo"
SUITE = "debian-13"
# What the roles bring about without being told anything of this host.
FIXED = sorted(c.id for c in load_controls().values() if c.fixed_by and "with" not in c.fix)

# Arguments of `docker` inside the host; IMAGE stands for the tiny image. All but the last are careless.
WORKLOAD: Mapping[str, Sequence[str]] = {
    # Created only: a machine that is itself confined can't start a privileged container.
    "all-powers": ("create", "--privileged", "IMAGE", "sleep", "86400"),
    "holds-the-socket": (
        "run",
        "-d",
        "-v",
        "/var/run/docker.sock:/var/run/docker.sock",
        "IMAGE",
        "sleep",
        "86400",
    ),
    "tells-its-secret": (
        "run",
        "-d",
        "-e",
        "DB_PASSWORD=correct-horse",
        "-p",
        "8080:80",
        "IMAGE",
        "sleep",
        "86400",
    ),
    "on-the-host-network": (
        "run",
        "-d",
        "--network",
        "host",
        "--restart",
        "always",
        "IMAGE",
        "sleep",
        "86400",
    ),
    "without-limits": ("run", "-d", "IMAGE", "sleep", "86400"),
    "decent": (
        *("run", "-d", "--network", "app", "--read-only", "--cap-drop", "ALL", "--user", "1000"),
        *("--security-opt", "no-new-privileges", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "64"),
        *("--restart", "on-failure:5", "--health-cmd", "true", "--publish", "127.0.0.1:8443:8443"),
        *("IMAGE", "sleep", "86400"),
    ),
}


class Steps:
    """Tells what happens, and how long the last step took."""

    def __init__(self, total: int) -> None:
        self.total, self.number, self.begun = total, 0, time.monotonic()

    def next(self, text: str) -> None:
        """Begin the next step."""
        self.number += 1
        print(
            f"\n[{self.number}/{self.total}] {text} ({time.monotonic() - self.begun:.0f} s so far)",
            flush=True,
        )


def careless(host: Place, image: str) -> None:
    """Give the host a careless configuration and workload, as hosts in the wild have them."""
    host.run(
        "sh",
        "-c",
        "echo '{\"debug\": false}' > /etc/docker/daemon.json && chmod 0666 /etc/docker/daemon.json",
    )
    host.run("chmod", "0777", "/etc/docker")
    host.run("chmod", "0664", "/usr/lib/systemd/system/docker.service")
    host.run("systemctl", "restart", "docker")
    host.run("docker", "network", "create", "app")
    for name, arguments in WORKLOAD.items():
        verb, *rest = (image if word == "IMAGE" else word for word in arguments)
        host.run("docker", verb, "--name", name, *rest)
        print(f"  {name}")


def playbook(name: str, inventory: Path, **variables: str) -> None:
    """Run one of the playbooks against the host. Raises LabError when it fails."""
    extra = [word for key, value in variables.items() for word in ("-e", f"{key}={value}")]
    command = ["ansible-playbook", "-i", str(inventory), str(ROOT / "playbooks" / f"{name}.yml"), *extra]
    warm = {
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "scripts" / "lab" / "callback"),
        "ANSIBLE_CALLBACKS_ENABLED": "hullguard_warm",
    }
    done = subprocess.run(command, cwd=ROOT, env=os.environ | warm, stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        raise LabError(f"playbooks/{name}.yml failed: its own words are above")


def judged(folder: Path) -> dict[str, Any]:
    """Return the JSON report that playbooks/audit.yml left in a folder."""
    document: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return document


def counts(label: str, report: Mapping[str, Any]) -> str:
    """Return one line of verdict counts."""
    summary = report["hosts"][0]["summary"]
    return f"{label:<7}" + "".join(
        f"{verdict.replace('_', ' ')} {number:<4}" for verdict, number in summary.items()
    )


def still_failing(report: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return {container: numbers of the controls that it fails}."""
    found: dict[str, list[str]] = {name: [] for name in WORKLOAD}
    for row in report["hosts"][0]["results"]:
        for name in {
            thing["name"] for thing in row["objects"] if thing["kind"] == "container"
        } & found.keys():
            if row["verdict"] == "fail":
                found[name].append(row["number"])
    return found


def verify(after: Mapping[str, Any]) -> None:
    """Raise LabError unless the roles' own controls hold now and the careless containers are still named."""
    owned = [row for row in after["hosts"][0]["results"] if row["id"] in FIXED and row["verdict"] == "fail"]
    if owned:
        raise LabError(
            "after hardening these still fail: " + ", ".join(f"{row['number']} {row['id']}" for row in owned)
        )
    unnamed = [name for name, numbers in still_failing(after).items() if not numbers and name != "decent"]
    if unnamed:
        raise LabError(f"careless containers that no control names: {', '.join(unnamed)}")


def show(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Print what changed and what is left."""
    write_diff("table", comparison.diff(before, after, after["generated_at"]), sys.stdout)
    print("\n" + counts("before", before) + "\n" + counts("after", after))
    print("\nWhat no role can mend, because it belongs to whoever starts the container:")
    for name, numbers in still_failing(after).items():
        print(f"  {name:<20} fails {len(numbers):>2}: {', '.join(numbers)}")


def write(before: Mapping[str, Any], joined: Mapping[str, Any]) -> None:
    """Write the report that joins audit and attacks, as JSON and as a page."""
    emit(lambda stream: write_report("json", joined, stream, Options()), REPORTS / "report.json")
    page = REPORTS / "report.html"
    emit(lambda stream: write_report("html", joined, stream, Options(before=before)), page)
    print(f"\nThe report: {page.relative_to(ROOT)} (open it in a browser)")


def run(client: docker.DockerClient, host: Place, steps: Steps) -> None:
    """Do the whole demo on the host that is up."""
    steps.next("giving it a careless workload")
    image = workload.ensure(client)
    host.load(image)
    careless(host, image)
    inventory = REPORTS / "inventory.json"
    inventory.write_text(
        json.dumps({"docker_hosts": {"hosts": {host.name: host.variables()}}}), encoding="utf-8"
    )
    steps.next("audit: playbooks/audit.yml")
    playbook("audit", inventory, hullguard_report_dir=str(REPORTS / "before"))
    steps.next("attack it from throwaway containers: hullguard prove")
    attacked = attacks.carry_out(host, REPORTS / "before")
    steps.next("harden: playbooks/harden.yml")
    playbook("harden", inventory)
    steps.next("audit again")
    playbook("audit", inventory, hullguard_report_dir=str(REPORTS / "after"))
    steps.next("attack it again")
    attacked_again = attacks.carry_out(host, REPORTS / "after")
    steps.next("what changed")
    before, after = judged(REPORTS / "before"), judged(REPORTS / "after")
    joined = join.joined(after, [attacked_again])
    show(before, after)
    attacks.show(attacked, attacked_again, joined)
    write(before, joined)
    verify(after)
    attacks.verify(attacked, attacked_again, joined)


def main() -> int:
    """Run the demo and clean up; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--keep", action="store_true", help="leave the host running and say how to get in")
    parser.add_argument(
        "--vm", action="store_true", help="take a virtual machine: slower, and all of it can be seen"
    )
    options = parser.parse_args()
    steps = Steps(9)
    shutil.rmtree(REPORTS, ignore_errors=True)
    REPORTS.mkdir(parents=True, mode=0o700)
    steps.next("finding an engine")
    client = engine.ensure()
    host = MachinePlace(client, HOST, SUITE) if options.vm else ContainerPlace(client, HOST, SUITE)
    kind = "virtual machine" if options.vm else "host"
    steps.next(f"booting a throwaway {kind}, whose image is made first when it is missing")
    try:
        host.up()
        run(client, host, steps)
    finally:
        if options.keep:
            print(f"\nKept. Get in with: {host.enter()}")
        elif host.remove():
            print(f"\nThe throwaway {kind} is gone; the reports stay.")
    print(f"Done after {time.monotonic() - steps.begun:.0f} s.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (LabError, docker.errors.DockerException) as problem:
        print(f"\ndemo: error: {problem}", file=sys.stderr)
        sys.exit(1)
