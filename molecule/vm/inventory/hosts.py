#!/usr/bin/env python3
"""The throwaway virtual machines, as far as they run; HULLGUARD_VM_SUITES=debian-12 takes another release."""

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scripts"))

from lab.vm import cli, machines

prefix = os.environ.get("HULLGUARD_LAB_PREFIX", "hullguard")
hosts = {}
for suite in os.environ.get("HULLGUARD_VM_SUITES", "debian-13").split(","):
    name = f"{prefix}-vm-{suite}"
    machine = machines.find(name)
    found = cli.variables(machine) if machine and machine.pid else {}
    hosts[suite.replace("-", "")] = {**found, "lab_suite": suite, "lab_name": name}
groups = {"lab": {"hosts": list(hosts)}, "docker_hosts": {"children": ["lab"]}}
print(json.dumps({**groups, "_meta": {"hostvars": hosts}}))
