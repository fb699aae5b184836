"""The adapter from the engine's inspect output: where a careless reading would see something good."""

from __future__ import annotations

from typing import Any

import pytest
from catalogue.baseline import STARTED_AT, bind, decent_container, evidence

from hullguard.evaluate.context import EngineContext
from hullguard.spec import Spec, secret_names
from hullguard.spec.inspect import shown, wildcard

NONE: dict[str, Any] = {"allowed_capabilities": []}


def specs(
    *raws: dict[str, Any],
    params: dict[str, Any] = NONE,
    engine: dict[str, Any] | None = None,
    host: dict[str, Any] | None = None,
) -> list[Spec]:
    document = evidence()
    document["host"] |= host or {}
    document["engines"][0] |= {"containers": list(raws), **(engine or {})}
    return EngineContext(document["engines"][0], document, params).containers


def one(
    *,
    state: dict[str, Any] | None = None,
    config: dict[str, Any] | None = None,
    host_config: dict[str, Any] | None = None,
    **changes: Any,
) -> Spec:
    engine, host, params = changes.pop("engine", None), changes.pop("host", None), changes.pop("params", NONE)
    raw = decent_container()
    raw["State"] |= state or {}
    raw["Config"] |= config or {}
    raw["HostConfig"] |= host_config or {}
    raw |= changes
    return specs(raw, engine=engine, host=host, params=params)[0]


def gone(path: str) -> Spec:
    """Return the spec of a container without one fact."""
    raw: Any = decent_container()
    *parents, last = path.split(".")
    holder = raw
    for key in parents:
        holder = holder[key]
    del holder[last]
    return specs(raw)[0]


def test_a_decent_container() -> None:
    spec = one()
    assert spec["name"] == "decent"
    assert (
        spec["extra_capabilities"]
        == spec["engine_sockets"]
        == spec["sensitive_mounts"]
        == spec["devices"]
        == []
    )
    assert (spec["seccomp"], spec["no_new_privileges"], spec["healthcheck"], spec["cpu_limited"]) == (
        "default",
        True,
        True,
        True,
    )


# --- capabilities, devices, limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling", ["SYS_ADMIN", "sys_admin", "CAP_SYS_ADMIN", "cap_sys_admin", "Cap_Sys_Admin"]
)
def test_capabilities_in_every_spelling(spelling: str) -> None:
    assert one(host_config={"CapAdd": [spelling]})["extra_capabilities"] == ["SYS_ADMIN"]
    assert (
        one(host_config={"CapAdd": [spelling]}, params={"allowed_capabilities": ["CAP_SYS_ADMIN"]})[
            "extra_capabilities"
        ]
        == []
    )


def test_a_privileged_container_has_everything() -> None:
    spec = one(
        host_config={"Privileged": True, "SecurityOpt": []},
        params={"allowed_capabilities": ["ALL", "ALL (privileged)"]},
    )
    assert spec["extra_capabilities"] == ["ALL (privileged)"]
    assert spec["devices"] == ["every device (privileged)"]
    assert spec["seccomp"] == "unconfined"
    assert spec["apparmor_profile"] == "unconfined"


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"Devices": [{"PathOnHost": "/dev/sda"}]}, ["/dev/sda"]),
        ({"DeviceRequests": [{"Driver": "nvidia"}]}, ["nvidia request"]),
        ({"DeviceRequests": [{"Driver": ""}]}, ["driver request"]),
        ({"DeviceCgroupRules": ["c *:* rwm"]}, ["cgroup rule c *:* rwm"]),
    ],
)
def test_devices_of_every_kind(changes: dict[str, Any], found: list[str]) -> None:
    assert one(host_config=changes)["devices"] == found


@pytest.mark.parametrize(
    ("changes", "limited"),
    [
        ({"NanoCpus": 0}, False),
        ({"NanoCpus": 0, "CpuShares": 1024}, False),
        ({"NanoCpus": 0, "CpuShares": 512}, True),
        ({"NanoCpus": 0, "CpuQuota": -1}, False),
        ({"NanoCpus": 0, "CpuQuota": 50_000}, True),
    ],
)
def test_cpu_limits(changes: dict[str, int], limited: bool) -> None:
    assert one(host_config=changes)["cpu_limited"] is limited


