"""A stand-in for the place that results are pushed to: https, one token, files under their names."""

import http.server
import pathlib
import ssl
import sys

FOLDER = pathlib.Path("/srv/received")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes files from who knows the token; sends everybody else away."""

    protocol_version = "HTTP/1.1"

    def do_PUT(self) -> None:
        """Keep a file, or refuse it; below /elsewhere/ point to another place."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        known = self.headers.get("Authorization") == "Bearer open-sesame"
        code = 307 if self.path.startswith("/elsewhere/") else 201 if known else 401
        if code == 201:
            (FOLDER / pathlib.PurePosixPath(self.path).name).write_bytes(body)
        self.send_response(code)
        if code == 307:
            self.send_header("Location", "https://localhost:9443/in/stolen")
        self.send_header("Content-Length", "0")
        self.end_headers()


FOLDER.mkdir(exist_ok=True)
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/srv/receiver/cert.pem", "/srv/receiver/key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
