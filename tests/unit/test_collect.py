from __future__ import annotations

import ast
import json
import os
import re
import socket
import stat
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from unit.support.fake_engine import ID, IMAGE_ID, FakeEngine, Raw, decent_answers

from hullguard import collect
from hullguard.paths import compliance_dir

SOURCE = Path(collect.__file__)
Collect = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def schema() -> Draft202012Validator:
    text = (compliance_dir() / "schema" / "evidence.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch, schema: Draft202012Validator) -> Collect:
    """Collect from an engine, as if no other daemon ran on this machine; what comes out keeps the schema."""

    def of(
        engine: FakeEngine,
        timeout: float = 5,
        sections: tuple[str, ...] = ("engine", "objects"),
        valid: bool = True,
    ) -> dict[str, Any]:
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        monkeypatch.setattr(collect, "processes", lambda: iter([]))
        monkeypatch.setattr(collect, "glob", lambda _pattern: [])
        found = collect.collect(sections, timeout)
        if valid:
            assert not [f"{list(e.absolute_path)}: {e.message}" for e in schema.iter_errors(found)]
        return json.loads(json.dumps(found, allow_nan=False))

    return of


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        yield fake


def reasons(found: dict[str, Any], what: str) -> str:
    return " ".join(row["reason"] for row in found["errors"] if row["what"] == what)


# --- the file itself -------------------------------------------------------------------------------------------------


def test_only_the_standard_library_is_imported() -> None:
    imported = set()
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported <= sys.stdlib_module_names


def test_nothing_is_written_and_no_shell_is_started() -> None:
    text = SOURCE.read_text(encoding="utf-8")
    assert not re.search(
        r"shell=True|os\.system|os\.(remove|unlink|rename|chmod|chown|mkdir)|\"w\"|'w'|O_WRONLY\b(?!\))", text
    )
    started = re.findall(r"run\(\s*\"?(\w+)", text)
    assert set(started) <= {"systemctl", "auditctl", "iptables_save", "command", "command_"} | {"self"}


def old_python() -> str | None:
    for candidate in (
        *Path("~/.pyenv/versions").expanduser().glob("3.9*/bin/python"),
        Path("/usr/bin/python3.9"),
    ):
        if candidate.exists() and subprocess.run([candidate, "-c", ""], check=False).returncode == 0:
            return str(candidate)
    return None


def test_it_runs_on_the_oldest_python_from_standard_input() -> None:
    python = old_python()
    if python is None:
        # The grammar at least is checked everywhere.
        ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 9))
        pytest.skip("no Python 3.9 here: only its grammar was checked")
    done = subprocess.run(
        [python, "-", "--only", "host", "--timeout", "5"],
        input=SOURCE.read_bytes(),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["schema"] == "hullguard/evidence/1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--only", "files,hots"], "unknown section 'hots'"),
        (["--timeout", "0"], "between 0 and 600"),
        (["--timeout", "x"], "invalid"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        collect.main(arguments)
    assert stopped.value.code == 2
    assert message in capsys.readouterr().err


def test_a_reader_that_has_gone_is_no_error() -> None:
    command = f"{sys.executable} {SOURCE} --only host | head -c 1"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)
    assert done.stderr == b""


# --- flags -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "flags"),
    [
        ("", {}),
        ("-H fd:// --containerd=/run/containerd/containerd.sock", {"hosts": ["fd://"], "containerd": "/run/containerd/containerd.sock"}),
        ("--host tcp://0.0.0.0:2375 -H unix:///a -H=fd://", {"hosts": ["tcp://0.0.0.0:2375", "unix:///a", "fd://"]}),
        ("-Htcp://0.0.0.0:2375", {"hosts": ["tcp://0.0.0.0:2375"]}),
        ("-DHtcp://0.0.0.0:2375", {"debug": True, "hosts": ["tcp://0.0.0.0:2375"]}),
        ("-DH tcp://0.0.0.0:2375", {"debug": True, "hosts": ["tcp://0.0.0.0:2375"]}),
        ("-D=false -l debug -ldebug -g=/data", {"debug": False, "log-level": "debug", "data-root": "/data"}),
        ("--icc=false", {"icc": False}),
        ("--icc=FALSE", {"icc": False}),
        ("--icc=0", {"icc": False}),
        ("--icc=t --live-restore", {"icc": True, "live-restore": True}),
        ("--tlsverify --tlscacert=/a --tlscert /b --tlskey /c", {"tlsverify": True, "tlscacert": "/a", "tlscert": "/b", "tlskey": "/c"}),
        ("--label --icc=false", {"labels": ["--icc=false"]}),
        ("--unknown-switch --icc=false", {"unknown-switch": "", "icc": False}),
        ("--icc=false -- --icc=true", {"icc": False}),
        ("--log-opt max-size=1m --log-opt a=b=c", {"log-opts": {"max-size": "1m", "a": "b=c"}}),
        ("--default-ulimit nofile=1:2", {"default-ulimits": {"nofile": "nofile=1:2"}}),
        ("--storage-opt dm.basesize=10G", {"storage-opts": ["dm.basesize=10G"]}),
        ("--authorization-plugin=a --authorization-plugin b", {"authorization-plugins": ["a", "b"]}),
        ("--add-runtime kata=/usr/bin/kata", {"runtimes": {"kata": "/usr/bin/kata"}}),
        ("--config-file=/srv/daemon.json", {"config-file": "/srv/daemon.json"}),
        ("--iptables=false --userland-proxy=false", {"iptables": False, "userland-proxy": False}),
        ("serve - --debug", {"debug": True}),
    ],
)  # fmt: skip
def test_flags_become_typed_settings(line: str, flags: dict[str, Any]) -> None:
    assert collect.parse_flags(line.split()) == flags