@pytest.mark.parametrize(
    ("policy", "unbounded"),
    [
        ({"Name": "no", "MaximumRetryCount": 0}, False), ({"Name": "", "MaximumRetryCount": 0}, False), ({"Name": "always", "MaximumRetryCount": 0}, True),
        ({"Name": "unless-stopped", "MaximumRetryCount": 0}, True), ({"Name": "on-failure", "MaximumRetryCount": 5}, False),
        ({"Name": "on-failure", "MaximumRetryCount": 0}, True), ({"Name": "on-failure", "MaximumRetryCount": 6}, True),
        ({"Name": "on-failure"}, None), ({"Name": "Always", "MaximumRetryCount": 0}, None), ({}, None),
    ],
)  # fmt: skip
def test_restart_policies(policy: dict[str, Any], unbounded: bool | None) -> None:
    assert one(host_config={"RestartPolicy": policy}).get("restart_unbounded") is unbounded


def test_no_process_limit_is_told_in_three_ways() -> None:
    assert [one(host_config={"PidsLimit": value})["pids_limit"] for value in (None, 0, -1)] == [0, 0, -1]
    assert "pids_limit" not in one(host_config={"PidsLimit": True})


# --- security options ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], "default"), (["seccomp=unconfined"], "unconfined"), (["seccomp:unconfined"], "unconfined"), (["seccomp=<profile>"], "custom"),
        (["seccomp=<profile that allows everything>"], "unconfined"),
        (["seccomp=builtin"], "default"), (["seccomp=<profile>", "seccomp=unconfined"], "unconfined"),
    ],
)  # fmt: skip
def test_seccomp(options: list[str], expected: str) -> None:
    assert one(host_config={"SecurityOpt": options})["seccomp"] == expected


def test_the_kernel_has_the_last_word_about_a_running_container() -> None:
    off = {"NoNewPrivs": 0, "Seccomp": 0, "CapEff": "0", "Uid": 0}
    spec = one(Process=off, host_config={"SecurityOpt": ["no-new-privileges:true"]})
    assert (spec["seccomp"], spec["no_new_privileges"]) == ("unconfined", False)
    stopped = one(
        Process=None, state={"Running": False}, host_config={"SecurityOpt": ["no-new-privileges:true"]}
    )
    assert (stopped["seccomp"], stopped["no_new_privileges"]) == ("default", True)


@pytest.mark.parametrize(
    "process", [{}, {"Seccomp": 2}, {"NoNewPrivs": 1}, {"NoNewPrivs": True, "Seccomp": True}, "x", [1]]
)
def test_half_of_the_kernels_word_is_none(process: Any) -> None:
    spec = one(Process=process)
    assert "seccomp" not in spec
    assert "no_new_privileges" not in spec


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["no-new-privileges"], True), (["no-new-privileges:true"], True), (["no-new-privileges=true"], True), (["no-new-privileges=1"], True),
        (["no-new-privileges:TRUE"], True), (["no-new-privileges:false"], False), (["no-new-privileges=false"], False), (["no-new-privileges=0"], False),
        (["no-new-privileges", "no-new-privileges=false"], False),
    ],
)  # fmt: skip
def test_no_new_privileges_of_a_stopped_container(options: list[str], expected: bool) -> None:
    assert (
        one(Process=None, state={"Running": False}, host_config={"SecurityOpt": options})["no_new_privileges"]
        is expected
    )


@pytest.mark.parametrize(
    ("created", "expected"),
    [("2030-01-01T00:00:00.123456789Z", True), ("2020-01-01T00:00:00Z", None), ("never", None), (None, None)],
)
def test_the_daemons_default_counts_from_a_containers_creation(created: Any, expected: bool | None) -> None:
    spec = one(Process=None, state={"Running": False}, host_config={"SecurityOpt": []}, Created=created)
    assert spec.get("no_new_privileges") is expected


def test_without_the_daemons_start_its_default_proves_nothing() -> None:
    process = evidence()["engines"][0]["process"] | {"started_at": float("inf")}
    spec = one(
        Process=None,
        state={"Running": False},
        host_config={"SecurityOpt": []},
        Created="2030-01-01T00:00:00Z",
        engine={"process": process},
    )
    assert "no_new_privileges" not in spec
    assert STARTED_AT < 2e9


def test_a_daemon_without_seccomp_gives_none_to_its_containers() -> None:
    for options in ([], ["name=seccomp,profile=unconfined"]):
        info = evidence()["engines"][0]["info"] | {"SecurityOptions": options}
        assert one(engine={"info": info})["seccomp"] == "unconfined"
    info = evidence()["engines"][0]["info"] | {"SecurityOptions": None}
    assert "seccomp" not in one(engine={"info": info})


