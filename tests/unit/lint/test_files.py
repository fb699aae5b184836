from __future__ import annotations

import time
from typing import Any

import pytest

from hullguard.errors import InputError


def test_extends_in_the_same_file(load: Any) -> None:
    text = """\
        services:
          base:
            image: a
            privileged: true
            cap_add: [KILL]
          web:
            extends: base
            cap_add: [CHOWN]
            privileged: false
          api:
            extends: {service: web}
            user: app
        """
    project = load(text)
    assert project.services["api"] == {
        "image": "a",
        "privileged": False,
        "cap_add": ["KILL", "CHOWN"],
        "user": "app",
    }
    assert str(project.place("api", ("cap_add", 0))) == "compose.yml:5"


def test_extends_another_file_whose_paths_count_from_its_folder(load: Any, write: Any) -> None:
    write(
        "services:\n  base: {image: $IMAGE, volumes: ['./data:/data', {type: bind, source: etc, target: /etc/x}]}",
        "common/base.yml",
    )
    project = load("services:\n  web:\n    extends: {file: common/base.yml, service: base}", IMAGE="a")
    assert project.services["web"]["volumes"] == [
        "./common/./data:/data", {"type": "bind", "source": "./common/etc", "target": "/etc/x"},
    ]  # fmt: skip
    assert str(project.place("web", ("image",))) == "common/base.yml:2"


def test_a_tag_also_counts_for_the_base(load: Any) -> None:
    text = (
        "services:\n  b: {image: a, ports: ['80:80']}\n  w:\n    extends: b\n    ports: !override ['81:81']"
    )
    assert load(text).services["w"]["ports"] == ["81:81"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("services: {a: {extends: b}, b: {extends: a}}", "in a circle, or too far: a -> b -> a"),
        ("services: {a: {extends: a}}", "in a circle"),
        ("services: {a: {extends: {file: compose.yml, service: a}}}", "in a circle"),
        ("services: {a: {extends: none}}", "which compose.yml does not have"),
        ("services: {a: {extends: {file: none.yml, service: b}}}", "none.yml: there is no such file"),
        ("services: {a: {extends: {file: /dev/zero, service: b}}}", "is no regular file"),
        ("services: {a: {extends: [b]}}", "both texts"),
        ("services: {a: {extends: {file: b}}}", "both texts"),
        ("services: {a: {image: x}}\ninclude: [compose.yml]", "include one another in a circle"),
        ("services: {a: {image: x}}\ninclude: [none.yml]", "no such file"),
        ("services: {a: {image: x}}\ninclude: other.yml", "include is no list"),
        ("services: {a: {image: x}}\ninclude: [{path: []}]", "an include takes"),
        ("services: {a: {image: x}}\ninclude: [5]", "an include takes"),
    ],
)
def test_what_is_refused(load: Any, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        load(text)
    assert words in str(caught.value)


def test_include(load: Any, write: Any) -> None:
    write("services:\n  db: {image: $DB, volumes: ['./d:/d', 'v:/v']}\nvolumes: {v: {}}", "db/compose.yml")
    write("DB=postgres", "db/.env")
    project = load("include: [db/compose.yml]\nservices: {web: {image: a}}")
    assert sorted(project.services) == ["db", "web"]
    assert project.services["db"] == {"image": "postgres", "volumes": ["./db/./d:/d", "v:/v"]}
    assert project.resources["volumes"] == {"v": {}}
    with pytest.raises(InputError, match=r"defines services.db, which is already"):
        load("include: [db/compose.yml]\nservices: {db: {image: other}}")


def test_a_long_chain_and_a_wide_tree_are_refused_quickly(load: Any) -> None:
    chain = "services:\n  s0: {image: a}\n" + "".join(
        f"  s{n}: {{extends: s{n - 1}}}\n" for n in range(5000, 0, -1)
    )
    with pytest.raises(InputError, match="too far"):
        load(chain)
    heavy = (
        "services:\n  b: {image: a, cap_add: ["
        + "X, " * 20_000
        + "Y]}\n"
        + "".join(f"  s{n}: {{extends: b}}\n" for n in range(3000))
    )
    start = time.perf_counter()
    with pytest.raises(InputError, match="nodes once its services"):
        load(heavy)
    assert time.perf_counter() - start < 5


def test_includes_that_double_are_bounded(load: Any, write: Any) -> None:
    for n in range(30):
        write(f"include: [f{n + 1}.yml, f{n + 1}.yml]\nservices: {{s{n}: {{image: a}}}}", f"f{n}.yml")
    write("services: {last: {image: a}}", "f30.yml")
    with pytest.raises(InputError, match="more than 50 files"):
        load("include: [f0.yml]\nservices: {}")
