"""An override file that closes what can be closed without knowing the application, each line explained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hullguard.lint.judgement import Judged
from hullguard.lint.project import Project
from hullguard.reports.sanitize import clean
from hullguard.scanners.finding import Finding
from hullguard.spec import compose
from hullguard.spec.compose_limits import LIMITS
from hullguard.spec.compose_values import size
from hullguard.spec.shared import capability, security_named, wildcard

# Compose reads `!override` since this version; without it lists are appended, and the old port stays open.
OVERRIDE_SINCE = "2.24.4"
NOBODY = "65534:65534"
MEMORY_BYTES, PIDS, CPUS = 512 << 20, 200, "1.0"
TMPFS_OPTIONS = "mode=1777,noexec,nosuid,nodev"
TMPFS = {"/tmp": f"size=64m,{TMPFS_OPTIONS}", "/run": f"size=16m,{TMPFS_OPTIONS}"}  # noqa: S108
# Words that YAML readers take for something else.
NO_NAMES = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
# More ports than anybody would read through.
MOST_PORTS = 100
MADE_BY = "# Made by `hullguard scan compose --fix`"
HEADER = f"""\
{MADE_BY}: closes what can be closed without knowing the application.
#
#   docker compose -f {{name}} -f THIS_FILE up -d
#
# Read it line by line before use: each line can stop a service that needs what it takes away. Delete what
# does not fit; the original file is not changed.
"""


@dataclass
class _Block:
    """One service's lines, and the controls that they close."""

    lines: list[str] = field(default_factory=list)
    deploy: list[str] = field(default_factory=list)
    closes: set[str] = field(default_factory=set)

    def add(self, slug: str, why: str, *lines: str) -> None:
        """Add lines below their reason."""
        self.lines += [f"    # {why}", *(f"    {line}" for line in lines)]
        self.closes.add(slug)

    def add_deploy(self, slug: str, why: str, *lines: str) -> None:
        """Add lines below `deploy:`, which may stand there once only."""
        self.deploy += [f"      # {why}", *(f"      {line}" for line in lines)]
        self.closes.add(slug)

    def says(self) -> bool:
        """Return whether there is more than comments: a service of nothing else would be none."""
        return bool(self.deploy) or any(not line.lstrip().startswith("#") for line in self.lines)

    def text(self) -> list[str]:
        """Return the service's lines."""
        return [*self.lines, *(["    deploy:", *self.deploy] if self.deploy else [])]


def override(project: Project, judged: Judged) -> str:
    """Return the text of an override file for a project and what `judge` found in it.

    Valid YAML; comments at the end list what is left open.
    """
    model = {"services": project.services, **project.resources}
    specs = {one.name: one.spec for one in compose.containers(model, project.outside, ())}
    blocks = {name: _block(specs[name], service, judged) for name, service in project.services.items()}
    lines = [HEADER.format(name=_word(project.path))]
    if any(line.endswith("!override") for block in blocks.values() for line in block.lines):
        lines.append(
            f"# `!override` needs Docker Compose {OVERRIDE_SINCE} or newer: older ones add to lists and leave"
            " the port open.\n"
        )
    written = {name: block for name, block in blocks.items() if block.says()}
    lines.append("services:" if written else "services: {}")
    for name, block in written.items():
        lines += [f"  {_key(name)}:", *block.text(), ""]
    return "\n".join([*lines, *_left_open(project, judged, blocks)]).rstrip("\n") + "\n"


def _block(spec: Mapping[str, Any], service: Mapping[str, Any], judged: Judged) -> _Block:
    bad = {finding.id for finding in judged.findings if finding.object.name == spec["name"]}
    block = _Block()
    _privileges(block, spec, service, bad)
    if spec["name"] in judged.left.get("image_user", ()) and spec.get("privileged") is False:
        block.add(
            "image_user",
            "nobody, not root. Delete it where the image has its own USER; volumes must belong to this uid.",
            f'user: "{NOBODY}"',
        )
    _limits(block, service, bad)
    if "wildcard_bind" in bad and len(spec.get("ports", ())) in range(1, MOST_PORTS):
        why = "Only from this machine: put a reverse proxy in front, or name the address to be reached."
        block.add("wildcard_bind", why, "ports: !override", *_ports(spec))
    if "restart_policy" in bad:
        _restart(block, service)
    if "healthcheck" not in spec and service.get("healthcheck") is None:
        block.lines += [
            "    # No health check is written here; what is healthy only the application's owner knows:",
            '    # healthcheck: {test: ["CMD", "/app/server", "--health"], interval: 30s, timeout: 3s}',
        ]
    return block