def test_flags_carry_no_secrets() -> None:
    flags = collect.parse_flags(
        [
            "--log-opt",
            "splunk-token=hunter2",
            "--http-proxy",
            "http://u:hunter2@proxy",
            "--label",
            "password=hunter2",
        ]
    )
    assert "hunter2" not in json.dumps(collect.redact(flags))


# --- small readers ---------------------------------------------------------------------------------------------------


def test_a_pipe_in_place_of_a_file_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "daemon.json")
    with pytest.raises(OSError, match="no regular file"):
        collect.read(str(tmp_path / "daemon.json"))
    assert "no regular file" in collect.daemon_json(str(tmp_path / "daemon.json"))["error"]


def test_a_file_fact(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    path.chmod(0o4640)
    link = tmp_path / "link"
    link.symlink_to(path)
    fact = collect.file_fact(str(link))
    assert (fact["mode"], fact["type"], fact["real"], fact["uid"]) == ("4640", "file", str(path), os.getuid())
    assert collect.file_fact(str(path / "below")) == {"path": str(path / "below"), "exists": False}
    assert collect.file_fact(str(tmp_path))["type"] == "directory"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        assert collect.file_fact(str(tmp_path / "s"))["type"] == "socket"


@pytest.mark.parametrize(
    ("text", "valid", "message"),
    [
        ('{"icc": false}', True, None),
        ("", True, None),
        ("  \n", True, None),
        ('{\n "icc": flase}', False, ":2:9: Expecting value"),
        ("[1]", False, "holds a list"),
        ('{"a": ' + "9" * 5000 + "}", False, "Exceeds the limit"),
        ("[" * 100_000, False, "recursion"),
    ],
)
def test_daemon_json(tmp_path: Path, text: str, valid: bool, message: str | None) -> None:
    path = tmp_path / "daemon.json"
    path.write_text(text)
    fact = collect.daemon_json(str(path))
    assert fact["exists"] is True
    assert fact["valid"] is valid
    assert (message is None) is (fact["error"] is None)
    assert (message or "").lower() in (fact["error"] or "").lower()
    if not valid:
        assert fact["content"] is None
        assert str(path) in fact["error"]


def test_no_daemon_json(tmp_path: Path) -> None:
    assert collect.daemon_json(str(tmp_path / "none"))["exists"] is False


def test_the_error_of_a_broken_daemon_json_shows_nothing_of_it(tmp_path: Path) -> None:
    path = tmp_path / "daemon.json"
    path.write_text('{"log-opts": {"splunk-token": "hunter2" oops}')
    assert "hunter2" not in json.dumps(collect.daemon_json(str(path)))


def test_mounts_tell_which_folder_of_which_device(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
        "23 22 0:5 / /proc rw - proc proc rw",
        "24 22 8:1 /srv/docker /var/lib/docker rw - ext4 /dev/sda1 rw",
        r"25 22 0:51 / /mnt/with\040space rw master:1 - cifs //user:secret@nas/share rw",
        "26 22 0:52 / /var/lib/docker/overlay2/x/merged rw - overlay overlay rw",
    ]
    monkeypatch.setattr(collect, "read", lambda _path: "\n".join(lines))
    found = {row["target"]: row for row in collect.mounts()}
    assert set(found) == {"/", "/var/lib/docker", "/mnt/with space"}
    assert (found["/var/lib/docker"]["device"], found["/var/lib/docker"]["root"]) == ("8:1", "/srv/docker")


def test_mounts_are_the_hosts_where_they_may_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/proc/1/mountinfo": "22 1 8:1 / /host rw - ext4 /dev/sda1 rw",
        "/proc/self/mountinfo": "22 1 8:1 / /units ro - ext4 /dev/sda1 rw",
    }

    def read(path: str) -> str:
        if path not in files:
            raise PermissionError(path)
        return files[path]

    monkeypatch.setattr(collect, "read", read)
    assert [row["target"] for row in collect.mounts()] == ["/host"]
    del files["/proc/1/mountinfo"]
    assert [row["target"] for row in collect.mounts()] == ["/units"]


