from __future__ import annotations

import pytest

from hullguard.errors import InputError


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("services: {}\nserivces: {}", "compose.yml:2: the file has the key 'serivces', which compose refuses. Did you mean services"),
        ("services:\n  web:\n    image: a\n    privilegd: true", "compose.yml:4: service web has the key 'privilegd'"),
        ("services:\n  web:\n    image: a\n    deploy: {resources: {limit: {}}}", "deploy.resources of service web"),
        ("services:\n  web:\n    image: a\n    ports: [{publish: 80}]", "ports of service web has the key 'publish'"),
        ("services:\n  web: []", "compose.yml:2: service web is no mapping"),
        ("services:\n  web:", "service web is no mapping"),
        ("services: [web]", "services is no mapping"),
        ("services:\n  ../web: {image: a}", "'../web' can't name a service"),
        ('services:\n  "web\\e[31m": {image: a}', "can't name a service"),
        ("web:\n  image: a", "compose.yml:1: the file has the key 'web'"),
        ("- a", "the file is no mapping"),
        ("just words", "the file is no mapping"),
        ("", "the file is empty"),
        ("name: x", "no `services:`"),
        ("services:\n  web: {user: x}", "neither image nor build"),
    ],
)  # fmt: skip
def test_what_compose_refuses(load, text: str, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError) as caught:
        load(text)
    assert words in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_extensions_and_old_keys(load) -> None:  # type: ignore[no-untyped-def]
    text = "version: '3.9'\nx-a: 1\nservices:\n  web:\n    image: a\n    x-b: 2\n    deploy: {x-c: 3}"
    assert list(load(text).services) == ["web"]
