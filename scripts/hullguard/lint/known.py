"""Which keys a compose file may have, per the compose specification; compose refuses every other."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from hullguard.errors import InputError
from hullguard.lint.source import shown
from hullguard.lint.tree import Place, Row, Table, Tagged


def _split(words: str) -> list[str]:
    return words.split()


TOP = frozenset(_split("configs include models name networks secrets services version volumes"))
SERVICE = frozenset(
    _split("""
    annotations attach blkio_config build cap_add cap_drop cgroup cgroup_parent command configs
    container_name cpu_count cpu_percent cpu_period cpu_quota cpu_rt_period cpu_rt_runtime cpu_shares
    cpus cpuset credential_spec depends_on deploy develop device_cgroup_rules devices dns dns_opt
    dns_search domainname entrypoint env_file environment expose extends external_links extra_hosts gpus
    group_add healthcheck hostname image init ipc isolation label_file labels links logging mac_address
    mem_limit mem_reservation mem_swappiness memswap_limit models network_mode networks oom_kill_disable
    oom_score_adj pid pids_limit platform ports post_start pre_start pre_stop privileged profiles
    provider pull_policy pull_refresh_after read_only restart runtime scale secrets security_opt
    shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits
    use_api_socket user userns_mode uts volumes volumes_from working_dir
    """)
)
# Below a service: the parts that decide a verdict. `*` is any item of a list.
NESTED: dict[tuple[str, ...], frozenset[str]] = {
    path: frozenset(keys.split())
    for path, keys in {
        ("deploy",): "endpoint_mode labels mode placement replicas resources restart_policy rollback_config"
                     " update_config",
        ("deploy", "resources"): "limits reservations",
        ("deploy", "resources", "limits"): "cpus memory pids",
        ("deploy", "resources", "reservations"): "cpus devices generic_resources memory",
        ("deploy", "restart_policy"): "condition delay max_attempts window",
        ("extends",): "file service",
        ("healthcheck",): "disable interval retries start_interval start_period test timeout",
        ("logging",): "driver options",
        ("ports", "*"): "app_protocol host_ip mode name protocol published target",
        ("volumes", "*"): "bind cluster consistency image read_only source target tmpfs type volume",
        ("volumes", "*", "bind"): "create_host_path propagation recursive selinux",
    }.items()
}  # fmt: skip
RESOURCES = ("configs", "networks", "secrets", "volumes")
SERVICE_NAME = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)


def check(document: Table, place: Place) -> None:
    """Check the keys of one file and the form of its services. Raises InputError naming line and service."""
    _keys(document, TOP, "the file")
    services = document.get("services", Table())
    if isinstance(services, Tagged):
        services = services.value
    if not isinstance(services, Table):
        raise InputError(f"{document.at['services']}: services is no mapping of names to services.")
    for name, service in services.items():
        at = services.at[name]
        if not SERVICE_NAME.fullmatch(name):
            raise InputError(
                f"{at}: {shown(name)!r} can't name a service: letters, digits, `.`, `_` and `-` can."
            )
        inner = service.value if isinstance(service, Tagged) else service
        if isinstance(inner, Table):
            _keys(inner, SERVICE, f"service {name}")
            for path, keys in NESTED.items():
                for table in _tables([inner], path):
                    _keys(table, keys, f"{'.'.join(path).replace('.*', '')} of service {name}")
        elif not (isinstance(service, Tagged) and inner in (None, "")):
            raise InputError(f"{at}: service {name} is no mapping.")


def _tables(values: Iterable[object], path: tuple[str, ...]) -> list[Table]:
    """Return the mappings at a path below some values; what has another form there has none."""
    found = [value.value if isinstance(value, Tagged) else value for value in values]
    for key in path:
        if key == "*":
            found = [item for row in found if isinstance(row, Row) for item in row]
        else:
            found = [table[key] for table in found if isinstance(table, Table) and key in table]
        found = [value.value if isinstance(value, Tagged) else value for value in found]
    return [value for value in found if isinstance(value, Table)]


def _keys(table: Table, known: frozenset[str], where: str) -> None:
    for key in table:
        if key not in known and not key.startswith("x-"):
            near = difflib.get_close_matches(key[:60], known, n=2, cutoff=0.6)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"Known are: {', '.join(sorted(known))}."
            hint = hint if len(hint) < 300 else "An extension's key starts with x-."
            raise InputError(
                f"{table.at[key]}: {where} has the key {shown(key)!r}, which compose refuses. {hint}"
            )