OPEN = ":FORWARD ACCEPT [0:0]\n"
CLOSED = ":FORWARD DROP [0:0]\n"
# As engine 26.1 writes them; the first of the last two with icc, the second without.
ENGINE = """:DOCKER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker0 -j DOCKER
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
"""
TOGETHER = "-A FORWARD -i docker0 -o docker0 -j ACCEPT\n"
APART = "-A FORWARD -i docker0 -o docker0 -j DROP\n"


@pytest.mark.parametrize(
    ("rules", "isolated"),
    [
        (CLOSED + ENGINE + TOGETHER, []),
        (CLOSED + ENGINE + APART, ["docker0"]),
        (OPEN + ENGINE + APART, ["docker0"]),
        (OPEN + ENGINE, []),
        (CLOSED + ENGINE, ["docker0"]),
        (OPEN + TOGETHER + APART, []),
        (OPEN + "-A FORWARD -j ACCEPT\n" + APART, []),
        (OPEN + "-A FORWARD -i docker0 -j ACCEPT\n" + APART, []),
        (OPEN + "-A FORWARD -s 10.0.0.1/32 -j ACCEPT\n" + APART, ["docker0"]),
        (OPEN + '-A FORWARD -i docker0 -o docker0 -m comment --comment "site rule" -j REJECT --reject-with icmp-port-unreachable\n', ["docker0"]),
        (OPEN + "-A FORWARD -j DOCKER-FORWARD\n-A DOCKER-FORWARD -i docker0 -o docker0 -j DROP\n", ["docker0"]),
        (CLOSED + "-A FORWARD -j DOCKER-FORWARD\n-A DOCKER-FORWARD -i docker0 -j ACCEPT\n", []),
        (CLOSED + APART.replace("docker0", "br-1") + TOGETHER, ["br-1"]),
    ],
)  # fmt: skip
def test_containers_are_apart_where_the_packet_filter_drops_what_goes_between_them(
    monkeypatch: pytest.MonkeyPatch, rules: str, isolated: list[str]
) -> None:
    monkeypatch.setattr(collect, "which", lambda _: "/usr/sbin/iptables-save")
    monkeypatch.setattr(collect, "run", lambda *_: (0, f"*filter\n{rules}COMMIT\n", ""))
    assert collect.packet_filter() == {"read": True, "reason": None, "isolated": isolated}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((4, "", "Fatal: can't open lock file: Permission denied\n"), "Fatal: can't open lock file: Permission denied"),
        ((0, "", ""), "iptables-save printed nothing"),
    ],
)  # fmt: skip
def test_a_packet_filter_that_shows_nothing_is_not_seen(
    monkeypatch: pytest.MonkeyPatch, answer: tuple[int, str, str], reason: str
) -> None:
    monkeypatch.setattr(collect, "which", lambda _: "/usr/sbin/iptables-save")
    monkeypatch.setattr(collect, "run", lambda *_: answer)
    assert collect.packet_filter() == {"read": False, "reason": reason, "isolated": []}


def test_listeners_are_read_from_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    head = "  sl  local_address rem_address   st\n"
    files = {
        "/proc/net/tcp": head
        + "   0: 0100007F:0947 00000000:0000 0A\n   1: 00000000:0016 00000000:0000 0A\n   2: 0100007F:0947 0100007F:1234 01\n",
        "/proc/net/tcp6": head
        + "   0: 00000000000000000000000000000000:0949 00000000000000000000000000000000:0000 0A\n",
        "/proc/net/udp": head,
    }

    def read(path: str) -> str:
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    monkeypatch.setattr(collect, "read", read)
    assert collect.listeners({2375, 2377}) == [
        {"protocol": "tcp", "address": "127.0.0.1", "port": 2375},
        {"protocol": "tcp", "address": "::", "port": 2377},
    ]


def test_login_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {"/etc/environment": 'DOCKER_CONTENT_TRUST="1"\n', "/etc/profile": "# export DOCKER_CONTENT_TRUST=1\nX=1\n",
             "/etc/bash.bashrc": "  export DOCKER_CONTENT_TRUST=0\n"}  # fmt: skip
    monkeypatch.setattr(collect, "read", lambda path: texts[path])
    monkeypatch.setattr(collect, "glob", lambda _pattern: [])
    assert collect.login_environment() == {"/etc/environment": "1", "/etc/bash.bashrc": "0"}


