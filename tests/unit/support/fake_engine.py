"""An engine that answers as it is told to: late, in drops, wrongly, or not at all."""

from __future__ import annotations

import json
import shutil
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any

Answer = Any
ID = "a" * 64
IMAGE_ID = "sha256:" + "b" * 64


def decent_answers() -> dict[str, Answer]:
    """Return the answers of a small engine: one container, one image, the default networks."""
    container = {
        "Id": ID, "Name": "/web", "Created": "2026-01-01T00:00:00.123456789Z", "Image": IMAGE_ID, "Path": "nginx",
        "Args": ["-g", "daemon off;"], "AppArmorProfile": "docker-default", "ProcessLabel": "",
        "State": {"Status": "running", "Running": True, "Pid": 4711},
        "Config": {"Image": "web:1", "User": "app", "Env": ["PATH=/bin"], "Labels": {}, "Healthcheck": None, "ExposedPorts": {}},
        "HostConfig": {
            "NetworkMode": "app", "Privileged": False, "ReadonlyRootfs": True, "SecurityOpt": ["no-new-privileges"],
            "CapAdd": None, "CapDrop": ["ALL"], "Memory": 1, "PidsLimit": 10, "PortBindings": {}, "PublishAllPorts": False,
            "LogConfig": {"Type": "json-file", "Config": {}},
        },
        "Mounts": [],
        "NetworkSettings": {"Ports": {}, "Networks": {"app": {}}},
    }  # fmt: skip
    return {
        "/version": {"Version": "26.1.5", "ApiVersion": "1.45"},
        "/info": {
            "ServerVersion": "26.1.5", "Driver": "overlay2", "SecurityOptions": ["name=seccomp,profile=builtin"],
            "DockerRootDir": "/var/lib/docker", "LiveRestoreEnabled": False, "ExperimentalBuild": False,
            "RegistryConfig": {"InsecureRegistryCIDRs": ["127.0.0.0/8"], "IndexConfigs": {"docker.io": {"Secure": True}}},
            "Plugins": {"Authorization": None}, "Swarm": {"LocalNodeState": "inactive"}, "Runtimes": {"runc": {"path": "runc"}},
        },
        "/containers/json?all=1": [{"Id": ID}],
        f"/containers/{ID}/json": container,
        "/volumes": {"Volumes": []},
        "/images/json": [{"Id": IMAGE_ID}],
        f"/images/{IMAGE_ID}/json": {"Id": IMAGE_ID, "RepoTags": ["web:1"], "RepoDigests": [], "Config": {"User": "app"}},
        f"/images/{IMAGE_ID}/history": [{"CreatedBy": "USER app"}, {"CreatedBy": "ADD rootfs.tar /"}],
        "/networks": [{"Name": "bridge", "Driver": "bridge", "Options": {}}],
        "/networks/bridge": {"Name": "bridge", "Containers": {}},
    }  # fmt: skip


class Raw:
    """An answer with a status and a body of one's own."""

    def __init__(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.status, self.body, self.headers = status, body, headers

    def __repr__(self) -> str:
        return f"{self.status} {self.body[:12]!r}"


class Handler(BaseHTTPRequestHandler):
    """Answers from the server's table; HTTP/1.1, so connections stay open."""

    protocol_version = "HTTP/1.1"
    server: FakeEngine

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path = self.path.replace("%3A", ":")
        answer = self.server.answers.get(path, Raw(404, b'{"message":"page not found"}'))
        if callable(answer):
            answer = answer(self)
        if answer is None:
            self.close_connection = True
            return
        raw = answer if isinstance(answer, Raw) else Raw(200, json.dumps(answer).encode())
        self.send_response(raw.status)
        self.send_header("Content-Length", raw.headers.get("length", str(len(raw.body))))
        self.end_headers()
        self.wfile.write(raw.body)

    def log_message(self, *_arguments: Any) -> None:
        pass


class FakeEngine(socketserver.ThreadingUnixStreamServer):
    """A context manager around the server; `endpoint` is what DOCKER_HOST has to be."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answers: dict[str, Answer] | None = None) -> None:
        self.answers = decent_answers() if answers is None else answers
        self.asked: list[str] = []
        self.released = threading.Event()
        self.folder = Path(tempfile.mkdtemp(prefix="hg"))  # pytest's own are too long for a socket's name
        self.path = self.folder / "docker.sock"
        super().__init__(str(self.path), Handler)

    @property
    def endpoint(self) -> str:
        return f"unix://{self.path}"

    def __enter__(self) -> FakeEngine:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def handle_error(self, *_arguments: Any) -> None:
        pass

    # What an answer can be in place of data.

    def hang(self) -> Callable[[Handler], None]:
        """Never answer."""
        return lambda _handler: self.released.wait(30) and None

    def drip(self) -> Callable[[Handler], None]:
        """Answer with a byte now and then, so that no single wait is long."""

        def slowly(handler: Handler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            for _ in range(1000):
                if self.released.is_set():
                    return
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.02)

        return slowly

    def die(self) -> Callable[[Handler], None]:
        """Go away in the middle: no answer, and nobody listens any more."""

        def gone(_handler: Handler) -> None:
            self.path.unlink(missing_ok=True)

        return gone
