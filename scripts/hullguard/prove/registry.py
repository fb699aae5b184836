"""A registry on the host's own loopback with one image, which nobody has signed."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

OCI = "application/vnd.oci.image"
TAG = "1"
# A tar archive without an entry: a layer that adds nothing.
LAYER = bytes(10240)
ERROR = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'


@dataclass(frozen=True, slots=True)
class Registry:
    """Where it listens (host:port), and the digest of its image, which every repository has as tag 1."""

    address: str
    digest: str


@contextmanager
def serving(label: str) -> Iterator[Registry]:
    """Answer on a free port of 127.0.0.1 for as long as the block runs. The image has a label KEY=VALUE.

    Raises OSError where no port can be opened.
    """
    digest, served = _image(label)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = re.sub(r"^/v2/.+/(manifests|blobs)/", r"\1/", self.path)
            kind, body = served.get(path, ("application/json", ERROR))
            self.send_response(200 if path in served else 404)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", _digest(body))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815 - the library calls it so

        def log_message(self, *_arguments: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_arguments: Any) -> None:  # somebody who has hung up, or speaks TLS
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Registry(f"127.0.0.1:{server.server_port}", digest)
        finally:
            server.shutdown()


def _image(label: str) -> tuple[str, dict[str, tuple[str, bytes]]]:
    """Return the image's digest and {path: (kind, content)}."""
    key, _, value = label.partition("=")
    config = {
        "architecture": "amd64", "os": "linux", "config": {"Labels": {key: value}},
        "rootfs": {"type": "layers", "diff_ids": [_digest(LAYER)]},
    }  # fmt: skip
    served: dict[str, tuple[str, bytes]] = {"/v2/": ("application/json", b"{}")}

    def blob(kind: str, body: bytes) -> dict[str, Any]:
        served[f"blobs/{_digest(body)}"] = "application/octet-stream", body
        return {"mediaType": kind, "digest": _digest(body), "size": len(body)}

    kind = f"{OCI}.manifest.v1+json"
    manifest = {
        "schemaVersion": 2, "mediaType": kind,
        "config": blob(f"{OCI}.config.v1+json", json.dumps(config).encode()),
        "layers": [blob(f"{OCI}.layer.v1.tar+gzip", gzip.compress(LAYER, mtime=0))],
    }  # fmt: skip
    body = json.dumps(manifest).encode()
    digest = _digest(body)
    served |= {f"manifests/{name}": (kind, body) for name in (TAG, digest)}
    return digest, served


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
