from __future__ import annotations

from typing import Any

import pytest

from hullguard.errors import InputError

PROFILES = (
    "services: {a: {image: x}, b: {image: x, profiles: [debug, test]}, c: {image: x, profiles: [live]}}"
)


@pytest.mark.parametrize(
    ("profiles", "environment", "names"),
    [
        ((), {}, ["a"]),
        (("debug",), {}, ["a", "b"]),
        ((), {"COMPOSE_PROFILES": "live, test"}, ["a", "b", "c"]),
        (("*",), {}, ["a", "b", "c"]),
    ],
)
def test_profiles(
    load: Any, profiles: tuple[str, ...], environment: dict[str, str], names: list[str]
) -> None:
    project = load(PROFILES, profiles=profiles, **environment)
    assert list(project.services) == names
    assert set(project.left_out) == {"a", "b", "c"} - set(names)


def test_profiles_of_another_form_hide_nothing(load: Any) -> None:
    assert list(load("services: {a: {image: x, profiles: 5}, b: {image: x, profiles: {c: d}}}").services) == [
        "a",
        "b",
    ]


def test_a_provider_runs_no_container(load: Any) -> None:
    project = load("services: {db: {provider: {type: cloud}}}")
    assert (dict(project.services), list(project.left_out)) == ({}, ["db"])


def test_the_environment_comes_before_the_env_file(load: Any, write: Any) -> None:
    write("TAG=file\nOTHER=${TAG}-x", ".env")
    text = "services: {a: {image: 'i:$TAG', user: $OTHER}}"
    assert load(text).services["a"] == {"image": "i:file", "user": "file-x"}
    assert load(text, TAG="shell").services["a"] == {"image": "i:shell", "user": "shell-x"}


def test_unset_variables_are_told(load: Any) -> None:
    assert load("services: {a: {image: 'x:$TAG'}}").notes == (
        "compose.yml: not set, and taken as empty as compose does: TAG.",
    )
    with pytest.raises(InputError, match=r"compose.yml:1: the variable TAG has to be set \(say which\)"):
        load("services: {a: {image: 'x:${TAG:?say which}'}}")


def test_values_that_may_be_secret_are_not_kept(load: Any) -> None:
    text = """\
        services:
          a:
            image: x
            build: {context: ., args: {TOKEN: hunter2}}
            environment: {A: hunter2, B: $SECRET}
            command: --password=hunter2
            labels: [key=hunter2]
            env_file: [secret.env]
          b: {image: x, environment: ["C=hunter2"], entrypoint: [hunter2]}
        """
    project = load(text, SECRET="hunter2")
    assert "hunter2" not in repr(project)
    assert project.services["a"]["environment"] == ["A", "B"]
    assert project.services["b"]["environment"] == ["C"]


def test_an_override_beside_the_file_counts_only_when_given(load: Any, write: Any) -> None:
    write("services: {a: {privileged: true}}", "compose.override.yml")
    assert load("services: {a: {image: x}}").services["a"] == {"image": "x"}


def test_two_megabytes(load: Any) -> None:
    with pytest.raises(InputError, match="larger than 1 MB"):
        load("# " + "x" * (2 << 20))
