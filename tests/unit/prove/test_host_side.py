"""What is found out and done without a container: addresses, accounts, what lies on the host, the trust policy."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import socket
import stat
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from unit.prove.support import AskedEngine

from hullguard.prove import accounts, facts, outside, supply
from hullguard.prove.base import Outcome
from hullguard.prove.engine import Engine
from hullguard.prove.facts import Host
from hullguard.prove.registry import serving
from hullguard.trust import policy

BRIDGE = {
    "IPAM": {"Config": [{"Subnet": "fd00::/64"}, {"Subnet": "172.17.0.0/24", "Gateway": "172.17.0.1"}]},
    "Containers": {"a": {"IPv4Address": "172.17.0.254/24"}},
}
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")


def test_an_address_that_nobody_has() -> None:
    with AskedEngine({"GET /networks/bridge": (200, BRIDGE)}) as server:
        found = facts.bridge(Engine(server.path))
    assert found == {"gateway": "172.17.0.1", "unused_address": "172.17.0.253"}


def test_no_default_bridge_is_a_reason() -> None:
    with AskedEngine({}) as server:
        assert facts.bridge(Engine(server.path))["why_no_neighbour"] == "there is no default bridge"


def test_the_first_disk_is_none_in_memory(tmp_path: Path) -> None:
    table = tmp_path / "partitions"
    table.write_text(
        "major minor  #blocks  name\n\n   7        0       1 loop0\n 254       16  100 vdb\n",
        encoding="ascii",
    )
    assert facts.disk(table) == [254, 16]
    assert facts.disk(tmp_path / "none") is None


def test_ceilings_are_an_eighth_of_a_small_host(tmp_path: Path) -> None:
    (tmp_path / "sys/kernel").mkdir(parents=True)
    (tmp_path / "sys/kernel/pid_max").write_text("8000\n", encoding="ascii")
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    1048576 kB\n", encoding="ascii")
    assert facts.ceilings(tmp_path) == {"processes": 1000, "memory_mib": 128}
    assert facts.ceilings(tmp_path / "none") == {"processes": 4096, "memory_mib": 512}


def test_ports_of_the_api_are_looked_for_where_they_may_be() -> None:
    engine = {
        "process": {"pid": os.getpid(), "flags": {"hosts": ["fd://", "tcp://0.0.0.0:2371"]}},
        "daemon_json": {"content": {"hosts": ["tcp://[::]:2372", 5]}},
    }
    assert facts._named(engine) == {2371, 2372}
    assert facts._unit_ports({"docker.socket": {"Listen": ["/run/docker.sock", "[::]:2373"]}}) == {2373}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        assert listener.getsockname()[1] in facts._held(engine)
    assert facts._held({"process": None}) == set()


def host(**paths: list[str] | None) -> Host:
    return Host(
        {"socket": "/nonexistent"}, paths, {"socket_group": None, "host_addresses": [], "api_ports": []}
    )


@root_only
@pytest.mark.parametrize(
    ("mode", "outcome"), [(0o666, "succeeded"), (0o644, "blocked"), (0o622, "succeeded")]
)
def test_a_stranger_opens_what_its_mode_lets_him(tmp_path: Path, mode: int, outcome: str) -> None:
    file = Path("/var/tmp") / f"hullguard-test-{os.getpid()}.json"
    file.write_text("{}", encoding="utf-8")
    try:
        file.chmod(mode)
        before = file.stat()
        found = accounts.carry_out("daemon_json_as_stranger", host(daemon_json=[str(file)]), ())
        after = file.stat()
    finally:
        file.unlink()
    assert found.outcome == outcome, found.detail
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size), "nothing is written"


@root_only
def test_who_is_nobody_is_really_nobody() -> None:
    found = accounts.as_account(
        lambda: ("blocked", f"{os.getuid()} {os.geteuid()} {os.getgid()} {os.getgroups()}")
    )
    assert found.detail == "65534 65534 65534 []"


@root_only
def test_what_goes_wrong_in_another_account_is_unknown() -> None:
    def wrong() -> tuple[str, str]:
        raise ValueError("a mistake")

    assert accounts.as_account(wrong) == Outcome("unknown", "ValueError: a mistake")


def test_where_files_are_not_known_nothing_is_claimed() -> None:
    assert accounts.carry_out("tls_key_as_stranger", host(tls_key=None), ()).outcome == "unknown"
    assert accounts.carry_out("group_members", host(), ()).outcome == "unknown"


def test_without_root_nothing_is_claimed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert (
        accounts.carry_out("socket_as_stranger", host(), ()).detail == "only root can become another account"
    )


SAID = Outcome("succeeded", "the container says so", 1.5)


def attack(folder: Path) -> Path:
    (folder / "attack/shared").mkdir(parents=True)
    return folder / "attack"


@pytest.mark.parametrize(
    ("content", "outcome"), [(b"of root\n", "blocked"), (b"of root\nwritten from a container\n", "succeeded")]
)
def test_the_file_itself_says_whether_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, outcome: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    (attack(tmp_path) / "owned").write_bytes(content)
    found = outside.verified("host_root_write", SAID, tmp_path)
    assert (found.outcome, found.seconds) == (outcome, 1.5)


@root_only
@pytest.mark.parametrize(
    ("owner", "mode", "outcome"),
    [(0, 0o4755, "succeeded"), (100000, 0o4755, "blocked"), (0, 0o755, "blocked")],
)
def test_a_setuid_file_counts_when_it_is_roots(tmp_path: Path, owner: int, mode: int, outcome: str) -> None:
    file = attack(tmp_path) / "shared/setuid"
    file.touch()
    os.chown(file, owner, owner)
    file.chmod(mode)
    assert outside.verified("host_setuid_file", SAID, tmp_path).outcome == outcome
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_a_file_that_is_not_roots_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    (attack(tmp_path) / "owned").write_bytes(b"written from a container\n")
    assert {outside.verified(name, SAID, tmp_path).outcome for name in outside.OF_ROOT} == {"unknown"}


def test_what_was_blocked_stays_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    blocked = Outcome("blocked", "EPERM")
    assert outside.verified("host_root_write", blocked, tmp_path) == blocked
    assert outside.verified("raw_socket", SAID, tmp_path) == SAID


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ('{"registry": "tls"}\n', "blocked"),
        ('{"registry": "tls"}\n{"registry": "plain"}\n', "succeeded"),
        ("", "unknown"),
    ],
)
def test_how_the_registry_was_asked_decides(tmp_path: Path, said: str, outcome: str) -> None:
    file = tmp_path / "said"
    file.touch()

    class Asking(Engine):
        def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json") -> Any:
            assert (method, path) == (
                "POST",
                "/images/create?fromImage=172.17.0.2%3A5000%2Fhullguard-prove&tag=1a2b",
            )
            file.write_text(said, encoding="utf-8")

    assert outside.registry_without_tls(Asking("/nonexistent"), "172.17.0.2", file, "1a2b").outcome == outcome
    assert outside.registry_without_tls(Asking("/nonexistent"), None, file, "1a2b").outcome == "unknown"


@pytest.mark.parametrize(
    ("text", "name", "outcome", "words"),
    [
        (None, "policy_foreign_registry", "unknown", "there is no trust policy"),
        (
            "registries: [registry.example.net]",
            "policy_foreign_registry",
            "blocked",
            "none of the registries",
        ),
        ("registries: [registry.example.net]", "policy_unsigned_image", "blocked", "asks for a signature"),
        ("registries: []", "policy_foreign_registry", "blocked", "asks for a signature"),
        ("registries: []", "policy_unsigned_image", "blocked", "asks for a signature"),
        ("registries: 5", "policy_unsigned_image", "unknown", "registries"),
    ],
)
def test_the_trust_policy_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, name: str, outcome: str, words: str
) -> None:
    file = tmp_path / "trust.yml"
    if text is not None:
        file.write_text(f"schema: hullguard/trust/1\n{text}\nrules: []\n", encoding="utf-8")
    monkeypatch.setattr(policy, "DEFAULT", file)
    with serving("test=1") as registry:
        found = supply.asked(name, registry, 10)
    assert (found.outcome, words in found.detail) == (outcome, True), found


@pytest.mark.parametrize("name", ["policy_unsigned_image", "policy_foreign_registry"])
def test_a_rule_without_its_verifier_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (tmp_path / "key.pub").touch()
    text = f"schema: hullguard/trust/1\nregistries: []\nrules: [{{pattern: '*', keys: [{tmp_path / 'key.pub'}]}}]\n"
    (tmp_path / "trust.yml").write_text(text, encoding="utf-8")
    monkeypatch.setattr(policy, "DEFAULT", tmp_path / "trust.yml")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HULLGUARD_TOOLS", str(tmp_path))
    monkeypatch.delenv("HULLGUARD_COSIGN", raising=False)
    with serving("test=1") as registry:
        found = supply.asked(name, registry, 10)
    assert (found.outcome, found.detail) == ("unknown", "cosign: cosign is not here")


def fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        content: bytes = answer.read()
    return content


def test_the_registry_has_one_image_under_every_name() -> None:
    with serving("io.hullguard.prove=run") as registry:
        base = f"http://{registry.address}/v2/any/name"
        content = fetched(f"{base}/manifests/1")
        manifest = json.loads(content)
        assert f"sha256:{hashlib.sha256(content).hexdigest()}" == registry.digest
        assert fetched(f"{base}/manifests/{registry.digest}") == content
        config = json.loads(fetched(f"{base}/blobs/{manifest['config']['digest']}"))
        assert config["config"]["Labels"] == {"io.hullguard.prove": "run"}
        layer = gzip.decompress(fetched(f"{base}/blobs/{manifest['layers'][0]['digest']}"))
        assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetched(f"{base}/manifests/none")


@pytest.mark.parametrize(
    ("body", "outcome", "words"),
    [
        ("exit 0", "succeeded", "asked for no signature"),
        (
            '[ -e "$0.again" ] || { : > "$0.again"; echo no trust data >&2; exit 1; }',
            "blocked",
            "no trust data",
        ),
        ("echo cannot connect; exit 1", "unknown", "cannot connect"),
    ],
)
def test_a_login_shell_is_blocked_only_where_the_pull_works_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, outcome: str, words: str
) -> None:
    """The script stands for docker: what it says to the login shell, and when it is called again without it."""
    script = tmp_path / "docker"
    script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with AskedEngine({}) as server, serving("test=1") as registry:
        found = supply.login_shell_pull(Engine(server.path), registry, tmp_path, 10)
    assert (found.outcome, words in found.detail) == (outcome, True), found


def test_nothing_of_a_login_shell_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "docker"
    script.write_text(f"#!/bin/sh\nsleep 600 & echo $! >> {tmp_path}/pids\nwait\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with serving("test=1") as registry:
        found = supply.login_shell_pull(Engine("/nonexistent"), registry, tmp_path, 1.0)
    assert (found.outcome, "no answer within 1 s" in found.detail) == ("unknown", True), found
    for pid in (tmp_path / "pids").read_text(encoding="ascii").split():
        deadline = time.monotonic() + 5
        while runs(pid):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def runs(pid: str) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_without_the_command_a_login_shell_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supply.shutil, "which", lambda *_, **__: None)
    with serving("test=1") as registry:
        found = supply.login_shell_pull(Engine("/nonexistent"), registry, tmp_path, 10)
    assert found.outcome == "unknown"


def test_a_socket_that_does_not_answer_in_time_blocks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "ANSWER_SECONDS", 0.05)
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        assert accounts.connected(path, asks=True)[0] == "unknown"
        assert accounts.connected(path, asks=False)[0] == "succeeded"
    assert accounts.connected(path, asks=True)[0] == "blocked"


@root_only
def test_one_that_is_unknown_is_not_blocked_with_the_others(tmp_path: Path) -> None:
    found = accounts.as_account(lambda: accounts._all([("unknown", "one"), ("blocked", "two")]))
    assert (found.outcome, found.detail) == ("unknown", "one; two")
