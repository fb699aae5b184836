#!/usr/bin/env python3
"""Prints, for every control that a role brings about, how a host is made to fail it: a list of mappings.

Each has `control`, `role`, `with` (variables that the role needs for it) and `break`, a shell command for the
host; what stands in braces there is a file of the host's evidence: {file:docker_socket}. Made from the
controls themselves, so that a new one is tried without anybody thinking of it.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

from hullguard.catalogue import Control, load_controls

# What takes away the rule for a path, and those for the folders it is in, which watch it as well.
UNWATCH = """rules=/etc/audit/rules.d/zz-hullguard-docker.rules && awk -v path=PATH '
!($1 == "-w" && index(path "/", $2 "/") == 1)' $rules >$rules.new &&
cat $rules.new >$rules && rm $rules.new && augenrules >&-"""
# What merges keys into daemon.json, takes others out, and has the engine read it.
CONFIGURE = """python3 -c '
import json, pathlib, sys
path = pathlib.Path("/etc/docker/daemon.json")
found = json.loads(path.read_text())
for key in json.loads(sys.argv[2]): found.pop(key, None)
path.write_text(json.dumps(found | json.loads(sys.argv[1])))
' {} {} && systemctl reset-failed docker && systemctl restart docker"""
# Those that no example of an option tells how to break.
BY_HAND: dict[str, str] = {
    "content_trust": "sed -i /DOCKER_CONTENT_TRUST/d /etc/profile.d/*.sh /etc/environment",
    "docker_group_members": "useradd stranger 2>&-; gpasswd --add stranger docker",
    "remote_api_tls": "mkdir -p /etc/systemd/system/docker.socket.d && "
    "printf '[Socket]\\nListenStream=127.0.0.1:2375\\n' >/etc/systemd/system/docker.socket.d/open.conf && "
    "systemctl daemon-reload && systemctl stop docker && systemctl restart docker.socket && "
    "systemctl start docker",
}
# What a function's control says in daemon.json when it fails.
OPTIONS: dict[str, dict[str, Any]] = {
    # The engine does not start with both off.
    "packet_filter_managed": {"iptables": False, "icc": True},
    "insecure_registries": {"insecure-registries": ["10.9.0.0/16"]},
    "remote_logging": {"log-driver": "json-file", "log-opts": {}},
    "seccomp_profile_default": {"seccomp-profile": "unconfined"},
    "userns_remap": {},
}
# Broken by what no command undoes here: proved in the scenario of the role.
ELSEWHERE = {"engine_supported"}


def configure(settings: dict[str, Any], absent: list[str]) -> str:
    """Return a command that gives the engine these settings."""
    texts = (shlex.quote(json.dumps(value)) for value in (settings, absent))
    return CONFIGURE.format(*texts)


def broken(control: Control) -> str:
    """Return the command that makes a host fail a control. Raises KeyError where nobody knows one."""
    check = control.check
    if check["kind"] == "file":
        file = f"{{file:{check['target']}}}"
        # Folders have to stay open to their owner, and the mode has to be looser than what any check allows.
        return f"chmod 0777 {file}" if "mode" in check else f"chown nobody {file}"
    if check["kind"] == "audit_watch":
        return UNWATCH.replace("PATH", f"{{file:{check['target']}}}")
    if control.id in BY_HAND:
        return BY_HAND[control.id]
    keys = [*control.fix.get("daemon", {}), *control.fix.get("daemon_absent", [])]
    if control.id in OPTIONS:
        return configure(OPTIONS[control.id], keys or ["userns-remap"])
    return configure(control.examples["fail"][-1], keys)


def main() -> None:
    """Print the list; what has the engine start anew comes late, what gives it another store last."""
    fixed = [c for c in load_controls().values() if c.fixed_by and c.id not in ELSEWHERE]
    last = ["remote_logging", "userns_remap"]
    kinds = ["file", "audit_watch"]
    fixed.sort(key=lambda c: (c.id in last and 1 + last.index(c.id), c.check["kind"] not in kinds, c.id))
    rows = [
        {"control": c.id, "role": c.fixed_by, "with": c.fix.get("with", {}), "break": broken(c)}
        for c in fixed
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
