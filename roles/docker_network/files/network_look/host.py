"""What the host and its engine say; reads and changes nothing."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any


class Engine(http.client.HTTPConnection):
    """The engine's API over its socket."""

    def connect(self) -> None:
        """Open the socket that stands in the host's place."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(20)
        self.sock.connect(self.host)


def ask(path: str, what: str) -> Any:
    """Return the engine's answer; OSError when there is none."""
    connection = Engine(path)
    try:
        connection.request("GET", what, headers={"Host": "localhost"})
        answer = connection.getresponse()
        body = answer.read()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
    if answer.status != 200:
        raise OSError(f"{what} answers {answer.status}")
    return json.loads(body)


def said(*command: str) -> str:
    """Return what a command prints; nothing when it is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""


def may_bind_anything(version: int) -> bool:
    """Tell whether a program may listen on an address that the host does not have."""
    setting = Path(f"/proc/sys/net/ipv{version}/ip_nonlocal_bind")
    return setting.exists() and setting.read_text().strip() != "0"


def seen(path: str) -> dict[str, Any]:
    """Return what there is to know; the engine's part is empty when it is down."""
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    try:
        info = ask(path, "/info")
        networks = ask(path, "/networks")
        containers = ask(path, "/containers/json?all=1")
    except OSError:
        # Whether an engine that is down may be started is for the writer of its configuration to say.
        info, networks, containers = {}, [], []
    return {
        "info": info,
        "networks": networks,
        "containers": containers,
        "links": json.loads(said("ip", "-json", "address") or "[]"),
        "routes": [x for way in ("-4", "-6") for x in json.loads(said("ip", "-json", way, "route") or "[]")],
        "interfaces": sorted(item.name for item in Path("/sys/class/net").iterdir()),
        "nonlocal_bind": [version for version in (4, 6) if may_bind_anything(version)],
        "programs": [name for name in ("iptables-restore", "nft") if shutil.which(name)],
        "forward6": said("ip6tables", "-w", "-S", "FORWARD").splitlines(),
    }
