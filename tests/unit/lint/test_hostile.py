"""Whatever is written, a file is refused with a message or judged: no other exception, in bounded time."""

from __future__ import annotations

import string
import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hullguard.catalogue import load_benchmark, load_profile
from hullguard.errors import InputError
from hullguard.lint import compose, dockerfile, fix, judge
from hullguard.lint.known import SERVICE
from hullguard.lint.tree import parse

BENCHMARK, PROFILE = load_benchmark(), load_profile()
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
WORDS = st.sampled_from(
    ["host", "none", "service:a", "container:b", "ALL", "no-new-privileges:true", "seccomp=unconfined", "0.0.0.0:80:80", "80",
     "1-99:1-99", "/etc:/etc", "./x:/y:ro,shared", "../..:/z", "v:/v", "~/x:/x", "on-failure:3", "512m", "-1", "root", "0", "true",
     "${A:-b}", "$B", "$$", "\x1b[31m", "../", "a:b:c:d:e", "[::]:80:80", "", "\n", "::1:80:80", "udp"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=8)
KEYS = st.sampled_from(
    ["type", "source", "target", "bind", "propagation", "read_only", "published", "host_ip", "protocol", "soft", "hard", "test",
     "disable", "resources", "limits", "memory", "cpus", "pids", "restart_policy", "condition", "file", "service", "x-a", "driver",
     "external", "name"]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)
SERVICES = st.dictionaries(st.sampled_from(sorted(SERVICE)), VALUES, max_size=8)
PROJECTS = st.fixed_dictionaries(
    {"services": st.dictionaries(st.sampled_from(["a", "b", "c"]), SERVICES, min_size=1, max_size=3)},
    optional={name: st.dictionaries(st.sampled_from(["v", "host", "s"]), VALUES, max_size=2) for name in ("volumes", "networks", "secrets")},
)  # fmt: skip


def lint(data: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data)
        try:
            if name == "Dockerfile":
                judge(dockerfile.load(path), PROFILE, BENCHMARK)
                return
            project = compose.load(path, environment={"A": "x"}, profiles=["*"])
        except InputError as error:
            message = str(error)
        else:
            message = ""
            _round_trip(project, path)
        assert message.isprintable()


def _round_trip(project: Any, path: Path) -> None:
    """Judge it, and lay the override over it: compose's own rules allow that."""
    text = fix.override(project, judge(project, PROFILE, BENCHMARK))
    assert len(parse(text, Path("fix.yml"))) == 1
    over = path.with_name("fix.yml")
    over.write_text(text)
    compose.load(path, over, environment={"A": "x"}, profiles=["*"])


@QUIET
@given(PROJECTS)
def test_documents(project: Any) -> None:
    for service in project["services"].values():
        service["image"] = service.get("image", "x")
    lint(yaml.safe_dump(project, allow_unicode=True).encode("utf-8", "replace"), "compose.yml")


@QUIET
@given(
    st.sampled_from(
        ["mem_limit", "security_opt", "volumes", "ports", "deploy", "networks", "devices", "healthcheck"]
    ),
    VALUES,
)
def test_one_strange_member(member: str, value: Any) -> None:
    project = {"services": {"a": {"image": "x", member: value}}}
    lint(yaml.safe_dump(project, allow_unicode=True).encode("utf-8", "replace"), "compose.yml")


@QUIET
@given(st.binary(max_size=300) | st.text(alphabet=string.printable, max_size=300).map(str.encode))
def test_any_bytes(data: bytes) -> None:
    lint(data, "compose.yml")
    lint(data, "Dockerfile")


STEPS = st.sampled_from(
    [
        "FROM",
        "RUN",
        "ADD",
        "COPY",
        "ENV",
        "ARG",
        "USER",
        "HEALTHCHECK",
        "ONBUILD",
        "SHELL",
        "# escape=`",
        "CMD",
    ]
)
PARTS = st.sampled_from(
    ["a", "a AS b", "b", "scratch", "$X", "${X:-a}", "<<E", "E", "\\", "`", "[\"a\"]", "[", "--from=c", "--interval=3s", "--mount=x", "apt-get update",
     "A=1", "TOKEN=x", "NONE", "CMD x", "root", "'", '"', "\t", "\x1b", "curl -k x", "--checksum=a"]
)  # fmt: skip


@QUIET
@given(st.lists(st.tuples(STEPS, st.lists(PARTS, max_size=4)), max_size=10))
def test_dockerfiles(steps: list[tuple[str, list[str]]]) -> None:
    text = "\n".join(f"{name} {' '.join(parts)}" for name, parts in steps)
    lint(("FROM a\n" + text).encode(), "Dockerfile")
