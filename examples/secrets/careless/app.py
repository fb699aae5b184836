"""The wrong way: a key from the command line or the environment, logged at the start."""

import argparse
import hmac
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

parser = argparse.ArgumentParser()
parser.add_argument("--secret", default=os.environ.get("APP_SECRET"))
settings = parser.parse_args()
print(f"starting with {settings}", file=sys.stderr)


class Handler(BaseHTTPRequestHandler):
    """Signs the path."""

    def do_GET(self) -> None:
        """Answer with the path's HMAC."""
        self.send_response(200)
        self.end_headers()
        signature = hmac.new(settings.secret.encode(), self.path.encode(), "sha256")
        self.wfile.write(signature.hexdigest().encode())


HTTPServer(("", 8001), Handler).serve_forever()
