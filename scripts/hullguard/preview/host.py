"""Rules of the host around the engine: its group, its packages, its kernel, its audit log, login shells."""

from __future__ import annotations

from collections.abc import Iterable

from hullguard.effective import member
from hullguard.preview.model import LOGIN, MAYBE, NOW, RECREATED, WILL, Change, Effect
from hullguard.preview.registry import beside, rule
from hullguard.preview.restart import LIMITS, restart
from hullguard.preview.situation import Situation, major, name_of, rows

# Every container start, exec and write records something there (docker_auditd: docker_auditd_ruleset).
FLOODING = {
    "audit_data_root": "every write below the data-root",
    "audit_containerd_run_dir": "every start of a container",
}
STARTING = {"audit_runc": "every start and exec", "audit_containerd_shim_runc_v2": "every start and exec"}


@rule("docker_group_members")
def docker_group_members(situation: Situation) -> Iterable[Effect]:
    """Members that nobody allows are removed; sessions that are open keep the group."""
    for group, user in leaving(situation):
        yield Effect("loses_engine_access", WILL, LOGIN, "user", user, f"is removed from the group {group}")
    for row in situation.context.existing("docker_socket"):
        if row.get("acl") is True:
            detail = f"{row.get('path')} loses its access control list"
            yield Effect("loses_engine_access", WILL, NOW, "client", "whoever the list admits", detail)


def leaving(situation: Situation) -> list[tuple[str, str]]:
    """Return (group, user) of everybody whom the role removes."""
    allowed = {*situation.choice.variable("docker_host_group_members", [])}
    groups = situation.context.fact("groups", dict)
    return sorted(
        (str(name), str(user))
        for name, group in groups.items()
        for user in member(group, "members") or []
        if user not in allowed
    )


@rule("engine_supported")
def engine_supported(situation: Situation) -> Iterable[Effect]:
    """What another release drops is in its notes, not in the evidence."""
    for container in situation.containers:
        detail = "a major release drops old API versions and storage drivers"
        yield Effect("cannot_start", MAYBE, NOW, "container", name_of(container), detail)


@rule("content_trust")
def content_trust(situation: Situation) -> Iterable[Effect]:
    """Login shells then pull and run signed images only; which are signed is not in the evidence. From
    engine 29 on the command line knows no content trust.
    """
    if major(situation.version) >= 29:
        return
    for image in rows(situation.engine.get("images")):
        tags = image.get("RepoTags") or [image.get("Id")]
        detail = "docker pull, run and build refuse it in login shells unless it is signed"
        yield Effect("cannot_pull", MAYBE, LOGIN, "image", str(tags[0]), detail)


@rule(*FLOODING, *STARTING)
def noisy(situation: Situation) -> Iterable[Effect]:
    """The rules that record much; the narrow set leaves the noisiest out."""
    if situation.choice.variable("docker_auditd_ruleset", "full") == "full":
        yield Effect(
            "more_records", MAYBE, NOW, "host", "audit log", "by what containers do: measure, or take narrow"
        )


@rule(
    "audit_config_dir", "audit_containerd", "audit_containerd_config", "audit_containerd_shim",
    "audit_containerd_shim_runc_v1", "audit_containerd_socket", "audit_daemon_json", "audit_debian_defaults",
    "audit_docker_socket", "audit_dockerd", "audit_rhel_sysconfig", "audit_service_unit",
)  # fmt: skip
def quiet(_situation: Situation) -> Iterable[Effect]:
    """Written once per configuration, upgrade or boot: nothing that runs is touched."""
    return ()


def _kernel(_situation: Situation) -> list[Change]:
    return [
        Change(
            "file",
            "/etc/sysctl.d/zz-hullguard.conf",
            None,
            "what containers need safe, unless stricter already",
        )
    ]


@beside("docker_host", "kernel_parameters", "The kernel's parameters are safe for containers", _kernel)
def kernel_parameters(situation: Situation) -> Iterable[Effect]:
    """Debuggers that attach to processes they have not started themselves."""
    scope = member(situation.evidence, "sysctl", "kernel.yama.ptrace_scope")
    if scope == "0":
        detail = "kernel.yama.ptrace_scope 0 becomes 1: debuggers attach to their own children only"
        yield Effect("loses_call", MAYBE, NOW, "host", "debuggers", detail)


def _unit(situation: Situation) -> list[Change]:
    drop_ins = str(member(situation.engine, "units", "docker.service", "drop_ins"))
    path = f"/etc/systemd/system/docker.service.d/{LIMITS}"
    return (
        []
        if LIMITS in drop_ins
        else [Change("file", path, None, "limits and a filter for the engine's service")]
    )


@beside("docker_host", "service_limits", "The engine's service has limits", _unit)
def service_limits(situation: Situation) -> Iterable[Effect]:
    """Limits of the service count from the engine's restart on; builds inherit them."""
    if restart(situation).needed is not False:
        yield Effect("limited", MAYBE, RECREATED, "host", "builds", "no core files, 1048576 open files")


def _apparmor(situation: Situation) -> list[Change]:
    if member(situation.evidence, "host", "os", "id") not in ("debian", "ubuntu"):
        return []
    return [Change("file", "/etc/apparmor.d/hullguard-*", None, "profiles that containers can name")]


@beside("docker_apparmor", "profiles", "AppArmor profiles are there for containers to name", _apparmor)
def profiles(_situation: Situation) -> Iterable[Effect]:
    """No container has them unasked."""
    return ()
