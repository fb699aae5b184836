"""Services from Debian's packages, in one throwaway image: how each is started, asked and stopped."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import docker
from examples_support.host import ROOT

from lab import LABEL, LabError, store

PACKAGES = (
    "haproxy", "nginx-light", "openssh-server", "openssh-client", "postgresql", "python3-starlette", "redis-server", "uvicorn",
)  # fmt: skip
# Documentation, and what compiles queries: a quarter of the size, and PostgreSQL does without.
LEFT_OUT = (
    "/usr/share/doc/*", "/usr/share/i18n/*", "/usr/share/locale/*", "/usr/share/man/*", "*/libLLVM*", "*/libz3.so*", "*/llvmjit*",
)  # fmt: skip
APP = ROOT / "examples/images/app"
BIN = "/usr/lib/postgresql/17/bin"
# What a test waits for a service: it may have to make a database first, on a machine that is busy.
SECONDS = 40
HTTP = "import sys,urllib.request as u; print(u.urlopen(u.Request({url!r}, {data!r}), timeout=5).read().decode())"
REDIS = (
    "import socket,sys; s=socket.create_connection(({address!r},6379),5); f=s.makefile('rwb');"
    "f.write(b'SET key hello\\r\\nGET key\\r\\nBGSAVE\\r\\n'); f.flush(); print([f.readline() for _ in range(4)])"
)
SQL = "create table t as select generate_series(1,1000) n; set debug_parallel_query = on; select sum(n) from t; drop table t"
HAPROXY = """global
  chroot /var/lib/haproxy
  user haproxy
  group haproxy
defaults
  mode http
  timeout client 5s
  timeout connect 5s
  timeout server 5s
frontend web
  bind :80
  http-request return status 200 content-type text/plain string hello
"""


@dataclass(frozen=True, slots=True)
class Service:
    """One service. `ask` is a command of the host whose output holds `answer`; {address} and {name} are the container's.

    `misses` are the calls without which it does not run under the strict profile.
    """

    name: str
    package: str
    does: str
    start: tuple[str, ...]
    ask: str
    answer: str
    options: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()


def _http(path: str, data: str = "") -> str:
    url = f"http://{{address}}{path}"
    return f'python3 -c "{HTTP.format(url=url, data=data.encode() if data else None)}"'


SERVICES = (
    Service(
        "nginx", "nginx", "as root, its workers as www-data, a page",
        ("nginx", "-g", "daemon off;"), _http("/"), "Welcome to nginx", ("--stop-signal", "QUIT"),
    ),
    Service(
        "redis", "redis-server", "as redis, a key set and read, a snapshot by a copy of the process",
        ("redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--dir", "/var/lib/redis", "--appendonly", "yes"),
        f'python3 -c "{REDIS}"', "b'hello\\r\\n'", ("--user", "redis"),
    ),
    Service(
        "postgresql", "postgresql-17", "as postgres, a new database, a table, a query by parallel workers",
        ("sh", "-c", f"{BIN}/initdb -A trust -D /var/lib/postgresql/new && exec {BIN}/postgres -D /var/lib/postgresql/new -k /tmp"),
        f"docker exec {{name}} psql -h /tmp -Atc '{SQL}' postgres", "500500", ("--user", "postgres", "--stop-signal", "INT"),
    ),
    Service(
        "python", "uvicorn", "as nobody, uvicorn and Starlette, a body hashed (the application of examples/images)",
        ("python3", "-m", "app"), _http(":8000/digest", "hello"),
        "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        ("--user", "nobody", "--workdir", "/srv", "--volume", "/opt/app:/srv/app:ro"),
    ),
    Service(
        "haproxy", "haproxy", "as root, then as haproxy in a folder of its own (`chroot`), a page",
        ("haproxy", "-W", "-f", "/opt/haproxy.cfg"), _http("/"), "hello",
        ("--volume", "/opt/haproxy.cfg:/opt/haproxy.cfg:ro"), ("chroot",),
    ),
    Service(
        "sshd", "openssh-server", "as root, its unprivileged half in an empty folder (`chroot`), the exchange of keys",
        ("sh", "-c", "mkdir -p /run/sshd && ssh-keygen -A && exec /usr/sbin/sshd -D -e"),
        "docker exec {name} ssh-keyscan -T 5 -t ed25519 127.0.0.1", "ssh-ed25519 AAAA", (), ("chroot",),
    ),
)  # fmt: skip


def image(client: docker.DockerClient) -> str:
    """Return the image's name, made when it is not there yet: from a registry's Debian or from packages."""
    name = f"hullguard-lab/services:{store.digest([*PACKAGES, *LEFT_OUT, 'version 1'])}"
    with store.only_one(name):
        if store.have(client, name):
            return name
        if registry := store.answering_registry():
            install = f"apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends {' '.join(PACKAGES)}"
            lines = [f"FROM {registry}debian:trixie-slim", f"RUN {install}", f"LABEL {LABEL}=image"]
            store.build(client, name, {"Dockerfile": "\n".join(lines).encode()})
        else:
            store.import_tar(
                client,
                name,
                _bootstrap,
                ("ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",),
            )
    return name


def _bootstrap(tar: Path) -> None:
    command = [
        "mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(PACKAGES)}", "--dpkgopt=force-unsafe-io",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in LEFT_OUT),
        '--customize-hook=rm -rf "$1"/var/lib/postgresql/17 "$1"/etc/postgresql/17', "trixie", str(tar),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise LabError(f"mmdebstrap could not build the services' image:\n{done.stderr[-2000:]}")