@pytest.mark.parametrize(
    ("code", "out", "err", "read", "rules"),
    [
        (0, "-w /etc/docker -p wa -k error\n", "", True, 1),
        (0, "No rules\n", "", True, 0),
        (0, "", "", False, 0),
        (1, "", "You must be root to run this program.\n", False, 0),
        (0, "Error sending rule list data request (Operation not permitted)\n", "", False, 0),
        (255, "", "Error - Operation not permitted", False, 0),
    ],
)
def test_kernel_rules(
    monkeypatch: pytest.MonkeyPatch, code: int, out: str, err: str, read: bool, rules: int
) -> None:
    def run(*command: str, **_options: Any) -> tuple[int, str, str]:
        return (code, out, err) if "-l" in command else (0, "enabled 1\nfailure 1\n", "")

    monkeypatch.setattr(collect, "which", lambda name: f"/sbin/{name}")
    monkeypatch.setattr(collect, "run", run)
    kernel = collect.audit_facts()["kernel"]
    assert (kernel["read"], len(kernel["rules"])) == (read, rules)
    assert (kernel["reason"] is None) is read


def test_units_keep_every_address_that_they_listen_on(monkeypatch: pytest.MonkeyPatch) -> None:
    out = "Id=docker.socket\nLoadState=loaded\nListen=/run/docker.sock (Stream)\nListen=[::]:2375 (Stream)\n\nId=gone.service\nLoadState=not-found\n"
    monkeypatch.setattr(collect, "run", lambda *_c: (0, out, ""))
    monkeypatch.setattr(os.path, "isdir", lambda _path: True)
    found = collect.units()
    assert list(found) == ["docker.socket"]
    assert found["docker.socket"]["Listen"] == ["/run/docker.sock", "[::]:2375"]
    assert collect.unit_facts(found)["docker.socket"]["listen"] == ["/run/docker.sock", "[::]:2375"]


def test_a_program_that_hangs_is_given_up() -> None:
    with pytest.raises(collect.Unseen, match="timed out"):
        collect.run("sleep", "5", timeout=0.1)


def test_members_by_primary_group_count(monkeypatch: pytest.MonkeyPatch) -> None:
    import grp
    import pwd

    entry = grp.struct_group(("docker", "x", 101, ["alice"]))
    users = [
        pwd.struct_passwd((name, "x", 1, gid, "", "/", "/bin/sh")) for name, gid in (("bob", 101), ("eve", 7))
    ]
    monkeypatch.setattr(
        grp, "getgrnam", lambda name: entry if name == "docker" else (_ for _ in ()).throw(KeyError(name))
    )
    monkeypatch.setattr(pwd, "getpwall", lambda: users)
    assert collect.groups(["docker", "nobody-has-it"]) == {
        "docker": {"gid": 101, "members": ["alice", "bob"]}
    }


# --- where files are -------------------------------------------------------------------------------------------------


def engine_fact(**changes: Any) -> dict[str, Any]:
    return {
        "socket": "/var/run/docker.sock", "running": True, "info": {"DockerRootDir": "/var/lib/docker"},
        "process": {"executable": "/usr/sbin/dockerd", "flags": {"hosts": ["fd://"]}},
        "daemon_json": {"path": "/etc/docker/daemon.json", "exists": False, "valid": None, "content": None}, **changes,
    }  # fmt: skip


def test_tls_files_are_where_the_configuration_says() -> None:
    flags = {"tlsverify": True, "tlscacert": "/tls/ca.pem"}
    found = collect.targets(engine_fact(process={"flags": flags}), {})
    assert found["tls_ca"] == ["/tls/ca.pem"]
    assert found["tls_key"] == [os.path.expanduser("~root/.docker/key.pem")]  # noqa: PTH111
    assert collect.targets(engine_fact(), {})["tls_key"] == []


@pytest.mark.parametrize(
    "engine",
    [
        None,
        {},
        engine_fact(process=None),
        engine_fact(daemon_json={"exists": True, "valid": False, "content": None}),
        engine_fact(daemon_json={"exists": None}),
    ],
)
def test_what_depends_on_an_unseen_configuration_is_unseen(engine: dict[str, Any] | None) -> None:
    found = collect.targets(engine, {})
    assert [found[name] for name in ("tls_ca", "tls_cert", "tls_key", "docker_socket")] == [None] * 4
    errors: list[dict[str, Any]] = []
    facts = collect.file_facts(found, errors)
    assert "tls_key" not in facts
    assert {
        "what": "files.tls_key",
        "reason": "where it lies depends on the daemon's configuration, which was not seen",
    } in errors