@pytest.mark.parametrize(
    ("apparmor", "profile", "expected"),
    [
        ({"enabled": True, "profiles": ["docker-default (enforce)"]}, "docker-default", "docker-default"),
        ({"enabled": True, "profiles": ["docker-default (complain)"]}, "docker-default", "unconfined"),
        ({"enabled": True, "profiles": ["docker-default (unconfined)"]}, "docker-default", "unconfined"),
        ({"enabled": True, "profiles": None}, "docker-default", "docker-default"),
        ({"enabled": False, "profiles": []}, "docker-default", "unconfined"),
        ({"enabled": True, "profiles": []}, "", ""),
        ({"enabled": None, "profiles": None}, "docker-default", None),
        ({}, "docker-default", None),
    ],
)
def test_an_apparmor_profile_has_to_be_enforced(
    apparmor: dict[str, Any], profile: str, expected: str | None
) -> None:
    assert one(AppArmorProfile=profile, host={"apparmor": apparmor}).get("apparmor_profile") == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("system_u:system_r:container_t:s0:c1,c2", "system_u:system_r:container_t:s0:c1,c2"),
        ("system_u:system_r:spc_t:s0", ""),
        ("unconfined_u:unconfined_r:unconfined_t:s0", ""),
        ("", ""),
    ],
)
def test_selinux_types_that_confine_nothing(label: str, expected: str) -> None:
    assert one(ProcessLabel=label)["selinux_label"] == expected


# --- namespaces ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "key"), [("network_mode", "NetworkMode"), ("pid_mode", "PidMode"), ("ipc_mode", "IpcMode")]
)
def test_joining_a_container_in_the_hosts_namespace_is_joining_the_host(field: str, key: str) -> None:
    def raw(name: str, mode: str) -> dict[str, Any]:
        found = decent_container() | {"Id": name * 8, "Name": f"/{name}"}
        found["HostConfig"][key] = mode
        return found

    found = {s["name"]: s for s in specs(raw("a", "host"), raw("b", "container:a"), raw("c", "container:" + "b" * 8), raw("d", "container:gone"),
                                         raw("e", "container:f"), raw("f", "container:e"), raw("g", "container:"))}  # fmt: skip
    assert [found[name][field] for name in "abc"] == ["host"] * 3
    # Who was joined is not known, or is nobody.
    assert not [name for name in "defg" if field in found[name]]


# --- mounts ----------------------------------------------------------------------------------------------------------

VOLUME = {
    "Type": "volume",
    "Name": "v",
    "Source": "/var/lib/docker/volumes/v/_data",
    "Destination": "/v",
    "RW": True,
    "Propagation": "",
}


def with_volumes(*rows: dict[str, Any]) -> dict[str, Any]:
    engine = evidence()["engines"][0]
    return {"volumes": list(rows), "counts": engine["counts"] | {"volumes": len(rows)}}


def test_a_link_is_where_it_leads() -> None:
    assert one(Mounts=[bind("/srv/link", Real="/etc")])["sensitive_mounts"] == ["/srv/link"]
    assert one(Mounts=[bind("/srv/link", Real="/run/docker.sock")])["engine_sockets"] == ["/srv/link"]


def test_a_volume_can_be_a_bind_in_disguise() -> None:
    row = {
        "Name": "v",
        "Driver": "local",
        "Options": {"type": "none", "o": "bind", "device": "/etc"},
        "Real": "/etc",
    }
    assert one(Mounts=[VOLUME], engine=with_volumes(row))["sensitive_mounts"] == ["/etc"]
    linked = {"Name": "v", "Driver": "local", "Options": {"device": "/srv/x"}, "Real": "/run"}
    assert one(Mounts=[VOLUME], engine=with_volumes(linked))["engine_sockets"] == ["/srv/x"]
    other = {"Name": "v", "Driver": "local", "Options": {"type": "nfs", "device": ":/export"}, "Real": None}
    assert one(Mounts=[VOLUME], engine=with_volumes(other))["sensitive_mounts"] == []
    assert one(Mounts=[VOLUME], engine=with_volumes())["sensitive_mounts"] == []


def test_volumes_that_were_not_seen_prove_nothing() -> None:
    for engine in (
        {"volumes": None},
        {"complete": {}},
        with_volumes({"Name": "v", "Options": {}}),
        with_volumes({"Real": "/etc"}),
    ):
        spec = one(Mounts=[VOLUME], engine=engine)
        assert "sensitive_mounts" not in spec
        assert "engine_sockets" not in spec
    # Without volumes in the container they don't matter.
    assert one(Mounts=[bind("/srv/x")], engine={"volumes": None})["sensitive_mounts"] == []


