#!/usr/bin/env python3
"""The throwaway hosts, named after the scenario; a run with a prefix of its own keeps apart from others.

HULLGUARD_LAB_SUITES=ubuntu-24.04,el-9 takes other hosts, where a registry has their base images.
"""

import json
import os

suites = os.environ.get("HULLGUARD_LAB_SUITES", "debian-12,debian-13").split(",")
prefix = os.environ.get("HULLGUARD_LAB_PREFIX", "hullguard")
scenario = os.environ.get("MOLECULE_SCENARIO_NAME", "default").replace("_", "-")
names = {suite.replace("-", "").replace(".", ""): suite for suite in suites}
hostvars = {
    name: {"ansible_host": f"{prefix}-{scenario}-{name}", "lab_suite": suite} for name, suite in names.items()
}
variables = {
    "ansible_connection": os.environ.get("HULLGUARD_LAB_CONNECTION", "community.docker.docker"),
    "ansible_python_interpreter": "/usr/bin/python3",
}
print(json.dumps({"lab": {"hosts": list(names), "vars": variables}, "_meta": {"hostvars": hostvars}}))
