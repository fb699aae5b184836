"""Find a Docker engine that answers, or install and start one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import docker
import requests
from docker.errors import DockerException
from docker.transport.unixconn import UnixHTTPConnection

from lab import LabError, debian, hijack, say

hijack.mend(UnixHTTPConnection)

SOCKET = Path("/var/run/docker.sock")
LOG = Path("/var/log/hullguard-lab-dockerd.log")
STARTED = Path("/var/run/hullguard-lab-dockerd.pid")
SYSTEMD = Path("/run/systemd/system")
PID_FILES = {
    Path("/var/run/docker.pid"): "dockerd",
    Path("/var/run/docker/containerd/containerd.pid"): "containerd",
}
START_SECONDS = 60
# Importing an image of several hundred megabytes takes longer than the library's minute.
REQUEST_SECONDS = 600


def connect() -> docker.DockerClient | None:
    """The engine at DOCKER_HOST, the system's or this user's rootless one; None when none answers."""
    if url := os.environ.get("DOCKER_HOST"):
        return _answering(url)
    sockets = [SOCKET]
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        sockets.append(Path(runtime) / "docker.sock")
    for socket in sockets:
        if socket.exists() and (client := _answering(f"unix://{socket}")):
            return client
    return None


def ensure() -> docker.DockerClient:
    """An engine that answers, started (and installed) first where that is possible."""
    if client := connect():
        return client
    if reason := why_not_start(os.environ, os.geteuid(), Path("/etc/os-release")):
        raise LabError(reason)
    if not _dockerd():
        debian.install_engine()
    start()
    if client := connect():
        return client
    raise LabError(f"dockerd runs but does not answer on {SOCKET}; its log is {LOG}")


def why_not_start(environment: Mapping[str, str], euid: int, os_release: Path) -> str | None:
    """What keeps the lab from starting an engine itself, with what to do about it; None when nothing does."""
    if url := environment.get("DOCKER_HOST"):
        return (
            f"no engine answers at DOCKER_HOST={url}: "
            "start it, or unset DOCKER_HOST to let the lab look elsewhere"
        )
    if SOCKET.exists() and euid != 0 and not os.access(SOCKET, os.W_OK):
        return (
            f"this user may not use {SOCKET}: "
            "join the docker group (as good as being root) or run this as root"
        )
    if euid != 0:
        return (
            "no Docker engine answers and only root can start one: "
            "start yours, set DOCKER_HOST, or run this as root"
        )
    if not _dockerd() and not debian.here(os_release):
        return (
            "no Docker engine answers and none is installed; the lab can install one on Debian only: "
            "install and start Docker Engine, or set DOCKER_HOST (https://docs.docker.com/engine/install/)"
        )
    return None


def start() -> None:
    """Start the installed engine and wait until it answers."""
    if SYSTEMD.is_dir():
        say("starting the engine: systemctl start docker")
        subprocess.run(["systemctl", "start", "docker"], check=False)
        _wait(None)
        return
    for path, name in PID_FILES.items():
        if clear_stale(path, name):
            say(f"removed {path}, left by a daemon that is gone")
    say(f"starting dockerd in the background, log in {LOG}")
    with LOG.open("ab") as log:
        log_from = log.tell()
        daemon = subprocess.Popen(
            [_dockerd() or "dockerd"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
        )
    STARTED.write_text(f"{daemon.pid}\n", encoding="ascii")
    _wait(daemon, log_from)


def stop() -> bool:
    """Stop the daemon if the lab started it; True when it did."""
    try:
        pid = int(STARTED.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return False
    STARTED.unlink()
    if not _runs(pid, "dockerd"):
        return False
    os.kill(pid, 15)
    deadline = time.monotonic() + START_SECONDS
    while _runs(pid, "dockerd") and time.monotonic() < deadline:
        time.sleep(0.2)
    return True


def clear_stale(pid_file: Path, name: str, proc: Path = Path("/proc")) -> bool:
    """Remove a pid file whose process is gone, or is another program that got the number since."""
    try:
        pid = int(pid_file.read_text(encoding="ascii"))
    except FileNotFoundError:
        return False
    except ValueError:
        pid = 0
    if _runs(pid, name, proc):
        return False
    pid_file.unlink()
    return True


def _runs(pid: int, name: str, proc: Path = Path("/proc")) -> bool:
    try:
        state = (proc / str(pid) / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        return state != "Z" and (proc / str(pid) / "comm").read_text(encoding="utf-8").strip() == name
    except (OSError, IndexError):
        return False


def _wait(daemon: subprocess.Popen[bytes] | None, log_from: int = 0) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if connect():
            return
        if daemon is not None and daemon.poll() is not None:
            raise LabError(f"dockerd ended with exit code {daemon.returncode}, it said:\n{_log(log_from)}")
        time.sleep(0.2)
    hint = _log(log_from) if daemon else "see: journalctl -u docker -n 50"
    raise LabError(f"the engine did not answer within {START_SECONDS} s:\n{hint}")


def _log(start: int) -> str:
    with LOG.open("rb") as log:
        log.seek(start)
        return _tail(log.read().decode(errors="replace"))


def _answering(url: str) -> docker.DockerClient | None:
    with contextlib.suppress(DockerException, requests.RequestException, OSError):
        environment = {**os.environ, "DOCKER_HOST": url}
        docker.from_env(timeout=5, environment=environment).ping()
        return docker.from_env(timeout=REQUEST_SECONDS, environment=environment)
    return None


def _dockerd() -> str | None:
    return shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def _tail(text: str, lines: int = 15) -> str:
    return "\n".join(text.splitlines()[-lines:])