@pytest.mark.parametrize("member", ["Type", "Source", "Real", "Destination", "RW", "Propagation"])
def test_a_mount_without_a_member_proves_nothing(member: str) -> None:
    mount = bind("/etc")
    del mount[member]
    assert not {"sensitive_mounts", "engine_sockets", "shared_mounts"} & set(one(Mounts=[mount]))


@pytest.mark.parametrize("mounts", ["x", [1], [None], {"a": 1}])
def test_mounts_of_a_wrong_type_prove_nothing(mounts: Any) -> None:
    assert "sensitive_mounts" not in one(Mounts=mounts)


def test_no_mounts_and_none_seen() -> None:
    assert one(Mounts=None)["sensitive_mounts"] == []
    assert "sensitive_mounts" not in gone("Mounts")
    assert (
        one(Mounts=[{"Type": "tmpfs", "Destination": "/x", "RW": True, "Propagation": ""}])[
            "sensitive_mounts"
        ]
        == []
    )


def test_shared_propagation() -> None:
    mounts = [
        bind("/srv/a", Propagation="rshared"),
        bind("/srv/b", Propagation="shared"),
        bind("/srv/c", Propagation="rslave"),
    ]
    assert one(Mounts=mounts)["shared_mounts"] == ["/mnt/srv/a", "/mnt/srv/b"]


def test_a_socket_of_its_own_that_the_engine_was_given() -> None:
    process = evidence()["engines"][0]["process"]
    process["flags"]["hosts"] = ["unix:///srv/own.sock", "fd://"]
    assert one(Mounts=[bind("/srv/own.sock")], engine={"process": process})["engine_sockets"] == [
        "/srv/own.sock"
    ]
    assert "engine_sockets" not in one(Mounts=[bind("/srv/own.sock")], engine={"process": None})
    assert one(Mounts=[bind("/run/docker.sock")], engine={"process": None})["engine_sockets"] == [
        "/run/docker.sock"
    ]


# --- ports -----------------------------------------------------------------------------------------------------------


def ports(bindings: Any, live: Any = None, **changes: Any) -> Spec:
    network = {"Networks": [], "Ports": bindings if live is None else live}
    return one(host_config={"PortBindings": bindings}, NetworkSettings=network, **changes)


@pytest.mark.parametrize(
    "address", ["", "0.0.0.0", "::", "[::]", "0:0:0:0:0:0:0:0", "::0", "::ffff:0.0.0.0", "nonsense", None]
)
def test_every_spelling_of_everywhere(address: Any) -> None:
    assert len(ports({"80/tcp": [{"HostIp": address, "HostPort": "8080"}]})["wildcard_ports"]) == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "::1", "fe80::1"])
def test_a_single_address(address: str) -> None:
    assert not wildcard(address)


@pytest.mark.parametrize(
    ("port", "privileged"),
    [
        ("80", True),
        ("1023", True),
        ("1024", False),
        ("0", False),
        ("", False),
        ("80-90", True),
        ("8000-8010", False),
        ("080", True),
    ],
)
def test_privileged_ports(port: str, privileged: bool) -> None:
    assert (
        bool(ports({"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": port}]})["privileged_ports"]) is privileged
    )


@pytest.mark.parametrize(
    "entry",
    [
        {"HostIp": ""},
        {"HostIp": "", "HostPort": "²"},
        {"HostIp": "", "HostPort": "-5"},
        {"HostIp": "", "HostPort": "x"},
        "x",
        None,
        5,
    ],
)
def test_a_binding_that_can_not_be_read_proves_nothing(entry: Any) -> None:
    assert not {"ports", "wildcard_ports", "privileged_ports"} & set(ports({"80/tcp": [entry]}))


def test_what_really_listens_comes_before_what_was_asked_for() -> None:
    spec = ports(
        {"80/tcp": [{"HostIp": "", "HostPort": "0"}]},
        {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "32768"}]},
    )
    assert spec["wildcard_ports"] == ["0.0.0.0:32768->80/tcp"]


def test_a_stopped_container_that_will_publish_everything() -> None:
    stopped = {"Running": False}
    exposed = {"ExposedPorts": {"9000/tcp": {}}}
    spec = one(state=stopped, config=exposed, host_config={"PublishAllPorts": True}, Process=None)
    assert spec["wildcard_ports"] == ["0.0.0.0:0->9000/tcp"]
    assert one(state=stopped, config=exposed, Process=None)["wildcard_ports"] == []
    assert "ports" not in gone("HostConfig.PublishAllPorts")


