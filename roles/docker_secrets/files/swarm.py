"""Bring the swarm's secrets about. Reads them as JSON from standard input; prints names only.

Docker gives no content back and changes none. So a secret is called NAME.TAG there, and the tag is made from
the content with a key that root alone has: it tells a changed content, and nothing else. A plain hash would
let anybody try out passwords.
"""

# Descriptors say what a path can't.
# ruff: noqa: PTH103, PTH104, PTH120, PTH123

import base64
import hashlib
import hmac
import http.client
import json
import os
import socket
import sys
from urllib.parse import quote

KEY = "/var/lib/hullguard/docker_secrets.key"
LABEL = "hullguard.secret"
MADE_WITH = "hullguard.key"


class Refused(Exception):
    """Why nothing was changed."""


class Engine(http.client.HTTPConnection):
    """The engine behind its socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)

    def ask(self, method, path, body=None):
        """Return the decoded answer. Raises Refused with the engine's words."""
        text = None if body is None else json.dumps(body)
        self.request(method, path, text, {"Content-Type": "application/json"})
        answer = self.getresponse()
        told = answer.read().decode()
        if answer.status >= 300:
            raise Refused(f"{method} {path}: HTTP {answer.status} {told.strip()}")
        return json.loads(told) if told.strip() else None


def key(asked):
    """Return the key: the given one, the host's, or a new one where something is to be made."""
    if asked["key"]:
        return asked["key"].encode()
    try:
        with open(KEY, "rb") as handle:
            return handle.read()
    except FileNotFoundError:
        made = os.urandom(32)
    if asked["secrets"] and not asked["check"]:
        os.makedirs(os.path.dirname(KEY), 0o700, exist_ok=True)
        with open(os.open(f"{KEY}.new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
            handle.write(made)
            handle.flush()
            os.fsync(handle.fileno())
        os.rename(f"{KEY}.new", KEY)
    return made


def tag(made_with, *parts):
    """Return a short code of some texts that nobody can make or try out without the key."""
    text = b"\0".join(part.encode() for part in parts)
    return hmac.new(made_with, text, hashlib.sha256).hexdigest()[:12]


def users(engine):
    """Return {secret id: [services that have it]}."""
    found = {}
    for service in engine.ask("GET", "/services"):
        spec = service["Spec"]["TaskTemplate"].get("ContainerSpec") or {}
        for secret in spec.get("Secrets") or []:
            found.setdefault(secret["SecretID"], []).append(service["Spec"]["Name"])
    return found


def create(engine, wanted, mark):
    """Create secrets, all or none."""
    made = []
    try:
        for name, secret in sorted(wanted.items()):
            labels = {LABEL: secret["name"], MADE_WITH: mark}
            data = base64.b64encode(secret["content"].encode()).decode()
            made.append(
                engine.ask("POST", "/secrets/create", {"Name": name, "Labels": labels, "Data": data})["ID"]
            )
    except (Refused, OSError, http.client.HTTPException):
        for known in made:
            engine.ask("DELETE", f"/secrets/{quote(known)}")
        raise


def main():
    """Create what is missing, remove what is not wanted and not used."""
    asked = json.load(sys.stdin)
    engine = Engine(asked["socket"])
    made_with = key(asked)
    mark = tag(made_with, "mark")
    there = [row for row in engine.ask("GET", "/secrets") if LABEL in (row["Spec"].get("Labels") or {})]
    own = {row["Spec"]["Name"]: row for row in there if row["Spec"]["Labels"].get(MADE_WITH) == mark}
    wanted = {f"{s['name']}.{tag(made_with, 'secret', s['name'], s['content'])}": s for s in asked["secrets"]}
    names = {secret["name"] for secret in asked["secrets"]}
    foreign = [
        r["Spec"]["Name"]
        for r in there
        if r["Spec"]["Name"] not in own and r["Spec"]["Labels"][LABEL] in names
    ]
    if foreign:
        raise Refused(
            f"{', '.join(sorted(foreign))}: made with another key, so nobody can tell whether the "
            "content has changed. Run the role on the manager that made them, or remove them and give "
            "docker_secrets_swarm_key there and here"
        )
    used = users(engine)
    old = sorted(own.keys() - wanted.keys())
    busy = {name: used[own[name]["ID"]] for name in old if own[name]["ID"] in used}
    missing = {name: secret for name, secret in wanted.items() if name not in own}
    removed = [name for name in old if name not in busy]
    if not asked["check"]:
        create(engine, missing, mark)
        for name in removed:
            engine.ask("DELETE", f"/secrets/{quote(own[name]['ID'])}")
    return {"created": sorted(missing), "removed": removed, "busy": busy}


try:
    print(json.dumps(main()))
except (Refused, OSError, http.client.HTTPException) as error:
    print(json.dumps({"failed": str(error), "created": [], "removed": [], "busy": {}}))
