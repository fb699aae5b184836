"""`hullguard scan compose` and `scan dockerfile` over files as people write them: nothing has to run for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SECRET = "hunter2-e2e"
SHOP = """\
name: shop
x-defaults: &defaults
  restart: unless-stopped
services:
  web:
    <<: *defaults
    image: nginx:${NGINX:-1.29}
    ports: ["80:80", "8443:8443"]
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro", "certs:/etc/letsencrypt:ro"]
  app:
    <<: *defaults
    build: .
    user: "10001:10001"
    environment: {DB_PASSWORD: "${DB_PASSWORD:?set it}"}
    deploy: {resources: {limits: {memory: 256m}}}
  updater:
    image: example/updater
    volumes: ["/var/run/docker.sock:/var/run/docker.sock"]
  debug:
    profiles: [debug]
    image: example/tools
    privileged: true
volumes: {certs: {}}
"""
DOCKERFILE = f"""\
# syntax=docker/dockerfile:1
FROM python:3.13 AS build
ARG PIP_INDEX_TOKEN
RUN apt-get update
RUN pip install --trusted-host pypi.example.net -r requirements.txt

FROM python:3.13-slim
ENV DB_PASSWORD={SECRET} MODE=live
COPY --from=build /usr/local /usr/local
RUN <<EOF
apt-get update
apt-get install -y curl
curl -k https://example.net/x.sh | sh
EOF
CMD ["gunicorn", "app:app"]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "compose.yml").write_text(SHOP)
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    return tmp_path


def scan(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DB_PASSWORD": SECRET}
    command = [sys.executable, "-m", "hullguard", "scan", *arguments, "--format", "json", "--no-cache"]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def ours(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode >= 10, done.stderr
    return [row for row in json.loads(done.stdout)["findings"] if row["tool"] == "hullguard"]


def test_a_compose_file_and_its_override(folder: Path) -> None:
    done = scan(folder, "compose", "compose.yml", "--fix", "fixed.yml")
    rows = ours(done)
    assert done.returncode == 13
    places = {(row["object"]["name"], row["id"]): row["location"]["line"] for row in rows}
    assert places["updater", "engine_socket_mounted"] == 18
    assert places["web", "restart_policy"] == 3
    assert places["web", "wildcard_bind"] == 8
    assert not [name for name, _ in places if name == "debug"]
    assert (folder / "compose.yml").read_text() == SHOP
    text = (folder / "fixed.yml").read_text()
    assert SECRET not in text + done.stdout + done.stderr
    assert '"127.0.0.1:80:80/tcp"' in text
    assert "updater, line 18: Mount no engine socket into containers" in text


def test_the_override_in_the_real_compose(folder: Path) -> None:
    docker = shutil.which("docker")
    if (
        docker is None
        or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("Docker Compose is not here: https://docs.docker.com/compose/install/")
    ours(scan(folder, "compose", "compose.yml", "--fix", "fixed.yml"))
    command = [docker, "compose", "-f", "compose.yml", "-f", "fixed.yml", "config", "--format", "json"]
    environment = {**os.environ, "DB_PASSWORD": SECRET}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)
    web = json.loads(done.stdout)["services"]["web"]
    assert {port["host_ip"] for port in web["ports"]} == {"127.0.0.1"}
    assert (web["read_only"], web["cap_drop"], web["restart"]) == (True, ["ALL"], "on-failure:5")


def test_a_service_of_a_profile(folder: Path) -> None:
    rows = ours(scan(folder, "compose", "compose.yml", "--compose-profile", "debug"))
    assert ("debug", "privileged") in {(row["object"]["name"], row["id"]) for row in rows}


def test_a_dockerfile(folder: Path) -> None:
    done = scan(folder, "dockerfile", "Dockerfile")
    found = [(row["id"], row["location"]["line"], row["object"]["detail"]) for row in ours(done)]
    assert found == [
        ("image_secrets", 3, "PIP_INDEX_TOKEN"),
        ("image_secrets", 8, "DB_PASSWORD"),
        ("verified_packages", 5, "RUN pip install --trusted-host pypi.example.net -r requirements.txt"),
        ("verified_packages", 10, "RUN curl -k https://example.net/x.sh"),
        ("image_user", 7, "USER is not set"),
        ("image_healthcheck", 7, "HEALTHCHECK is not set"),
        ("lone_package_update", 4, "RUN apt-get update"),
    ]
    assert SECRET not in "".join(str(row) for row in ours(done))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "a: &a [x, x]\n"
            + "".join(
                f"b{n}: &b{n} [{', '.join(['*a' if not n else f'*b{n - 1}'] * 9)}]\n" for n in range(9)
            ),
            "100000 nodes",
        ),
        ("services:\n  web: {image: x, privilegd: true}", "Did you mean privileged"),
        ("services: {a: {extends: b}, b: {extends: a}}", "in a circle"),
        ("services: {a: {image: '${X:?give it}'}}", "variable X has to be set (give it)"),
        ("\x00\x01\x02\x7fELF", "compose.yml"),
        ("x" * (2 << 20), "MB"),
        ('services: {"\\e[31m../x": {image: a}}', "can't name a service"),
        ("services: {a: {image: x, 1: y}}", "is no text"),
        ("- a", "is no mapping"),
        ("volumes: {}", "no `services:`"),
    ],
)
def test_what_is_no_compose_file(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "compose.yml").write_text(text)
    done = scan(tmp_path, "compose", "compose.yml")
    assert done.returncode == 2, done.stderr
    assert words in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
