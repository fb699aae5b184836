from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from hullguard.lint import compose, fix, judge
from hullguard.lint.tree import parse

BARE = """\
services:
  web:
    image: nginx
    restart: always
    ports: ["80:80", "127.0.0.1:81:81", "[::]:82:82/udp"]
    volumes: ["cache:/tmp"]
  "on":
    image: a
    user: root
    deploy:
      resources: {limits: {memory: 1g}}
      restart_policy: {condition: any}
    privileged: true
volumes: {cache: {}}
"""


def override(project: Any) -> str:
    return fix.override(project, judged(project))


def judged(project: Any) -> Any:
    from hullguard.catalogue import load_benchmark, load_profile

    return judge(project, load_profile(), load_benchmark())


def test_original_and_override_are_closed(load: Any) -> None:
    text = override(load(BARE))
    left = {(f.object.name, f.id) for f in judged(load(BARE, text)).findings}
    assert left == {
        ("web", "privileged_ports"), ("on", "privileged"), ("on", "apparmor_profile"), ("on", "seccomp"),
        ("on", "capabilities"), ("on", "host_devices"), ("on", "image_user"),
    }  # fmt: skip
    merged = load(BARE, text).services
    assert merged["web"]["ports"] == ["127.0.0.1:80:80/tcp", "127.0.0.1:81:81/tcp", "[::1]:82:82/udp"]
    assert merged["web"]["cap_drop"] == ["ALL"]
    assert merged["web"]["user"] == "65534:65534"
    # /tmp is a volume already.
    assert [row.partition(":")[0] for row in merged["web"]["tmpfs"]] == ["/run"]
    assert merged["on"]["deploy"]["resources"]["limits"] == {"memory": "1g", "pids": 200, "cpus": "1.0"}
    assert merged["on"]["deploy"]["restart_policy"] == {"condition": "on-failure", "max_attempts": 5}
    assert merged["on"]["user"] == "root"


def test_what_is_left_open_stands_at_the_end(load: Any) -> None:
    text = override(load(BARE))
    end = text.partition("# Left open")[2]
    assert "web, line 5: Publish no host ports below 1024" in end
    assert "on, line 13: Run no privileged containers" in end
    assert "wildcard" not in end
    assert "memory" not in end


def test_every_line_is_explained_and_the_compose_version_told(load: Any) -> None:
    text = override(load(BARE))
    assert "Docker Compose 2.24.4" in text
    body = text.partition("services:")[2].partition("# Left open")[0].splitlines()
    for number, line in enumerate(body):
        if line.startswith("    ") and not line.startswith("     ") and not line.strip().startswith("#"):
            assert "#" in line or "#" in body[number - 1] or "#" in body[number + 1], line
    assert "2.24.4" not in override(load("services: {a: {image: x}}"))


def test_the_original_is_not_touched(write: Any) -> None:
    path = write(BARE)
    override(compose.load(path, environment={}))
    assert path.read_text() == BARE


def test_a_hardened_service_needs_nothing(load: Any, hardened: str) -> None:
    assert "services: {}" in override(load(hardened))


@pytest.mark.parametrize(
    "service",
    [
        "image: x\n    ports: [{target: 80, published: 80, host_ip: '\"\\n  evil: 1'}]",
        "image: x\n    ports: [{target: 80, protocol: 'tcp\"\\n'}]",
        "image: x\n    ports: ['1-65000:1-65000']",
        "image: x\n    devices: ['/dev/x\\n    evil: 1']",
        'image: "x\\n    evil: 1"',
        "image: x\n    mem_reservation: 3g",
        "image: x\n    tmpfs: {a: b}",
        "image: x\n    security_opt: 5",
        "image: x\n    deploy: []",
    ],
)
def test_hostile_values_give_valid_yaml_and_nothing_else(load: Any, service: str) -> None:
    source = f"services:\n  web:\n    {service}\n"
    ((document, _),) = parse(override(load(source)), Path("fix.yml"))
    assert set(document) == {"services"}
    assert set(document["services"]["web"]) <= {
        "cap_drop", "security_opt", "read_only", "tmpfs", "user", "mem_limit", "pids_limit", "cpus", "ports", "restart", "deploy",
    }  # fmt: skip
    if "3g" in service:
        assert document["services"]["web"]["mem_limit"] == "3072m"


def test_ordinary_yaml_readers_read_it(load: Any) -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_constructor("!override", lambda loader, node: loader.construct_sequence(node))
    document = yaml.load(override(load(BARE)), Loader=Loader)
    assert list(document["services"]) == ["web", "on"]
