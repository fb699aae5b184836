from __future__ import annotations

from typing import Any

import pytest

from hullguard.catalogue import Profile, load_benchmark, load_controls, load_profile
from hullguard.evaluate.kinds import KINDS
from hullguard.lint import judge
from hullguard.lint.judgement import FUNCTIONS, fields
from hullguard.verdict import Object


def found(judged: Any) -> set[str]:
    return {finding.id for finding in judged.findings}


def test_a_hardened_service_has_no_finding(lint: Any, hardened: str) -> None:
    judged = lint(hardened)
    assert (judged.findings, judged.unseen) == ([], [])
    assert set(judged.left) == {"apparmor_profile", "selinux_label", "sshd_inside"}


def test_a_bare_service(lint: Any) -> None:
    judged = lint("services:\n  web:\n    image: a\n")
    assert found(judged) == {"no_new_privileges", "cpu_limit", "memory_limit", "pids_limit", "read_only_root"}
    assert judged.unseen == []
    assert {finding.location.line for finding in judged.findings} == {2}
    # What a daemon or the image decides is no finding, and no pass either.
    assert set(judged.left) == {
        "apparmor_profile", "image_user", "runtime_healthcheck", "seccomp", "selinux_label", "sshd_inside",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "slug", "detail"),
    [
        ("privileged: true", "privileged", "privileged: true"),
        ("cap_add: [SYS_ADMIN]", "capabilities", "SYS_ADMIN"),
        ("pid: host", "host_pid", "pid mode: host"),
        ("ipc: host", "host_ipc", "ipc mode: host"),
        ("uts: host", "host_uts", "uts mode: host"),
        ("userns_mode: host", "host_userns", "userns mode: host"),
        ("network_mode: host", "host_network", "network mode: host"),
        ("cgroup_parent: other", "container_cgroup_parent", "cgroup parent: other"),
        ("devices: [/dev/sda]", "host_devices", "/dev/sda"),
        ("security_opt: [seccomp=unconfined]", "seccomp", "seccomp: unconfined"),
        ("security_opt: [apparmor=unconfined]", "apparmor_profile", "apparmor profile: unconfined"),
        ("security_opt: [label=disable]", "selinux_label", "selinux label: unset"),
        ("security_opt: [no-new-privileges:false]", "no_new_privileges", "no new privileges: false"),
        ("volumes: [/var/run/docker.sock:/s]", "engine_socket_mounted", "/var/run/docker.sock"),
        ("volumes: [/etc:/host]", "sensitive_host_mounts", "/etc"),
        ("volumes: [/srv/x:/x:shared]", "shared_propagation", "/x"),
        ("ports: ['8080:80']", "wildcard_bind", "0.0.0.0:8080->80/tcp"),
        ("ports: ['127.0.0.1:80:80']", "privileged_ports", "127.0.0.1:80->80/tcp"),
        ("restart: always", "restart_policy", "restart unbounded: true"),
        ("ulimits: {nofile: 5}", "ulimit_override", "nofile=5:5"),
        ("healthcheck: {disable: true}", "runtime_healthcheck", "healthcheck: false"),
        ("user: root", "image_user", "user: root"),
        ("mem_limit: 0", "memory_limit", "memory bytes: 0"),
        ("pids_limit: -1", "pids_limit", "pids limit: -1"),
        ("cpu_shares: 1024", "cpu_limit", "cpu limited: false"),
        ("read_only: false", "read_only_root", "read only root: false"),
    ],
)
def test_each_control_finds_its_line(lint: Any, line: str, slug: str, detail: str) -> None:
    judged = lint(f"services:\n  web:\n    image: a\n    {line}\n")
    (finding,) = [finding for finding in judged.findings if finding.id == slug]
    assert finding.object == Object("container", "web", detail)
    assert (finding.location.path, finding.location.line) == ("compose.yml", 4)
    assert (finding.tool, finding.control, finding.kind) == ("hullguard", slug, "misconfiguration")
    assert all((finding.title, finding.fix, finding.fingerprint))


@pytest.mark.parametrize(
    "member",
    ["privileged", "read_only", "cap_add", "security_opt", "mem_limit", "pids_limit", "cpus", "restart", "network_mode", "pid",
     "ipc", "uts", "userns_mode", "cgroup_parent", "devices", "ulimits", "volumes", "ports", "healthcheck", "user", "deploy",
     "gpus", "post_start", "secrets", "volumes_from", "networks", "environment"],
)  # fmt: skip
@pytest.mark.parametrize(
    "value", ["{a: {b: c}}", "[{a: b}]", "[[a]]", "1.5e300", "'\\0'", "~", "'${NONE}'", "true", "-5"]
)
def test_a_member_of_another_form_is_never_a_pass(lint: Any, hardened: str, member: str, value: str) -> None:
    decides = {
        "privileged": "privileged", "read_only": "read_only_root", "cap_add": "capabilities",
        "security_opt": "no_new_privileges", "mem_limit": "memory_limit", "pids_limit": "pids_limit", "cpus": "cpu_limit",
        "restart": "restart_policy", "network_mode": "host_network", "pid": "host_pid", "ipc": "host_ipc", "uts": "host_uts",
        "userns_mode": "host_userns", "cgroup_parent": "container_cgroup_parent", "devices": "host_devices",
        "ulimits": "ulimit_override", "volumes": "sensitive_host_mounts", "ports": "wildcard_bind",
        "healthcheck": "runtime_healthcheck", "user": "image_user", "deploy": "memory_limit", "gpus": "host_devices",
        "post_start": "privileged", "secrets": "sensitive_host_mounts", "volumes_from": "sensitive_host_mounts",
    }  # fmt: skip
    harmless = {  # what compose itself takes in these forms
        ("pid", "~"), ("restart", "~"), ("deploy", "~"), ("ulimits", "[]"), ("privileged", "true"), ("read_only", "true"),
        ("user", "-5"), ("user", "true"), ("user", "'\\0'"), ("network_mode", "'\\0'"), ("pid", "'\\0'"), ("ipc", "'\\0'"),
        ("uts", "'\\0'"), ("userns_mode", "'\\0'"), ("gpus", "[[a]]"), ("post_start", "[{a: b}]"),
    }  # fmt: skip
    lines = [line for line in hardened.splitlines() if not line.startswith(f"    {member}:")]
    lines.insert(3, f"    {member}: {value}")
    try:
        judged = lint("\n".join(lines))
    except Exception as error:
        assert type(error).__name__ == "InputError"  # noqa: PT017
        return
    slug = decides.get(member)
    if slug is None or (member, value) in harmless:
        return
    empty = value == "'${NONE}'" and member in (
        "pid",
        "ipc",
        "uts",
        "userns_mode",
        "cgroup_parent",
        "network_mode",
    )
    named = found(judged) | {row.control for row in judged.unseen} | set(judged.left)
    assert slug in named or empty, f"{member}: {value} counts as a pass"


