"""`hullguard watch` on a live engine: in time, once, nothing lost, nothing said of what is in order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container
from examples_support import host as examples
from jsonschema import Draft202012Validator

from hullguard.paths import compliance_dir
from hullguard.watch.work import moment
from lab import LABEL, engine, workload

SCRIPTS = Path(__file__).parents[2] / "scripts"
SCHEMA = Draft202012Validator(
    json.loads((compliance_dir() / "schema/alert.schema.json").read_text(encoding="utf-8"))
)
SECRET = f"hunter2{uuid.uuid4().hex}"
MARK = uuid.uuid4().hex[:8]
DECENT: dict[str, Any] = {
    "read_only": True, "cap_drop": ["ALL"], "security_opt": ["no-new-privileges"], "mem_limit": "64m", "nano_cpus": 500_000_000,
    "pids_limit": 64, "network_mode": "none",
}  # fmt: skip
SECOND = 1_000_000_000


def until(condition: Callable[[], Any], seconds: float = 15.0) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


class Watching:
    """A watch in a process of its own, and what it has said."""

    def __init__(self, *arguments: str) -> None:
        self.alerts: list[dict[str, Any]] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hullguard", "watch", "--format", "json", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
        )  # fmt: skip
        assert self.process.stderr
        told = []
        for line in self.process.stderr:
            told.append(line)
            if "watching" in line:
                break
        else:
            raise AssertionError(f"the watch ended with {self.process.wait(5)}: {''.join(told)}")
        self.readers = [threading.Thread(target=self.read), threading.Thread(target=self.process.stderr.read)]
        for reader in self.readers:
            reader.start()

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.alerts.append(json.loads(line))

    def of(self, *names: str) -> list[dict[str, Any]]:
        """What was said of containers: on a shared engine others are about, too."""
        return [one for one in self.alerts if one["container"] and one["container"]["name"] in names]

    def end(self) -> int:
        self.process.terminate()
        code = self.process.wait(20)
        for reader in self.readers:
            reader.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        return code


@pytest.fixture(scope="module")
def client() -> docker.DockerClient:
    return engine.ensure()


@pytest.fixture(scope="module")
def image(client: docker.DockerClient) -> str:
    return workload.ensure(client)


@pytest.fixture(scope="module")
def watch(client: docker.DockerClient) -> Iterator[Watching]:
    running = Watching("--fail-on", "high")
    yield running
    assert running.end() == 13, "the gravest was critical"
    for alert in running.alerts:
        SCHEMA.validate(alert)
    assert SECRET not in json.dumps(running.alerts)


@contextmanager
def started(
    client: docker.DockerClient, image: str, what: str, *command: str, **options: Any
) -> Iterator[Container]:
    name = f"hullguard-watch-{what}-{MARK}"
    container = client.containers.create(
        image,
        list(command or ("sleep", "120")),
        name=name,
        labels={LABEL: "test"},
        environment={"DB_PASSWORD": SECRET},
        **options,
    )
    try:
        container.start()
        container.reload()
        yield container
    finally:
        container.remove(force=True)


def latency(alert: dict[str, Any], container: Container) -> float:
    said = datetime.fromisoformat(alert["time"]).timestamp()
    return said - moment(container.attrs["State"]["StartedAt"])


def test_a_careless_container_is_named_within_a_second(
    watch: Watching, client: docker.DockerClient, image: str
) -> None:
    with started(
        client, image, "careless", pid_mode="host", security_opt=["seccomp=unconfined"]
    ) as container:
        (alert,) = until(lambda: watch.of(str(container.name)))
        assert 0 <= latency(alert, container) < 1
    assert (alert["kind"], alert["severity"]) == ("control_broken", "high")
    assert alert["container"] == {"id": container.id, "name": container.name, "image": image}
    assert {"host_pid", "seccomp", "no_new_privileges"} <= {control["id"] for control in alert["controls"]}


def test_the_engines_socket(watch: Watching, client: docker.DockerClient, image: str) -> None:
    socket = ["/var/run/docker.sock:/s:ro"]
    with started(client, image, "socket", volumes=socket, **DECENT) as container:
        (alert,) = until(lambda: watch.of(str(container.name)))
        assert latency(alert, container) < 1
    assert (alert["kind"], alert["severity"]) == ("engine_socket_mounted", "critical")
    assert "engine_socket_mounted" in [control["id"] for control in alert["controls"]]


def test_the_whole_file_system(watch: Watching, client: docker.DockerClient, image: str) -> None:
    with started(client, image, "everything", volumes=["/:/host:ro"], **DECENT) as container:
        (alert,) = until(lambda: watch.of(str(container.name)))
    assert (alert["kind"], alert["severity"]) == ("host_filesystem_mounted", "critical")


def test_a_decent_container_is_not_named_nor_are_its_health_checks(
    watch: Watching, client: docker.DockerClient, image: str
) -> None:
    """Its health check runs as root every second; the alerts of what starts afterwards show that it was seen."""
    check = {"test": ["CMD-SHELL", "true"], "interval": SECOND, "timeout": 5 * SECOND}
    with started(client, image, "decent", healthcheck=check, **DECENT) as container:
        until(lambda: container.attrs["State"]["Health"]["Status"] == "healthy" or container.reload())
        with started(client, image, "after") as after:
            until(lambda: watch.of(str(after.name)))
        assert watch.of(str(container.name)) == []


def test_a_joined_namespace_is_seen_through(watch: Watching, client: docker.DockerClient, image: str) -> None:
    with started(client, image, "first", network_mode="host") as first:
        options = DECENT | {"network_mode": f"container:{first.id}"}
        with started(client, image, "second", **options) as second:
            (alert,) = until(lambda: watch.of(str(second.name)))
    assert [control["id"] for control in alert["controls"]] == ["host_network"]


def test_commands_as_root_and_as_somebody(watch: Watching, client: docker.DockerClient, image: str) -> None:
    with started(client, image, "exec", user="1000", **DECENT) as container:
        name = str(container.name)
        assert container.exec_run(["echo", SECRET]).exit_code == 0
        assert container.exec_run(["id", "-u"], user="nobody").exit_code == 0
        begun = time.time()
        assert container.exec_run(["sh", "-c", f"echo {SECRET}"], user="root").exit_code == 0
        (alert,) = until(lambda: watch.of(name))
        assert datetime.fromisoformat(alert["time"]).timestamp() - begun < 1
        assert (alert["kind"], alert["severity"], alert["detail"]) == (
            "exec_as_root",
            "medium",
            "runs sh in it",
        )
        assert container.exec_run(["id"], user="0:0").exit_code == 0
        until(lambda: len(watch.of(name)) == 2)
    assert {alert["kind"] for alert in watch.of(name)} == {"exec_as_root"}


def test_a_privileged_command(watch: Watching, client: docker.DockerClient, image: str) -> None:
    """The engine tells of it before it starts it, and so it is seen where a confined machine then refuses."""
    with started(client, image, "privileged", user="1000", **DECENT) as container:
        container.exec_run(["id"], privileged=True, user="1000")
        (alert,) = until(lambda: watch.of(str(container.name)))
    assert (alert["kind"], alert["severity"]) == ("exec_privileged", "high")


def test_a_label_can_not_hide_a_command(watch: Watching, client: docker.DockerClient, image: str) -> None:
    """Engines let a label of that name stand in the event where the exec's own number should."""
    name = f"hullguard-watch-hiding-{MARK}"
    container = client.containers.create(
        image, ["sleep", "120"], name=name, labels={LABEL: "test", "execID": "f" * 64}, **DECENT
    )
    try:
        container.start()
        container.exec_run(["sleep", "0.5"], user="root")
        found = until(lambda: watch.of(name))
    finally:
        container.remove(force=True)
    assert {alert["kind"] for alert in found} <= {"exec_as_root", "unseen"}


