"""The command line on a live engine: a careless throwaway host is collected, judged and compared."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container
from jsonschema import Draft202012Validator

from hullguard import collect
from hullguard.paths import compliance_dir
from lab import engine, hosts, workload

SECRET = f"hunter2{uuid.uuid4().hex}"
COLLECTOR = Path(collect.__file__)
CARELESS = {
    "rootful": ["create", "--privileged"],
    "sock": ["run", "-d", "-v", "/var/run/docker.sock:/var/run/docker.sock"],
    "secretenv": [
        "run", "-d", "-e", f"DB_PASSWORD={SECRET}", "-e", f"PLAIN={SECRET}", "--label", f"api-token={SECRET}",
        "--health-cmd", f"echo {SECRET}", "-p", "8080:80", "--log-opt", "max-size=1m",
    ],
    "hostnet": ["run", "-d", "--network", "host", "--restart", "always"],
    "joined": ["run", "-d", "--network", "container:hostnet"],
    "disguised": ["run", "-d", "-v", "disguised:/x"],
    "nolimit": ["run", "-d", "-v", "/etc:/host-etc"],
    "decent": [
        "run", "-d", "--network", "app", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "64m",
        "--cpus", "0.5", "--pids-limit", "64", "--restart", "on-failure:5", "--user", "1000", "--health-cmd", "true", "-p", "127.0.0.1:8443:8443",
    ],
}  # fmt: skip


@pytest.fixture(scope="session")
def client() -> docker.DockerClient:
    return engine.ensure()


@pytest.fixture(scope="session")
def host(client: docker.DockerClient) -> Iterator[Container]:
    """A host with a careless workload, the same for all tests here."""
    container, _ = hosts.up(client, f"hullguard-e2e-cli-{uuid.uuid4().hex[:8]}", "debian-13")
    try:
        workload.load(client, container, workload.ensure(client))
        must(container, "docker", "network", "create", "app")
        must(
            container,
            "docker",
            "volume",
            "create",
            "-o",
            "type=none",
            "-o",
            "o=bind",
            "-o",
            "device=/etc",
            "disguised",
        )
        for name, arguments in CARELESS.items():
            argument = [SECRET] if name == "rootful" else []
            must(
                container, "docker", *arguments, "--name", name, workload.tag(), "sleep", "100000", *argument
            )
        yield container
    finally:
        hosts.remove(container)


def must(host: Container, *command: str) -> str:
    code, output = hosts.run(host, list(command))
    assert code == 0, output
    return output


def collected(host: Container, *prefix: str) -> dict[str, Any]:
    """Run the collector on a host as it stands in the tree, with nothing else installed there."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("collect.py")
        entry.size, entry.mode = COLLECTOR.stat().st_size, 0o644
        with COLLECTOR.open("rb") as stream:
            tar.addfile(entry, stream)
    # Not /tmp: the host mounts a memory disk there, which a copy from outside can't reach.
    assert host.put_archive("/var/tmp", archive.getvalue())
    code, output = host.exec_run([*prefix, "python3", "/var/tmp/collect.py", "--timeout", "20"], demux=True)
    assert code == 0, output[1]
    found: dict[str, Any] = json.loads(output[0])
    return found


