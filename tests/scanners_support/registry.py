"""A registry in memory on 127.0.0.1, with as much of the OCI distribution protocol as cosign needs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

IMAGE = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


class Registry(ThreadingHTTPServer):
    """`blobs` by digest, `manifests` by (repository, tag or digest). A path that matches `broken` is answered
    with 500.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], tuple[str, bytes]] = {}
        self.broken: re.Pattern[str] | None = None

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that hangs up."""

    @property
    def name(self) -> str:
        """Return host and port, as they stand in an image's name."""
        return f"127.0.0.1:{self.server_address[1]}"

    def add(self, repository: str, tag: str = "1", layer: bytes | None = None, **settings: list[str]) -> str:
        """Add an image; return its name by digest. Without a layer (a tar) it has one that means nothing;
        `settings` are its configuration (Env, Entrypoint).
        """
        layer = layer or f"layer of {repository}".encode()
        config = json.dumps(
            {
                "architecture": "amd64",
                "os": "linux",
                "config": settings,
                "rootfs": {"type": "layers", "diff_ids": [self.blob(layer)]},
            }
        ).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": IMAGE,
            "config": {"mediaType": CONFIG, "digest": self.blob(config), "size": len(config)},
            "layers": [{"mediaType": LAYER, "digest": self.blob(layer), "size": len(layer)}],
        }
        digest = self.manifest(repository, tag, IMAGE, json.dumps(manifest).encode())
        return f"{self.name}/{repository}@{digest}"

    def blob(self, data: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blobs[digest] = data
        return digest

    def manifest(self, repository: str, reference: str, kind: str, data: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.manifests[repository, reference] = self.manifests[repository, digest] = (kind, data)
        return digest


class _Handler(BaseHTTPRequestHandler):
    server: Registry
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return

    def _answer(self, status: int, data: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if self.server.broken and self.server.broken.search(path):
            return self._answer(500)
        if path == "/v2/":
            return self._answer(200, b"{}")
        found = re.fullmatch(r"/v2/(.+)/(blobs|manifests)/([^/]+)", path)
        if found and found[2] == "blobs" and (blob := self.server.blobs.get(found[3])) is not None:
            return self._answer(200, blob, Docker_Content_Digest=found[3])
        if found and (known := self.server.manifests.get((found[1], found[3]))):
            digest = f"sha256:{hashlib.sha256(known[1]).hexdigest()}"
            return self._answer(200, known[1], Content_Type=known[0], Docker_Content_Digest=digest)
        return self._answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"unknown"}]}')

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        self._body()
        self._answer(202, Location=f"{urlsplit(self.path).path}one")

    def do_PATCH(self) -> None:
        digest = self.server.blob(self._body())
        self._answer(202, Location=f"{urlsplit(self.path).path}?held={digest}")

    def do_PUT(self) -> None:
        data, url = self._body(), urlsplit(self.path)
        if "/manifests/" in url.path:
            repository, _, reference = url.path.removeprefix("/v2/").partition("/manifests/")
            kind = self.headers.get("Content-Type", IMAGE)
            digest = self.server.manifest(repository, reference, kind, data)
        else:
            asked = parse_qs(url.query)["digest"][0]
            digest = self.server.blob(data) if data else asked
        self._answer(201, Docker_Content_Digest=digest, Location=url.path)


@contextmanager
def running() -> Iterator[Registry]:
    """Serve one until the end of the block."""
    with Registry() as registry:
        Thread(target=registry.serve_forever, daemon=True).start()
        try:
            yield registry
        finally:
            registry.shutdown()