def test_data_root_of_an_engine_that_says_nothing_is_unseen() -> None:
    assert collect.targets(engine_fact(info=None, process=None), {})["data_root"] is None
    assert collect.targets(engine_fact(info={"DockerRootDir": "/data"}), {})["data_root"] == ["/data"]
    assert collect.targets(engine_fact(info=None, process={"flags": {"data-root": "/x"}}), {})[
        "data_root"
    ] == ["/x"]


def test_every_socket_is_looked_at() -> None:
    flags = {"hosts": ["unix:///srv/a.sock", "fd://", "unix://", "tcp://1.2.3.4:1"]}
    found = collect.targets(engine_fact(process={"flags": flags}), {})["docker_socket"]
    assert found is not None
    assert {os.path.realpath(path) for path in found} == {
        "/srv/a.sock",
        os.path.realpath("/var/run/docker.sock"),
    }


@pytest.mark.parametrize("hosts", [5, "tcp://0.0.0.0", {"a": 1}, [1, None]])
def test_hosts_of_a_wrong_type_break_nothing(hosts: Any) -> None:
    file = {
        "path": "/etc/docker/daemon.json",
        "exists": True,
        "valid": True,
        "content": {"hosts": hosts, "tlskey": 0, "containerd": 1},
    }
    found = collect.targets(engine_fact(process={"flags": {}}, daemon_json=file), {})
    assert found["tls_key"] == []


def test_drop_ins_belong_to_the_unit() -> None:
    units = {
        "docker.service": {"FragmentPath": "/lib/docker.service", "DropInPaths": "/etc/a.conf /etc/b.conf"}
    }
    assert collect.targets(engine_fact(), units)["service_unit"] == [
        "/lib/docker.service",
        "/etc/a.conf",
        "/etc/b.conf",
    ]


def test_certificates_are_found_behind_links_and_in_circles(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "ca.crt").write_text("")
    (tmp_path / "certs.d").mkdir()
    (tmp_path / "certs.d" / "registry").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "round").symlink_to(tmp_path / "certs.d")
    assert collect.below(str(tmp_path / "certs.d")) == [str(tmp_path / "certs.d" / "registry" / "ca.crt")]
    assert collect.below(str(tmp_path / "none")) == []


# --- the engine ------------------------------------------------------------------------------------------------------


def test_a_decent_engine_is_collected_whole(collected: Collect, engine: FakeEngine) -> None:
    found = collected(engine)["engines"][0]
    assert found["reachable"]
    assert found["complete"] == dict.fromkeys(("containers", "volumes", "images", "networks"), True)
    assert found["counts"] == {"containers": 1, "volumes": 0, "images": 1, "networks": 1}
    assert found["containers"][0]["Config"]["Env"] == ["PATH"]
    assert "Args" not in found["containers"][0]
    assert len(engine.asked) == len(set(engine.asked))


def test_one_question_per_object(collected: Collect) -> None:
    answers = decent_answers()
    ids = [f"{number:064x}" for number in range(30)]
    answers["/containers/json?all=1"] = [{"Id": name} for name in ids]
    answers |= {f"/containers/{name}/json": {**answers[f"/containers/{ID}/json"], "Id": name} for name in ids}
    with FakeEngine(answers) as engine:
        found = collected(engine)["engines"][0]
        assert len(found["containers"]) == found["counts"]["containers"] == 30
        assert sum("/containers/" in path for path in engine.asked) == 31


@pytest.mark.parametrize("path", ["/version", "/info"])
@pytest.mark.parametrize("how", ["hang", "drip"])
def test_a_hung_engine_costs_one_time_limit(
    collected: Collect, engine: FakeEngine, path: str, how: str
) -> None:
    engine.answers[path] = getattr(engine, how)()
    begun = time.monotonic()
    found = collected(engine, timeout=0.5)
    assert time.monotonic() - begun < 5
    assert "no answer within 0.5 s" in reasons(found, "system.engine")
    assert not found["engines"][0]["reachable"]


@pytest.mark.parametrize("how", ["hang", "drip"])
def test_an_engine_that_hangs_later_leaves_a_list_marked_as_cut(
    collected: Collect, engine: FakeEngine, how: str
) -> None:
    engine.answers[f"/containers/{ID}/json"] = getattr(engine, how)()
    found = collected(engine, timeout=0.5)
    assert found["engines"][0]["complete"] == {"containers": False}
    assert "no answer within" in reasons(found, "system.containers")


def test_an_engine_that_dies_halfway_leaves_what_was_seen(collected: Collect, engine: FakeEngine) -> None:
    engine.answers[f"/images/{IMAGE_ID}/json"] = engine.die()
    found = collected(engine)
    assert found["engines"][0]["complete"]["containers"] is True
    assert found["engines"][0]["complete"]["images"] is False
    assert reasons(found, "system.images")
    assert reasons(found, "system.networks")