def test_ports_as_people_write_them() -> None:
    assert (
        shown({"host_ip": "::", "host_port": 1, "container_port": "2", "protocol": "udp"}) == "[::]:1->2/udp"
    )


# --- the rest --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (None, False), ({}, False), ({"Test": []}, False), ({"Test": ["NONE"]}, False), ({"Interval": 5}, False), ({"Test": ["CMD"]}, True),
        ({"Test": "CMD"}, False), ("x", None), (5, None),
    ],
)  # fmt: skip
def test_health_checks(check: Any, expected: bool | None) -> None:
    assert one(config={"Healthcheck": check}).get("healthcheck") is expected


def test_login_daemons_belong_to_their_container() -> None:
    daemon = {"container": decent_container()["Id"], "pid": 7, "name": "sshd"}
    assert one(engine={"login_daemons": [daemon]})["sshd_processes"] == ["sshd (pid 7)"]
    assert one(engine={"login_daemons": [{**daemon, "container": "x"}]})["sshd_processes"] == []
    assert "sshd_processes" not in one(engine={"login_daemons": None})
    assert "sshd_processes" not in specs({k: v for k, v in decent_container().items() if k != "Id"})[0]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("HostConfig.Privileged", "privileged"), ("HostConfig.Privileged", "extra_capabilities"), ("HostConfig.Privileged", "devices"),
        ("HostConfig.CapAdd", "extra_capabilities"), ("HostConfig.SecurityOpt", "seccomp"), ("HostConfig.SecurityOpt", "apparmor_profile"),
        ("HostConfig.SecurityOpt", "no_new_privileges"), ("Process", "seccomp"), ("State.Running", "seccomp"), ("HostConfig.Devices", "devices"),
        ("HostConfig.DeviceRequests", "devices"), ("HostConfig.DeviceCgroupRules", "devices"), ("HostConfig.Ulimits", "ulimits"),
        ("HostConfig.NetworkMode", "network_mode"), ("HostConfig.Memory", "memory_bytes"), ("HostConfig.CpuShares", "cpu_limited"),
        ("HostConfig.PortBindings", "wildcard_ports"), ("NetworkSettings.Ports", "wildcard_ports"), ("Config.Healthcheck", "healthcheck"),
        ("Config", "healthcheck"), ("HostConfig", "privileged"), ("AppArmorProfile", "apparmor_profile"), ("ProcessLabel", "selinux_label"),
        ("HostConfig.LogConfig.Type", "log_driver"),
    ],
)  # fmt: skip
def test_a_fact_that_is_gone_leaves_no_field(path: str, field: str) -> None:
    assert field in one()
    assert field not in gone(path)


def test_names_of_secrets() -> None:
    names = [
        "DB_PASSWORD",
        "DB_PASSWORD_FILE",
        "TOKEN",
        "TOKEN_URL",
        "PATH",
        "MYSQL_PWD",
        "AUTHOR",
        "COMPASS",
        "API_KEY",
    ]
    assert secret_names(names) == ["API_KEY", "DB_PASSWORD", "MYSQL_PWD", "TOKEN"]


def test_adding_back_what_every_container_has_is_nothing_extra() -> None:
    assert (
        one(host_config={"CapDrop": ["ALL"], "CapAdd": ["CAP_NET_BIND_SERVICE", "chown"]})[
            "extra_capabilities"
        ]
        == []
    )
    assert one(host_config={"CapDrop": ["ALL"], "CapAdd": ["NET_ADMIN"]})["extra_capabilities"] == [
        "NET_ADMIN"
    ]


# --- what the engine itself writes into containers --------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits",
    [
        {"nofile": {"Name": "nofile", "Soft": 16384, "Hard": 16384}},
        {"nofile": "nofile=16384"},
        {"nofile": "nofile=16384:16384"},
    ],
)
def test_the_daemons_default_limits_are_no_override(limits: dict[str, Any]) -> None:
    copied = {"Ulimits": [{"Name": "nofile", "Soft": 16384, "Hard": 16384}]}
    engine = evidence()["engines"][0]
    flags = {**engine["process"], "flags": {**engine["process"]["flags"], "default-ulimits": limits}}
    assert one(host_config=copied, engine={"process": flags})["ulimits"] == []
    assert one(host_config=copied)["ulimits"] == ["nofile=16384:16384"]
    own = {"Ulimits": [{"Name": "nofile", "Soft": 16384, "Hard": 99999}]}
    assert one(host_config=own, engine={"process": flags})["ulimits"] == ["nofile=16384:99999"]
