"""Answer as a registry does, over TLS, with what images.py has made: registry.py PORT."""

import base64
import hashlib
import http.server
import json
import ssl
import sys
from pathlib import Path

FOLDER = Path(__file__).parent
SERVED = {"/v2/": ["application/json", base64.b64encode(b"{}")]}
SERVED |= json.loads((FOLDER / "images.json").read_text())

ERROR = b'{"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown"}]}'
UNKNOWN = ["application/json", base64.b64encode(ERROR)]


class Registry(http.server.BaseHTTPRequestHandler):
    """Knows a few images, and takes none."""

    def do_GET(self) -> None:
        """Answer."""
        kind, text = SERVED.get(self.path, UNKNOWN)
        body = base64.b64decode(text)
        self.send_response(200 if self.path in SERVED else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Content-Digest", f"sha256:{hashlib.sha256(body).hexdigest()}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.do_GET()


server = http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Registry)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(FOLDER / "cert.pem", FOLDER / "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