@pytest.mark.parametrize("listing", ["/containers/json?all=1", "/images/json", "/networks", "/volumes"])
@pytest.mark.parametrize(
    "answer",
    [Raw(500, b'{"message":"boom"}'), Raw(404, b"{}"), Raw(403, b"no"), Raw(200, b""), Raw(200, b"<html>"), "text", 5, [1], [None], [{}], {"message": "x"}, None],
    ids=repr,
)  # fmt: skip
def test_a_listing_that_is_none_is_never_an_empty_one(
    collected: Collect, engine: FakeEngine, listing: str, answer: Any
) -> None:
    if listing == "/volumes" and isinstance(answer, dict):
        pytest.skip("an object is what /volumes answers with")
    engine.answers[listing] = answer
    kind = listing.split("/")[1].split("?")[0]
    found = collected(engine, valid=False)
    if listing == "/networks" and answer == [{}]:
        assert found["engines"][0]["networks"] == [{}]  # which gives no control a pass
        return
    assert found["engines"][0]["complete"][kind] is False
    assert reasons(found, f"system.{kind}")


def test_null_is_an_empty_list(collected: Collect, engine: FakeEngine) -> None:
    engine.answers["/images/json"] = Raw(200, b"null")
    assert collected(engine)["engines"][0]["complete"]["images"] is True


def test_what_was_removed_since_it_was_listed_is_left_out(collected: Collect, engine: FakeEngine) -> None:
    engine.answers["/containers/json?all=1"] = [{"Id": "gone"}, {"Id": ID}]
    found = collected(engine)["engines"][0]
    assert [c["Id"] for c in found["containers"]] == [ID]
    assert (found["complete"]["containers"], found["counts"]["containers"]) == (True, 1)


@pytest.mark.parametrize("path", ["/version", "/info"])
@pytest.mark.parametrize(
    "answer",
    [Raw(500, b"boom"), Raw(404), Raw(200, b"["), [], "x", None, Raw(200, b"{}", length="99")],
    ids=repr,
)
def test_an_engine_that_answers_nonsense_is_not_reachable(
    collected: Collect, engine: FakeEngine, path: str, answer: Any
) -> None:
    engine.answers[path] = answer
    found = collected(engine, timeout=1)
    assert not found["engines"][0]["reachable"]
    assert reasons(found, "system.engine")


@pytest.mark.parametrize("key", ["RegistryConfig", "Plugins", "Swarm", "Runtimes", "SecurityOptions"])
@pytest.mark.parametrize(
    "value", [None, 5, "x", [1], {"a": 5}, {"IndexConfigs": 5}, {"IndexConfigs": {"a": 5}}]
)
def test_members_of_a_wrong_type_break_nothing(
    collected: Collect, engine: FakeEngine, key: str, value: Any
) -> None:
    engine.answers["/info"][key] = value
    found = collected(engine, sections=("engine", "objects", "files"), valid=False)
    assert found["engines"][0]["name"] == "system"
    assert "files" in found


