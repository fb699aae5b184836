#!/usr/bin/env python3
"""The throwaway hosts, named after the scenario; a run with a prefix of its own keeps apart from others."""

import json
import os

SUITES = {"debian12": "debian-12", "debian13": "debian-13"}
prefix = os.environ.get("HULLGUARD_LAB_PREFIX", "hullguard")
scenario = os.environ.get("MOLECULE_SCENARIO_NAME", "default").replace("_", "-")
hostvars = {
    name: {"ansible_host": f"{prefix}-{scenario}-{name}", "lab_suite": suite}
    for name, suite in SUITES.items()
}
variables = {
    "ansible_connection": "community.docker.docker",
    "ansible_python_interpreter": "/usr/bin/python3",
}
print(json.dumps({"lab": {"hosts": list(SUITES), "vars": variables}, "_meta": {"hostvars": hostvars}}))
