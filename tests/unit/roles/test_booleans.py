"""A variable from the command line is a text, and the text "false" is true: roles turn it into a boolean."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from jinja2 import nodes

ROLES = Path(__file__).parents[3] / "roles"
BOOLEANS = {
    name
    for file in ROLES.glob("*/meta/argument_specs.yml")
    for name, option in (
        yaml.safe_load(file.read_text(encoding="utf-8"))["argument_specs"]["main"].get("options") or {}
    ).items()
    if option.get("type") == "bool"
}
# Their values are expressions without braces.
CONDITIONS = {"when", "that", "until", "changed_when", "failed_when"}
READ = jinja2.Environment(autoescape=False, extensions=["jinja2.ext.do"])


def bare(node: nodes.Node, *, cast: bool = False) -> Iterator[str]:
    """Yield the boolean variables that an expression uses as they come."""
    if isinstance(node, nodes.Name) and node.name in BOOLEANS and not cast:
        yield node.name
    for child in node.iter_child_nodes():
        # A default may come first, as in `x | default(false) | bool`.
        inside = isinstance(node, nodes.Filter) and (node.name == "bool" or (cast and node.name == "default"))
        yield from bare(child, cast=inside or (isinstance(node, nodes.Test) and node.name == "defined"))


def templates(value: Any, *, condition: bool = False) -> Iterator[str]:
    """Yield every template in a YAML document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from templates(inner, condition=key in CONDITIONS)
    elif isinstance(value, list):
        for inner in value:
            yield from templates(inner, condition=condition)
    elif isinstance(value, str):
        yield "{{ " + value + " }}" if condition else value


def texts(role: Path) -> Iterator[tuple[Path, str]]:
    """Yield every template of a role, with the file it is in."""
    for file in sorted(role.rglob("*.yml")):
        if "meta" not in file.parts:
            for text in templates(yaml.safe_load(file.read_text(encoding="utf-8"))):
                yield file, text
    for file in sorted(role.rglob("*.j2")):
        yield file, file.read_text(encoding="utf-8")


@pytest.mark.filterwarnings("ignore:invalid escape sequence")  # a regular expression in a template
@pytest.mark.parametrize("role", sorted(path.name for path in ROLES.iterdir()))
def test_no_boolean_is_used_as_it_comes(role: str) -> None:
    found = [
        f"{file.relative_to(ROLES)}: {name}"
        for file, text in texts(ROLES / role)
        for name in bare(READ.parse(text))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ docker_scan_network }}", ["docker_scan_network"]),
        ("{{ docker_scan_network | bool }}", []),
        ("{{ docker_scan_network | default(false) | bool }}", []),
        ("{% if not docker_scan_network %}x{% endif %}", ["docker_scan_network"]),
        ("docker_scan_network in a sentence", []),
    ],
)
def test_the_search_itself(text: str, expected: list[str]) -> None:
    assert list(bare(READ.parse(text))) == expected