def test_deeply_nested_answers_break_nothing(collected: Collect, engine: FakeEngine) -> None:
    engine.answers["/info"] = Raw(200, b'{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}")
    assert "recursion" in reasons(collected(engine), "system.engine").lower()


def test_an_endless_answer_is_cut(
    collected: Collect, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "LARGEST_ANSWER", 1000)
    engine.answers["/info"] = Raw(200, b"[" + b"1," * 5000 + b"1]")
    assert "larger than" in reasons(collected(engine), "system.engine")


def test_what_the_engine_left_out_is_not_made_up(collected: Collect, engine: FakeEngine) -> None:
    engine.answers[f"/containers/{ID}/json"] = {"Id": ID, "Name": "/web", "State": {}}
    kept = collected(engine)["engines"][0]["containers"][0]
    assert not {"Mounts", "HostConfig", "Config", "NetworkSettings"} & set(kept)


def test_an_image_without_history_says_so(collected: Collect, engine: FakeEngine) -> None:
    del engine.answers[f"/images/{IMAGE_ID}/history"]
    kept = collected(engine)["engines"][0]["images"][0]
    assert kept["History"] is None
    assert kept["SecretsInHistory"] is None


def test_a_swarm_without_lists_has_no_empty_ones(collected: Collect, engine: FakeEngine) -> None:
    engine.answers["/info"]["Swarm"] = {"LocalNodeState": "active", "ControlAvailable": True}
    found = collected(engine)
    assert "swarm" not in found["engines"][0]
    assert "HTTP 404" in reasons(found, "system.swarm")
    engine.answers |= {
        "/swarm": {"Spec": {}, "JoinTokens": {"Worker": "SWMTKN-1-hunter2"}},
        "/nodes": [],
        "/services": [],
        "/secrets": [],
    }
    found = collected(engine)
    assert found["engines"][0]["swarm"]["nodes"] == []
    assert "hunter2" not in json.dumps(found)


def test_no_engine_and_a_foreign_endpoint_are_told(
    collected: Collect, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FakeEngine() as engine:
        engine.path.unlink()
        found = collected(engine)
        assert "does not exist" in reasons(found, "system.engine")
        assert "containers" not in found["engines"][0]
    monkeypatch.setenv("DOCKER_HOST", "tcp://user:hunter2@10.0.0.1:2375")
    found = collect.collect(("engine",), 1)
    assert found["engines"] == []
    assert "only unix://" in reasons(found, "system.engine")
    assert "hunter2" not in json.dumps(found)


def test_a_socket_that_nobody_answers_is_told(collected: Collect) -> None:
    with FakeEngine() as engine:
        engine.shutdown()
        engine.server_close()
        assert "refused" in reasons(collected(engine), "system.engine").lower()


def test_a_rootless_engine_is_one_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with FakeEngine() as engine:
        monkeypatch.setattr(collect, "processes", lambda: iter([]))
        monkeypatch.setattr(
            collect,
            "glob",
            lambda pattern: (
                ["/run/user/1000/docker.sock", "/run/user/x/docker.sock"] if "user" in pattern else []
            ),
        )
        monkeypatch.setenv("DOCKER_HOST", engine.endpoint)
        found = collect.collect(("engine",), 1)
    assert [e["rootless"] for e in found["engines"]] == [False, True]


def test_a_process_has_to_be_the_containers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/proc/7/cgroup": f"0::/system.slice/docker-{ID}.scope\n",
        "/proc/8/cgroup": "0::/user.slice\n",
        "/proc/7/status": "Uid:\t0\t0\nNoNewPrivs:\t1\nSeccomp:\t2\nCapEff:\t00\n",
        "/proc/8/status": "Uid:\t0\t0\nNoNewPrivs:\t1\nSeccomp:\t2\nCapEff:\t00\n",
    }
    monkeypatch.setattr(collect, "read", lambda path: files[path])
    assert collect.process_security(7, ID) == {"NoNewPrivs": 1, "Seccomp": 2, "CapEff": "00", "Uid": 0}
    # In another namespace the same number is somebody else.
    assert collect.process_security(8, ID) is None
    assert collect.process_security(0, ID) is None
    assert collect.process_security("x", ID) is None


def test_who_is_behind_the_socket() -> None:
    class Api:
        def __init__(self, pid: int) -> None:
            self.pid = pid

        def peer(self) -> int:
            return self.pid

    seen = [
        (10, "dockerd", 0, True),
        (11, "dockerd", 0, False),
        (12, "dockerd", 0, True),
        (13, "containerd", 0, True),
    ]
    assert collect.find_process(Api(12), seen, 0, 10) == 12  # type: ignore[arg-type]
    assert collect.find_process(Api(1), seen, 0, 10) == 10  # type: ignore[arg-type]
    with pytest.raises(collect.Unseen, match="2 dockerd"):
        collect.find_process(Api(1), seen, 0, 0)  # type: ignore[arg-type]
    with pytest.raises(collect.NotRunning):
        collect.find_process(Api(1), seen, 1000, 0)  # type: ignore[arg-type]
    # The daemon inside a container is not this host's.
    with pytest.raises(collect.NotRunning):
        collect.find_process(Api(1), [(11, "dockerd", 0, False)], 0, 0)  # type: ignore[arg-type]


def test_a_daemon_that_nobody_asked_is_an_engine_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeEngine() as asked, FakeEngine() as other:
        flags = {
            4711: {"hosts": [asked.endpoint]},
            4712: {"hosts": ["tcp://127.0.0.1:1", other.endpoint]},
            4713: {},
        }
        processes = [(pid, "dockerd", 0, True) for pid in flags]
        # The daemon inside a container is its own host's.
        monkeypatch.setattr(collect, "processes", lambda: iter([*processes, (4714, "dockerd", 0, False)]))
        monkeypatch.setattr(collect, "process_facts", lambda pid: {"pid": pid, "flags": flags[pid]})
        monkeypatch.setattr(collect.Api, "peer", lambda api: 4711 if api.path == str(asked.path) else 1)
        monkeypatch.setattr(collect, "glob", lambda _pattern: [])
        monkeypatch.setenv("DOCKER_HOST", asked.endpoint)
        found = collect.collect(("engine",), 2)
    assert [(e["name"], e["process"]["pid"], e["reachable"]) for e in found["engines"]] == [
        ("system", 4711, True),
        (f"system:{other.path}", 4712, True),
        ("system:elsewhere", 4713, False),
    ]


def test_an_access_control_list_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    path.touch(0o660)
    assert collect.file_fact(str(path))["acl"] is False
    # acl(5) as the kernel stores it: version, then tag, permissions and id of each entry
    entries = [(1, 6, -1), (2, 6, 1000), (4, 6, -1), (16, 6, -1), (32, 0, -1)]
    value = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    try:
        os.setxattr(path, "system.posix_acl_access", value)
    except OSError:
        pytest.skip("this file system has no access control lists")
    fact = collect.file_fact(str(path))
    assert (fact["acl"], fact["mode"]) == (True, "0660")


@pytest.mark.parametrize(
    ("option", "kept"),
    [
        ("seccomp=unconfined", "seccomp=unconfined"),
        ('seccomp={"defaultAction": "SCMP_ACT_ERRNO"}', "seccomp=<profile>"),
        ('seccomp:{"defaultAction": "SCMP_ACT_ERRNO"}', "seccomp=<profile>"),
        ('seccomp={"defaultAction": "SCMP_ACT_ALLOW"}', "seccomp=<profile that allows everything>"),
        (
            'seccomp={"defaultAction": "SCMP_ACT_LOG", "syscalls": null}',
            "seccomp=<profile that allows everything>",
        ),
        (
            'seccomp={"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"action": "SCMP_ACT_ERRNO"}]}',
            "seccomp=<profile>",
        ),
        ('seccomp={"defaultAction": 5, "syscalls": 7}', "seccomp=<profile>"),
        ("seccomp={broken", "seccomp=<profile>"),
        ("apparmor=docker-default", "apparmor=docker-default"),
    ],
)
def test_of_a_seccomp_profile_its_kind_is_kept(option: str, kept: str) -> None:
    assert collect.security_option(option) == kept


def test_bind_mounts_tell_where_links_lead(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc")
    assert collect.trim_mount({"Type": "bind", "Source": str(tmp_path / "link")})["Real"] == "/etc"
    assert "Real" not in collect.trim_mount({"Type": "volume", "Source": "/x"})


def test_started_at_agrees_with_the_clock() -> None:
    assert abs(collect.started_at(os.getpid()) - (time.time() - time.process_time())) < 3600
    process = subprocess.Popen(["sleep", "5"])
    try:
        assert abs(collect.started_at(process.pid) - time.time()) < 5
    finally:
        process.kill()
        process.wait()


def test_the_whole_of_this_machine_keeps_the_schema(schema: Draft202012Validator) -> None:
    found = collect.collect(timeout=5)
    assert not [
        f"{list(e.absolute_path)}: {e.message}" for e in schema.iter_errors(json.loads(json.dumps(found)))
    ]


@pytest.mark.parametrize("name", ["debian12", "debian13", "swarm13"])
def test_evidence_of_real_hosts_keeps_the_schema(schema: Draft202012Validator, name: str) -> None:
    document = json.loads((Path(__file__).parent / "fixtures" / f"{name}.json").read_text(encoding="utf-8"))
    assert not [f"{list(e.absolute_path)}: {e.message}" for e in schema.iter_errors(document)]


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e["engines"][0]["containers"][0]["Config"].update(Env=["A=1"]),
        lambda e: e["engines"][0]["containers"][0].update(Args=["x"]),
        lambda e: e["engines"][0]["containers"][0].update(Path="sh -c x"),
        lambda e: e["engines"][0]["containers"][0].pop("Process"),
        lambda e: e["engines"][0]["info"].update(HttpProxy="http://u:p@h"),
        lambda e: e["files"].update(other=[]),
        lambda e: e["files"]["config_dir"][0].update(mode="755"),
        lambda e: e["files"]["config_dir"][0].pop("real"),
        lambda e: e["engines"][0].pop("process"),
        lambda e: e["engines"][0]["containers"][0]["Config"].update(
            Healthcheck={"Test": ["CMD", "curl secret"]}
        ),
        lambda e: e.update(extra=1),
        lambda e: e.pop("errors"),
        lambda e: e["host"].update(name=""),
        lambda e: e.update(collected_at="yesterday"),
    ],
)
def test_the_schema_is_strict_where_it_matters(
    schema: Draft202012Validator, change: Callable[[Any], Any]
) -> None:
    document = json.loads((Path(__file__).parent / "fixtures" / "debian13.json").read_text(encoding="utf-8"))
    change(document)
    assert not schema.is_valid(document)


def test_mode_bits_of_the_file_itself() -> None:
    assert not stat.S_IMODE(SOURCE.stat().st_mode) & 0o022