def test_one_that_is_gone_at_once_is_still_told(
    watch: Watching, client: docker.DockerClient, image: str
) -> None:
    name = f"hullguard-watch-once-{MARK}"
    client.containers.run(
        image, ["true"], name=name, labels={LABEL: "test"}, network_mode="none", remove=True
    )
    (alert,) = until(lambda: watch.of(name))
    assert alert["kind"] in ("control_broken", "unseen")


def test_a_restart_is_told_again_and_nothing_twice(
    watch: Watching, client: docker.DockerClient, image: str
) -> None:
    with started(client, image, "restarted", network_mode="none") as container:
        name = str(container.name)
        until(lambda: watch.of(name))
        container.restart(timeout=0)
        until(lambda: len(watch.of(name)) == 2)
    with started(client, image, "last", network_mode="none") as last:
        until(lambda: watch.of(str(last.name)))
    assert len(watch.of(name)) == 2


def test_a_hundred_in_a_minute(
    watch: Watching, client: docker.DockerClient, image: str, record_property: Callable[[str, object], None]
) -> None:
    names = [f"hullguard-watch-{index:03}-{MARK}" for index in range(100)]
    containers = [
        client.containers.create(image, ["true"], name=name, labels={LABEL: "test"}, network_mode="none")
        for name in names
    ]
    try:
        begun = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda container: container.start(), containers))
        took = time.monotonic() - begun
        until(lambda: len(watch.of(*names)) >= len(names), 10)
        late = time.monotonic() - begun - took
    finally:
        for container in containers:
            container.remove(force=True)
    found = watch.of(*names)
    assert sorted(alert["container"]["name"] for alert in found) == names, "each once"
    assert {alert["kind"] for alert in found} == {"control_broken"}
    assert took < 60
    record_property("seconds", round(took, 1))
    print(f"100 starts took {took:.1f} s, the last alert came {late:.2f} s after the last start")