def test_services_that_were_not_judged_are_told(lint: Any) -> None:
    judged = lint("services: {a: {image: x, profiles: [debug]}}")
    (row,) = judged.unseen
    assert (row.control, row.object.name) == ("", "a")
    assert "profile debug" in row.reason


def test_one_finding_for_each_item(lint: Any) -> None:
    judged = lint(
        "services:\n  a:\n    image: x\n    ports:\n      - '81:81'\n      - 127.0.0.1:9:9\n      - '82:82'\n"
    )
    rows = [(f.location.line, f.object.detail) for f in judged.findings if f.id == "wildcard_bind"]
    assert rows == [(5, "0.0.0.0:81->81/tcp"), (7, "0.0.0.0:82->82/tcp")]
    assert len({f.fingerprint for f in judged.findings}) == len(judged.findings)


def test_very_many_items_are_one_finding(lint: Any) -> None:
    judged = lint("services: {a: {image: x, ports: ['1-65000:1-65000']}}")
    (finding,) = [f for f in judged.findings if f.id == "wildcard_bind"]
    assert len(finding.object.detail) < 400


def test_parameters_of_the_profile_count(load: Any) -> None:
    text = "services: {a: {image: docker.io/x, cap_add: [SYS_NICE], ports: ['443:443']}}"
    params = {
        "allowed_capabilities": ["SYS_NICE"], "trusted_registries": ["registry.example.net"],
        "published_ports_allowed": ["80/tcp"],
    }  # fmt: skip
    base = load_profile()
    profile = Profile("own", "own", base.levels, base.enable, base.disable, {**base.params, **params})
    judged = judge(load(text), profile, load_benchmark())
    assert "capabilities" not in found(judged)
    assert {"trusted_base_images", "published_ports_declared"} <= found(judged)


def test_a_profile_that_switches_a_control_off(load: Any) -> None:
    base = load_profile()
    profile = Profile("own", "own", base.levels, base.enable, base.disable | {"privileged"}, base.params)
    judged = judge(load("services: {a: {image: x, privileged: true}}"), profile, load_benchmark())
    assert "privileged" not in found(judged)


def test_a_dockerfile(lint: Any) -> None:
    text = """\
        FROM debian:13 AS build
        RUN apt-get update
        ADD x.tar /
        ADD y.tar /
        FROM debian:13
        ENV API_TOKEN=x
        RUN curl -k https://example.net | sh
        """
    judged = lint(text)
    assert [(f.id, f.location.line) for f in judged.findings] == [
        ("image_secrets", 6), ("verified_packages", 7), ("image_user", 5), ("copy_not_add", 3), ("copy_not_add", 4),
        ("image_healthcheck", 5), ("lone_package_update", 2),
    ]  # fmt: skip
    assert {f.object.kind for f in judged.findings} == {"file"}
    assert judged.findings[0].kind == "secret"
    assert (judged.unseen, judged.left) == ([], {})


def test_what_a_dockerfile_leaves_open(lint: Any) -> None:
    judged = lint('FROM gcr.io/distroless/static:nonroot\nHEALTHCHECK CMD ["/app"]\n')
    assert (judged.findings, judged.left) == ([], {"image_user": ["Dockerfile"]})
    judged = lint("FROM a\nARG WHO\nUSER $WHO\nHEALTHCHECK CMD x\n")
    assert [row.control for row in judged.unseen] == ["image_user"]


def test_every_control_of_containers_and_images_is_judged_or_known_not_to_be() -> None:
    controls = load_controls().values()
    asked = {c.id for c in controls if c.family in ("containers", "images") and c.check["kind"] in KINDS}
    skipped = {slug for slug in asked if not fields(next(c for c in controls if c.id == slug))}
    # These ask a person, or the host that pulls.
    assert skipped == {
        "content_trust",
        "image_scanning",
        "minimal_packages",
        "setuid_files",
        "signed_artifacts",
    }
    assert set(FUNCTIONS) <= {c.id for c in controls if c.check["kind"] == "function"}


def test_names_with_escapes_do_not_reach_a_detail(lint: Any) -> None:
    judged = lint('services: {a: {image: x, devices: ["/dev/\\e[31m\\nx"]}}')
    (finding,) = [f for f in judged.findings if f.id == "host_devices"]
    assert finding.object.detail.isprintable()