def _privileges(block: _Block, spec: Mapping[str, Any], service: Mapping[str, Any], bad: set[str]) -> None:
    dropped = spec.get("cap_drop")
    if dropped is not None and spec.get("privileged") is False and "ALL" not in map(capability, dropped):
        why = "No capability but those in cap_add. EPERM at start? Give back what it needs: often CHOWN,"
        block.add("", why, "# SETUID, SETGID or NET_BIND_SERVICE: cap_add: [CHOWN]", "cap_drop:", "  - ALL")
    if "no_new_privileges" in bad and "no-new-privileges" not in security_named(
        service.get("security_opt", [])
    ):
        why = "No setuid program makes root out of an ordinary process; sudo and su in the container fail."
        block.add("no_new_privileges", why, "security_opt:", "  - no-new-privileges:true")
    if "read_only_root" in bad:
        why = "Nothing changes the program. `docker diff NAME` shows what it writes: make that a volume."
        block.add("read_only_root", why, "read_only: true")
        taken = _targets(spec, service)
        missing = [
            f"  - {path}:{options}"
            for path, options in TMPFS.items()
            if taken is not None and path not in taken
        ]
        if missing:
            block.add("read_only_root", "In memory, and gone with the container.", "tmpfs:", *missing)


def _targets(spec: Mapping[str, Any], service: Mapping[str, Any]) -> set[str] | None:
    """Return where something is mounted already; None when that can't be told."""
    rows = service.get("tmpfs", [])
    listed = [rows] if isinstance(rows, str) else rows
    if not isinstance(listed, list) or "mounts" not in spec:
        return None
    return {str(row).partition(":")[0].rstrip("/") for row in listed} | {
        str(mount["target"]).rstrip("/") for mount in spec["mounts"]
    }


def _limits(block: _Block, service: Mapping[str, Any], bad: set[str]) -> None:
    deploy: Any = service
    for key in LIMITS:
        deploy = deploy.get(key) if isinstance(deploy, Mapping) else None
    reserved = size(service.get("mem_reservation", 0)) or 0
    memory = f"{max(MEMORY_BYTES, reserved) + (1 << 20) - 1 >> 20}m"
    wanted = (
        (
            "memory_limit",
            "mem_limit",
            "memory",
            memory,
            "Above this the container is killed, not its neighbours.",
        ),
        ("pids_limit", "pids_limit", "pids", PIDS, "Processes and threads; a JVM needs several hundred."),
        ("cpu_limit", "cpus", "cpus", f'"{CPUS}"', "Cores, of which it takes no more."),
    )
    failing = [row for row in wanted if row[0] in bad]
    note = "Measure with `docker stats` over a busy day and leave room:"
    if failing and isinstance(deploy, Mapping):
        below = [f"    {name}: {value}  # {why}" for _, _, name, value, why in failing]
        block.add_deploy("", note, "resources:", "  limits:", *below)
    elif failing:
        block.add("", note, *(f"{key}: {value}  # {why}" for _, key, _, value, why in failing))
    block.closes |= {row[0] for row in failing}


def _ports(spec: Mapping[str, Any]) -> list[str]:
    lines = []
    for port in spec["ports"]:
        address = port["host_ip"]
        if wildcard(address):
            address = "::1" if ":" in address else "127.0.0.1"
        address = f"[{address}]" if ":" in address else address
        host = port["host_port"] or ""
        lines.append(f'  - "{address}:{host}:{port["container_port"]}/{port["protocol"]}"')
    return lines


def _restart(block: _Block, service: Mapping[str, Any]) -> None:
    why = (
        "Five tries, then somebody looks. It does not start again with the machine as `unless-stopped` does."
    )
    if "restart" in service or "deploy" not in service:
        block.add("restart_policy", why, "restart: on-failure:5")
    else:
        below = ("  condition: on-failure", "  max_attempts: 5")
        block.add_deploy("restart_policy", why, "restart_policy:", *below)


def _left_open(project: Project, judged: Judged, blocks: Mapping[str, _Block]) -> list[str]:
    rest = [f for f in judged.findings if f.id not in blocks.get(f.object.name, _Block()).closes]
    lines = ["# Left open, for it takes somebody who knows the application:"] if rest else []
    lines += [f"#   {_line(finding)}" for finding in rest]
    if project.left_out:
        lines.append("# Not judged:")
        lines += [f"#   {name}: {clean(why, 200)}" for name, why in project.left_out.items()]
    return lines


def _line(finding: Finding) -> str:
    where = f"line {finding.location.line}" if finding.location else "?"
    return clean(f"{finding.object.name}, {where}: {finding.title} ({finding.object.detail})", 300)


def _word(text: str) -> str:
    return clean(text, 200)


def _key(name: str) -> str:
    """Return a service's name as a key: quoted, so that `on` and `1` are names."""
    return name if name.isalpha() and name.lower() not in NO_NAMES else f'"{name}"'