def test_existing_ones_and_waivers(client: docker.DockerClient, image: str, tmp_path: Path) -> None:
    tomorrow = datetime.fromtimestamp(time.time() + 86400).date().isoformat()
    row = {
        "control": "no_new_privileges",
        "object": f"hullguard-watch-waived-{MARK}",
        "reason": "A test of what is accepted.",
        "owner": "tests",
        "approver": "tests",
    }
    waivers = tmp_path / "waivers.yml"
    waivers.write_text(json.dumps({"waivers": [row | {"expires": tomorrow}]}), encoding="utf-8")
    with (
        started(client, image, "waived", network_mode="none") as waived,
        started(client, image, "kept", network_mode="none") as kept,
    ):
        watch = Watching("--existing", "--waivers", str(waivers))
        try:
            until(lambda: watch.of(str(kept.name)))
        finally:
            code = watch.end()
    assert code == 0
    assert watch.of(str(waived.name)) == []


@pytest.fixture(scope="module")
def host(client: docker.DockerClient, image: str) -> Iterator[examples.ExampleHost]:
    with examples.running(client, None) as found:
        workload.load(client, found.container, image)
        yield found


def said(host: examples.ExampleHost) -> list[dict[str, Any]]:
    return [json.loads(line) for line in host.output("cat /run/watch.json").splitlines()]


def test_an_engine_that_restarts_and_a_configuration_that_changes(
    host: examples.ExampleHost, image: str
) -> None:
    host.output(
        "rm -f /etc/docker/daemon.json; systemd-run --quiet --unit=watch -p StandardOutput=file:/run/watch.json "
        "-p StandardError=file:/run/watch.err hullguard watch"
    )
    until(lambda: "watching" in host.run("cat /run/watch.err")[1])
    host.output(f"docker run -d --name always --restart always {image} sleep 1000")
    until(lambda: len(said(host)) == 1)

    new = json.dumps({"debug": False, "live-restore": False, "labels": [f"token={SECRET}"]})
    host.output(f"echo '{new}' > /etc/docker/new && mv /etc/docker/new /etc/docker/daemon.json")
    created = until(lambda: said(host)[1:])[0]
    assert (created["kind"], created["keys"]) == ("daemon_json_changed", ["debug", "labels", "live-restore"])
    assert created["detail"].startswith("/etc/docker/daemon.json: created")
    host.output("chmod 0666 /etc/docker/daemon.json")
    assert "mode 0644 became 0666" in until(lambda: said(host)[2:])[0]["detail"]

    host.output("systemctl restart docker")
    until(lambda: [one for one in said(host)[3:] if one["container"]], 30)
    host.output(f"docker run -d --name later {image} sleep 1000")
    until(lambda: [one for one in said(host) if one["container"] and one["container"]["name"] == "later"])
    alerts = said(host)
    assert [one["kind"] for one in alerts if one["kind"].startswith("engine_")] == [
        "engine_lost",
        "engine_back",
    ]
    names = [one["container"]["name"] for one in alerts if one["container"]]
    assert names == ["always", "always", "later"], "once for each start"
    assert {one["kind"] for one in alerts if one["container"]} == {"control_broken"}
    assert [one["detail"] for one in alerts if one["kind"] == "unseen"] == []
    for alert in alerts:
        SCHEMA.validate(alert)
    assert SECRET not in json.dumps(alerts)
    told = host.output("cat /run/watch.err")
    assert told.index("the engine is lost") < told.index("the engine is back")
    host.output("systemctl stop watch")
    assert "Result=success" in host.output("systemctl show watch -p Result")


def test_an_engine_that_hangs(host: examples.ExampleHost, image: str) -> None:
    """Stopped in the middle, it keeps its stream open and takes connections, and answers nothing."""
    host.output("rm -f /run/watch.json /run/watch.err; docker rm -f hung > /run/removed 2>&1 || true")
    host.output(
        "systemd-run --quiet --unit=watch-hanging -p StandardOutput=file:/run/watch.json "
        "-p StandardError=file:/run/watch.err hullguard watch"
    )
    until(lambda: "watching" in host.run("cat /run/watch.err")[1])
    host.output("kill -STOP $(systemctl show docker -P MainPID)")
    try:
        (lost,) = until(lambda: said(host), 30)
    finally:
        host.output("kill -CONT $(systemctl show docker -P MainPID)")
    assert (lost["kind"], lost["severity"]) == ("engine_lost", "unknown")
    assert "does not answer within" in lost["detail"]
    until(lambda: said(host)[1:], 30)
    host.output(f"docker run -d --name hung {image} sleep 1000")
    until(lambda: said(host)[2:])
    host.output("systemctl stop watch-hanging")
    alerts = said(host)
    assert [one["kind"] for one in alerts] == ["engine_lost", "engine_back", "control_broken"]
    assert alerts[2]["container"]["name"] == "hung"
    assert "Result=success" in host.output("systemctl show watch-hanging -p Result")
