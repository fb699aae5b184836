from __future__ import annotations

import time
from typing import Any

import pytest

from hullguard.lint.dockerfile import parse
from hullguard.spec.dockerfile import image


def spec(text: str) -> dict[str, Any]:
    return image("Dockerfile", parse(text, "Dockerfile"))[0]


def lines(text: str, field: str) -> list[int]:
    return image("Dockerfile", parse(text, "Dockerfile"))[1][field]


@pytest.mark.parametrize(
    ("text", "user"),
    [
        ("FROM a", ""), ("FROM scratch", ""), ("FROM a\nUSER app", "app"), ("FROM a\nUSER app\nUSER root", "root"),
        ("FROM a\nUSER '10:10'", "10:10"), ("FROM a\nUSER x\nFROM b", ""), ("FROM a AS x\nUSER app\nFROM x", "app"),
        ("FROM a AS X\nUSER app\nFROM x AS y\nRUN b\nFROM y", "app"), ("FROM a\nONBUILD USER app", ""),
        ("FROM a\nRUN <<E\nUSER app\nE", ""), ("FROM a\nUSER $WHO", None), ("FROM gcr.io/distroless/base:nonroot", None),
        ("FROM nginxinc/nginx-unprivileged", None), ("FROM nonroot\nUSER 0", "0"),
    ],
)  # fmt: skip
def test_user(text: str, user: str | None) -> None:
    assert spec(text).get("user") == user


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("FROM a", False), ("FROM a\nHEALTHCHECK --interval=3s CMD x", True), ("FROM a\nHEALTHCHECK CMD x\nHEALTHCHECK NONE", False),
        ("FROM a AS x\nHEALTHCHECK CMD x\nFROM x", True), ("FROM a\nHEALTHCHECK CMD x\nFROM b", False),
    ],
)  # fmt: skip
def test_healthcheck(text: str, good: bool) -> None:
    assert spec(text)["healthcheck"] is good


def test_lines_are_those_of_the_deciding_instruction() -> None:
    text = "FROM a\nUSER x\nUSER y\nADD a b\nRUN apt-get update\nADD c d"
    assert lines(text, "user") == [3]
    assert lines(text, "add_instructions") == [4, 6]
    assert lines(text, "lone_update_layers") == [5]
    assert lines("FROM a\nFROM b", "user") == [2]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("FROM a\nADD x y", 1), ("FROM scratch\nADD root.tar /\nADD x y", 1), ("FROM scratch\nCOPY a b\nADD x y", 1),
        ("FROM a\nADD --checksum=sha256:1 https://x y", 0), ("FROM a\nADD --checksum https://x y", 1), ("FROM a\nONBUILD ADD x y", 1),
        ("FROM a AS b\nADD x y\nFROM c", 1), ("FROM a\nCOPY x y", 0), ("FROM a\nRUN echo ADD x", 0),
    ],
)  # fmt: skip
def test_add(text: str, count: int) -> None:
    assert len(spec(text)["add_instructions"]) == count


@pytest.mark.parametrize(
    ("run", "lone"),
    [
        ("RUN apt-get update", True), ("RUN apt-get update && apt-get install -y x", False), ('RUN ["apt-get", "update"]', True),
        ("RUN <<E\napt-get update\nE", True), ("RUN <<E\napt-get update\napt-get install x\nE", False),
        ("RUN apt-get update \\\n  && apt-get install -y x", False), ("RUN apk add --no-cache x", False), ("RUN yum -y update", True),
    ],
)  # fmt: skip
def test_lone_update(run: str, lone: bool) -> None:
    assert bool(spec(f"FROM a\n{run}\n")["lone_update_layers"]) is lone


def test_unverified_installs() -> None:
    assert (
        len(
            spec("FROM a\nRUN curl -k https://x\nRUN curl https://x\nRUN pip install --trusted-host x y")[
                "unverified_installs"
            ]
        )
        == 2
    )


def test_a_run_too_long_to_be_read_proves_nothing() -> None:
    found = spec("FROM a\nRUN " + "x" * 9000)
    assert "unverified_installs" not in found
    assert "lone_update_layers" not in found
    assert spec("FROM a\nRUN curl -k x;" + "x" * 9000)["unverified_installs"]


@pytest.mark.parametrize(
    ("text", "registries"),
    [
        ("FROM debian", ["docker.io"]), ("FROM scratch", []), ("ARG R=reg.example.net\nFROM $R/a", ["reg.example.net"]),
        ("ARG R\nFROM ${R:-reg.example.net}/a", ["reg.example.net"]), ("ARG R\nFROM $R/a", None), ("FROM a AS b\nFROM b", ["docker.io"]),
        ("FROM x.io/a AS b\nFROM c\nCOPY --from=b x y\nCOPY --from=0 x y\nCOPY --from=y.io/z x y", ["docker.io", "x.io", "y.io"]),
        ("FROM a\nCOPY --from=$X a b", None),
    ],
)  # fmt: skip
def test_registries(text: str, registries: list[str] | None) -> None:
    assert spec(text).get("registries") == registries


def test_secrets_by_name_and_never_by_value() -> None:
    text = """\
FROM a AS build
ARG NPM_TOKEN
ENV BUILD_SECRET=hunter2
RUN PASSWORD=hunter2 make
RUN --mount=type=secret,id=t TOKEN=$(cat /run/secrets/t) make
FROM b
ENV API_KEY=hunter2 MODE="a b" KEY_FILE=x
ENV OLD_PASSWORD hunter2
RUN curl --password hunter2 -k https://user:hunter2@x
"""
    found = spec(text)
    assert found["environment"] == ["API_KEY", "KEY_FILE", "MODE", "OLD_PASSWORD"]
    assert found["secret_history"] == ["BUILD_SECRET", "NPM_TOKEN", "PASSWORD"]
    assert lines(text, "secret_history") == [3, 2, 4]
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    "run", ["apt-get " * 120_000, "A=" * 400_000, '"' * 900_000, "curl " * 180_000, "[" * 900_000]
)
def test_a_megabyte_of_one_thing_is_quick(run: str) -> None:
    start = time.perf_counter()
    spec(f"FROM a\nRUN {run}\nENV OLD {run}")
    assert time.perf_counter() - start < 5
