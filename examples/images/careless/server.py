"""Serve the folder that it was started in."""

import http.server

http.server.ThreadingHTTPServer(("", 8000), http.server.SimpleHTTPRequestHandler).serve_forever()
