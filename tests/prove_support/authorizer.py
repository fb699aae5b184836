"""An authorization plugin for a host under attack: refuses containers without the engine's defaults; or those and foreign images.

The protocol: https://docs.docker.com/engine/extend/plugins_authorization/. This file runs on the host by itself:
authorizer.py SOCKET RULE.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from typing import Any
from urllib.parse import unquote, urlsplit

CREATE = re.compile(r"(/v[0-9.]+)?/containers/create$")


def options(wanted: dict[str, Any]) -> str:
    """Return why a container is refused for what it asks to be spared, or ""."""
    asked = (wanted.get("HostConfig") or {}).get("SecurityOpt") or []
    spared = sorted(set(asked) & {"seccomp=unconfined", "no-new-privileges=false"})
    return f"nobody gets {', '.join(spared)}" if spared else ""


def images(wanted: dict[str, Any]) -> str:
    """Return why a container is refused for its image, or ""."""
    name = str(wanted.get("Image"))
    return "" if name.startswith("registry.example.net/") else f"nobody has signed {name}"


RULES = {"options": (options,), "all": (options, images)}


class Handler(BaseHTTPRequestHandler):
    """Answers the engine, with the rule that the command line names."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer one question."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer: dict[str, Any] = {"Allow": True}
        if self.path == "/Plugin.Activate":
            answer = {"Implements": ["authz"]}
        elif self.path == "/AuthZPlugin.AuthZReq":
            request = json.loads(body)
            if CREATE.match(unquote(urlsplit(request["RequestUri"]).path)):
                wanted = json.loads(base64.b64decode(request.get("RequestBody") or "") or "{}")
                reasons = [reason for rule in RULES[sys.argv[2]] if (reason := rule(wanted))]
                answer = {"Allow": not reasons, "Msg": "; ".join(reasons)}
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/vnd.docker.plugins.v1.2+json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def address_string(self) -> str:
        """Return a name for the log; a Unix socket has no address."""
        return "the engine"


if __name__ == "__main__":
    socket = Path(sys.argv[1])
    socket.parent.mkdir(parents=True, exist_ok=True)
    socket.unlink(missing_ok=True)
    with ThreadingUnixStreamServer(str(socket), Handler) as server:
        server.daemon_threads = True
        server.serve_forever()
