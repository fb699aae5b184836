from __future__ import annotations

from typing import Any

import pytest
from catalogue.baseline import decent_image

from hullguard.spec.image import image, registry, short


def of(*lines: str, **changes: Any) -> dict[str, Any]:
    return image({**decent_image(), "History": list(lines), **changes})


@pytest.mark.parametrize(
    ("line", "lone"),
    [
        ("RUN /bin/sh -c apt-get update", True), ("RUN /bin/sh -c apt-get -qq update", True), ("RUN /bin/sh -c apt-get -o Acquire::Retries=3 update", True),
        ("RUN /bin/sh -c apk update", True), ("RUN /bin/sh -c apk --no-cache update", True), ("RUN /bin/sh -c yum -y makecache", True),
        ("RUN /bin/sh -c apt-get update && apt-get install -y curl", False), ("RUN /bin/sh -c apk update && apk add curl", False),
        ("RUN /bin/sh -c apt-get clean && ./app update", False), ("RUN /bin/sh -c apt-get update; rm -rf /var/lib/apt/lists/*", True),
        ("RUN /bin/sh -c dnf -y install update-tools", False), ("RUN /bin/sh -c echo update", False),
    ],
)  # fmt: skip
def test_lone_package_updates(line: str, lone: bool) -> None:
    assert bool(of(line, "ADD rootfs /")["lone_update_layers"]) is lone


@pytest.mark.parametrize(
    ("lines", "added"),
    [
        (["ADD app.tar /opt # buildkit", "ADD rootfs.tar / # buildkit"], 1),
        (["RUN x", "ADD rootfs.tar / # buildkit"], 0),
        # Ubuntu's base has labels and arguments before its root file system.
        (["/bin/sh -c #(nop)  CMD <redacted>", "/bin/sh -c #(nop) ADD file:3f9a in / ", "/bin/sh -c #(nop)  LABEL a=b", "ARG RELEASE=<redacted>"], 0),
        (["ADD https://example.net/x /", "COPY rootfs /"], 1),
        (["/bin/sh -c #(nop) ADD file:aa in /etc", "/bin/sh -c #(nop) ADD file:bb in / "], 1),
        (["COPY --from=b /a /b", "ADD rootfs /"], 0),
        (["RUN /bin/sh -c ADD nothing", "ADD rootfs /"], 0),
    ],
)  # fmt: skip
def test_added_files(lines: list[str], added: int) -> None:
    assert len(of(*lines)["add_instructions"]) == added


@pytest.mark.parametrize(
    ("line", "bad"),
    [
        ("RUN apt-get install -y --allow-unauthenticated x", True), ("RUN apt-get --force-yes install x", True), ("RUN apk add --allow-untrusted x", True),
        ("RUN yum --nogpgcheck install x", True), ("RUN zypper --no-gpg-checks in x", True), ("RUN pip install --trusted-host x y", True),
        ("RUN curl -k https://x", True), ("RUN curl -fsSLk https://x", True), ("RUN curl --insecure https://x", True), ("RUN wget --no-check-certificate x", True),
        ("RUN echo 'deb [trusted=yes] x'", True), ("RUN echo 'deb [arch=amd64 trusted=yes] x'", True), ("RUN echo gpgcheck=0", True),
        ("RUN curl -fsSL https://x -o k && y -k", False), ("RUN curl https://x/-k.tgz", False), ("RUN apt-get install -y x", False),
    ],
)  # fmt: skip
def test_unverified_installs(line: str, bad: bool) -> None:
    assert bool(of(line, "ADD rootfs /")["unverified_installs"]) is bad


FIELDS = {"lone_update_layers", "add_instructions", "unverified_installs"}


@pytest.mark.parametrize(
    "history",
    [None, [], [""], ["", "ADD x /"], ["RUN x", "", "ADD x /"], [1], ["RUN x", None], "RUN x", ["RUN x <cut>", "ADD x /"], ["x" * 9000]],
    ids=repr,
)  # fmt: skip
def test_a_history_that_is_not_whole_proves_nothing(history: Any) -> None:
    assert not FIELDS & set(image({**decent_image(), "History": history}))


def test_an_imported_base_tells_nothing_and_hides_nothing() -> None:
    assert set(of("RUN x", "")) >= FIELDS


def test_a_bad_step_shows_in_a_history_that_is_not_whole() -> None:
    assert of("RUN curl -k x", "", "ADD y /")["unverified_installs"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nginx", "docker.io"),
        ("library/nginx", "docker.io"),
        ("localhost/x", "localhost"),
        ("ghcr.io/a/b", "ghcr.io"),
        ("registry:5000/x", "registry:5000"),
    ],
)
def test_registries(name: str, expected: str) -> None:
    assert registry(name) == expected


def test_names_and_registries() -> None:
    assert image({"Id": "sha256:" + "1" * 64})["name"] == "1" * 12
    assert image({})["name"] == "?"
    assert image({"RepoTags": ["<none>:<none>"], "Id": "sha256:abc"})["name"] == "abc"
    assert "registries" not in image({"Id": "x"})
    assert image({"RepoDigests": None})["registries"] == []
    assert of(RepoDigests=["<none>@<none>", "a.io/x@sha256:1", "x@sha256:1"])["registries"] == [
        "a.io",
        "docker.io",
    ]
    assert len(short("x " * 500)) <= 120


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (None, False),
        ({}, False),
        ({"Test": ["NONE"]}, False),
        ({"Test": ["CMD"]}, True),
        ({"Test": None}, False),
    ],
)
def test_health_checks(check: Any, expected: bool) -> None:
    assert image({"Config": {"Healthcheck": check}})["healthcheck"] is expected
    assert "healthcheck" not in image({"Config": {}})
