from __future__ import annotations

import pytest

from hullguard.errors import InputError
from hullguard.trust.reference import LOOPBACK, parse

DIGEST = f"sha256:{'a' * 64}"


@pytest.mark.parametrize(
    ("written", "name", "tag", "digest"),
    [
        ("nginx", "docker.io/library/nginx", "latest", ""),
        ("nginx:1.29", "docker.io/library/nginx", "1.29", ""),
        ("team/app", "docker.io/team/app", "latest", ""),
        ("docker.io/nginx", "docker.io/library/nginx", "latest", ""),
        ("index.docker.io/library/nginx", "docker.io/library/nginx", "latest", ""),
        ("registry-1.docker.io/team/app", "docker.io/team/app", "latest", ""),
        ("localhost/app:1", "localhost/app", "1", ""),
        ("localhost:5000/app", "localhost:5000/app", "latest", ""),
        ("registry.example.net:5000/a/b/c:1", "registry.example.net:5000/a/b/c", "1", ""),
        (f"registry.example.net/app@{DIGEST}", "registry.example.net/app", "", DIGEST),
        (f"registry.example.net/app:1@{DIGEST}", "registry.example.net/app", "1", DIGEST),
        # One server under another name is the same one.
        ("Registry.Example.net/app", "registry.example.net/app", "latest", ""),
        ("registry.example.net:443/app", "registry.example.net/app", "latest", ""),
        ("REGISTRY/app", "registry/app", "latest", ""),
        ("[::1]:5000/app", "[::1]:5000/app", "latest", ""),
    ],
)
def test_names_are_taken_apart(written: str, name: str, tag: str, digest: str) -> None:
    found = parse(written)
    assert (found.name, found.tag, found.digest, found.written) == (name, tag, digest, written)


def test_where_it_is_asked_for() -> None:
    found = parse("Registry.example.net:443/team/app:1")
    assert found.tagged == "registry.example.net:443/team/app:1"
    assert found.at(DIGEST) == f"registry.example.net:443/team/app@{DIGEST}"
    assert parse("nginx").tagged == "docker.io/library/nginx:latest"
    assert parse(f"nginx:1@{DIGEST}").at(DIGEST) == f"docker.io/library/nginx@{DIGEST}"


@pytest.mark.parametrize(
    "written",
    [
        "",
        "-v",
        "--help",
        "App",
        "team/App:1",
        "app:",
        "app:a b",
        "app@sha256:1",
        f"app@sha512:{'a' * 128}",
        f"app@{DIGEST.upper()}",
        f"app@{DIGEST}\n",
        "https://registry.example.net/app",
        "registry.example.net/",
        "registry.example.net//app",
        "registry.example.net/../app",
        "registry.example.net:port/app",
        "a" * 64,
        DIGEST,
        "app\x1b[2J",
    ],
)
def test_what_is_no_name_of_an_image(written: str) -> None:
    with pytest.raises(InputError):
        parse(written)


def test_names_of_the_loopback() -> None:
    for name in ("localhost", "localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000"):
        assert LOOPBACK.fullmatch(name)
    for name in ("localhost.example.net", "127.0.0.1.example.net:5000", "10.0.0.1:5000", "registry"):
        assert not LOOPBACK.fullmatch(name)
