"""mutations.py HOST MACHINE: take protections of a hardened machine away by hand, one at a time.

Each has to be noticed twice: by the audit, whose verdict on a control turns from pass to fail, and by a test
of tests/host, which passes before and fails meanwhile. Afterwards it is put back, and both are content again.
What was seen is kept in reports/vm/mutations.json; the exit code is 1 when something went unnoticed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from hullguard import collect
from hullguard.audit import Plan, results
from hullguard.catalogue import load_benchmark, load_profile
from lab.vm import machines
from lab.vm.machine import Machine

ROOT = Path(__file__).resolve().parents[2]
PLAN = Plan.make(load_benchmark(), load_profile(str(ROOT / "molecule/vm/files/profile.yml")))


@dataclass(frozen=True, slots=True)
class Mutation:
    """What is done and undone on the machine, in shell; the control and the test that have to notice."""

    name: str
    do: str
    undo: str
    control: str
    test: str


MUTATIONS = (
    Mutation(
        "an AppArmor profile only complains",
        "apparmor_parser -r -C /etc/apparmor.d/hullguard-default",
        "apparmor_parser -r /etc/apparmor.d/hullguard-default",
        "apparmor_profile",
        "tests/host/docker_apparmor/test_docker_apparmor.py::test_they_are_loaded",
    ),
    Mutation(
        "the audit rule on dockerd is gone",
        "auditctl -W /usr/sbin/dockerd -p wxa -k docker",
        "auditctl -w /usr/sbin/dockerd -p wxa -k docker",
        "audit_dockerd",
        "tests/host/docker_auditd/test_docker_auditd.py::test_they_are_in_force_where_the_kernel_takes_rules",
    ),
    Mutation(
        "the firewall rule between containers is gone",
        "iptables -D FORWARD -i docker0 -o docker0 -j DROP",
        "iptables -A FORWARD -i docker0 -o docker0 -j DROP",
        "inter_container_traffic",
        "tests/host/vm/test_firewall.py::test_containers_on_the_default_bridge_are_kept_apart",
    ),
)


def verdict(machine: Machine, control: str) -> str:
    """Return the audit's verdict on a control, by fresh evidence."""
    done = subprocess.run(
        [*machine.ssh(), "python3 -"],
        input=Path(collect.__file__).read_bytes(),
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)
    return next(result.verdict for result in results(found, PLAN) if result.id == control)


def tested(host: str, test: str) -> str:
    """Return what a test of the machine says: passed or failed. Raises RuntimeError when it did not run."""
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test),
        *(f"--hosts=ansible://{host}", f"--ansible-inventory={ROOT / 'molecule/vm/inventory'}"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode > 1 or " skipped" in done.stdout:
        raise RuntimeError(f"{test} did not run:\n{done.stdout[-2000:]}{done.stderr[-500:]}")
    return "failed" if done.returncode else "passed"


def shell(machine: Machine, command: str) -> None:
    """Run a command on the machine. Raises RuntimeError with what it said."""
    code, said = machine.run(command)
    if code:
        raise RuntimeError(f"{command} ended with {code}: {said}")


def main(host: str, name: str) -> int:
    """Do them all; the exit code."""
    machine = machines.find(name)
    if machine is None:
        raise SystemExit(f"there is no machine {name}")
    # As on a host that was a router before it had an engine: there the rule is all that is in the way.
    shell(machine, "iptables -P FORWARD ACCEPT")
    rows = []
    for mutation in MUTATIONS:
        row = {"mutation": mutation.name, "control": mutation.control, "test": mutation.test}
        row["before"] = [verdict(machine, mutation.control), tested(host, mutation.test)]
        shell(machine, mutation.do)
        try:
            row["meanwhile"] = [verdict(machine, mutation.control), tested(host, mutation.test)]
        finally:
            shell(machine, mutation.undo)
        row["after"] = [verdict(machine, mutation.control), tested(host, mutation.test)]
        rows.append(row)
        print(json.dumps(row), flush=True)
    reports = ROOT / "reports" / "vm"
    reports.mkdir(parents=True, exist_ok=True)
    (reports / "mutations.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    noticed = all(
        (row["before"], row["meanwhile"], row["after"])
        == (["pass", "passed"], ["fail", "failed"], ["pass", "passed"])
        for row in rows
    )
    return 0 if noticed else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