def hullguard(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hullguard", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def judged(path: Path, *arguments: object) -> dict[str, dict[str, Any]]:
    done = hullguard("audit", "--evidence", path, "--format", "json", "--fail-on", "never", *arguments)
    assert done.returncode == 0, done.stderr
    return {row["id"]: row for row in json.loads(done.stdout)["hosts"][0]["results"]}


@pytest.fixture(scope="session")
def evidence(host: Container, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("evidence") / "host.json"
    path.write_text(json.dumps(collected(host)))
    return path


def errors(document: Any, schema: str) -> list[str]:
    text = (compliance_dir() / "schema" / f"{schema}.schema.json").read_text(encoding="utf-8")
    return [
        f"{list(e.absolute_path)}: {e.message}"
        for e in Draft202012Validator(json.loads(text)).iter_errors(document)
    ]


def test_evidence_is_whole_and_keeps_its_schema(evidence: Path) -> None:
    document = json.loads(evidence.read_text())
    assert not errors(document, "evidence")
    assert document["errors"] == []
    found = document["engines"][0]
    assert found["complete"] == dict.fromkeys(("containers", "volumes", "images", "networks"), True)
    assert {container["Name"] for container in found["containers"]} == {f"/{name}" for name in CARELESS}
    running = [container for container in found["containers"] if container["State"]["Running"]]
    assert len(running) == len(CARELESS) - 1
    assert all(container["Process"] for container in running)


def test_no_secret_leaves_the_host(evidence: Path) -> None:
    text = evidence.read_text()
    assert "DB_PASSWORD" in text
    assert "api-token" in text
    assert SECRET not in text


def test_the_report_keeps_its_schema(evidence: Path, tmp_path: Path) -> None:
    done = hullguard("audit", "-e", evidence, "--format", "json", "-o", tmp_path / "report.json")
    assert done.returncode == 13
    assert not errors(json.loads((tmp_path / "report.json").read_text()), "report")
    assert hullguard("audit", "-e", evidence, "--format", "html").stdout.startswith("<!DOCTYPE html>")


def test_careless_containers_are_named(evidence: Path) -> None:
    rows = judged(evidence)

    def failing(slug: str) -> set[str]:
        assert rows[slug]["verdict"] == "fail"
        return {obj["name"] for obj in rows[slug]["objects"]}

    assert failing("privileged") == {"rootful"}
    assert failing("engine_socket_mounted") == {"sock"}
    assert failing("sensitive_host_mounts") == {"nolimit", "disguised"}
    assert failing("host_network") == {"hostnet", "joined"}
    assert failing("restart_policy") == {"hostnet"}
    assert failing("wildcard_bind") == {"secretenv"}
    assert failing("memory_limit") == set(CARELESS) - {"decent"}
    assert failing("no_new_privileges") == set(CARELESS) - {"decent"}
    assert failing("read_only_root") == set(CARELESS) - {"decent"}


def test_a_hundred_controls_are_decided(evidence: Path) -> None:
    decided = [
        row for row in judged(evidence).values() if row["verdict"] in ("pass", "fail", "not_applicable")
    ]
    assert len(decided) >= 100


def test_nothing_changed_is_no_difference(host: Container, evidence: Path, tmp_path: Path) -> None:
    (tmp_path / "again.json").write_text(json.dumps(collected(host)))
    done = hullguard("diff", evidence, tmp_path / "again.json", "--format", "json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["hosts"][0]["changes"] == []


def test_whoever_is_not_root_says_what_could_not_be_seen(
    host: Container, evidence: Path, tmp_path: Path
) -> None:
    document = collected(host, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    assert not errors(document, "evidence")
    assert {"privileges", "system.engine", "system.process"} <= {
        error["what"] for error in document["errors"]
    }
    assert "Permission denied" in " ".join(error["reason"] for error in document["errors"])
    (tmp_path / "nobody.json").write_text(json.dumps(document))
    seen, unseen = judged(evidence), judged(tmp_path / "nobody.json")
    better = [
        slug
        for slug, row in unseen.items()
        if row["verdict"] in ("pass", "not_applicable") and seen[slug]["verdict"] != row["verdict"]
    ]
    assert better == []
    assert unseen["privileged"]["verdict"] == unseen["userns_remap"]["verdict"] == "unknown"
    done = hullguard("audit", "-e", tmp_path / "nobody.json", "--strict", "--fail-on", "never")
    assert done.returncode == 10


def test_a_broken_daemon_json_is_unknown_and_its_place_is_told(host: Container, tmp_path: Path) -> None:
    must(
        host, "sh", "-c", "mkdir -p /etc/docker && printf '{\\n \"icc\": flase\\n}' > /etc/docker/daemon.json"
    )
    try:
        (tmp_path / "host.json").write_text(json.dumps(collected(host)))
    finally:
        must(host, "rm", "/etc/docker/daemon.json")
    rows = judged(tmp_path / "host.json")
    assert rows["userland_proxy"]["verdict"] == "unknown"
    assert "/etc/docker/daemon.json:2:9" in rows["userland_proxy"]["reason"]


def test_a_changed_daemon_json_does_not_count_before_the_restart(host: Container, tmp_path: Path) -> None:
    must(host, "sh", "-c", "echo '{\"userland-proxy\": false}' > /etc/docker/daemon.json")
    try:
        (tmp_path / "host.json").write_text(json.dumps(collected(host)))
    finally:
        must(host, "rm", "/etc/docker/daemon.json")
    row = judged(tmp_path / "host.json")["userland_proxy"]
    assert row["verdict"] == "unknown"
    assert "restart the engine" in row["reason"]


def test_a_stopped_engine_is_unknown_and_never_a_pass(
    host: Container, evidence: Path, tmp_path: Path
) -> None:
    must(host, "systemctl", "stop", "docker.socket", "docker.service")
    try:
        document = collected(host)
    finally:
        must(host, "systemctl", "start", "docker.socket", "docker.service")
        hosts.wait_until_ready(host)
    (tmp_path / "down.json").write_text(json.dumps(document))
    assert document["engines"][0]["running"] is False
    rows = judged(tmp_path / "down.json")
    of_the_engine = [row for row in rows.values() if row["family"] not in ("host", "files")]
    assert {row["verdict"] for row in of_the_engine} == {"unknown", "manual", "not_applicable"}
    # Which security module the kernel has is told without an engine.
    assert [row["id"] for row in of_the_engine if row["verdict"] == "not_applicable"] == ["selinux_label"]
    assert not [
        slug
        for slug, row in rows.items()
        if row["verdict"] == "pass" and judged_before(evidence)[slug] not in ("pass", "not_applicable")
    ]


def judged_before(evidence: Path) -> dict[str, str]:
    return {slug: row["verdict"] for slug, row in judged(evidence).items()}
