"""What pages name is there: links and their anchors, commands and their options, playbooks, keys."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import docs
from docs.data import load_practices
from docs.practices import anchor
from hullguard import yamlfile
from hullguard.cli import cli

FOLDER = docs.ROOT / "compliance" / "docs"
PAGES = sorted(
    path
    for pattern in ("*.md", "compliance/**/*.md", "molecule/**/*.md", "roles/**/*.md")
    for path in docs.ROOT.glob(pattern)
)
COMMANDS = [
    "best-practices",
    "incident-response",
    "security-audit",
    "threat-model",
    "vulnerability-management",
]
FENCED = re.compile(r"^ *```(?:sh|console)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


def links(text: str) -> list[tuple[str, str]]:
    plain = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    return re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)#?([^)\s]*)\)", re.sub(r"`[^`\n]*`", "", plain))


def anchors(page: Path) -> set[str]:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return {anchor(heading) for heading in re.findall(r"^#+ +(.+)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(docs.ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    found = links(page.read_text(encoding="utf-8"))
    assert [path for path, _ in found if not (page.parent / path).exists()] == []
    wrong = [
        f"{path}#{name}"
        for path, name in found
        if name and name not in anchors((page.parent / path) if path else page)
    ]
    assert wrong == []


def called(page: Path) -> Iterator[list[str]]:
    """Each call of hullguard in a page's commands and in its text, as words."""
    text = page.read_text(encoding="utf-8")
    for block in FENCED.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if (command := line.strip().removeprefix("$ ")).startswith("hullguard "):
                yield shlex.split(re.split(r" [|&]+ | > ", command)[0], comments=True)[1:]
    for part in re.findall(r"`hullguard ([^`]+)`", text.replace("\n", " ")):
        yield shlex.split(part)


def wrong_with(words: list[str]) -> str | None:
    """What the command line would not understand of a call."""
    command: click.Command = cli
    context = click.Context(cli, info_name="hullguard")
    rest = list(words)
    if rest[:1] == ["bundle"] and rest[1:2] not in (["make"], ["verify"], []):
        rest.insert(1, "make")
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        inner = command.get_command(context, rest.pop(0))
        if inner is None:
            return f"no such command: {words}"
        command = inner
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    unknown = [
        word for word in rest if word.startswith("-") and word != "--" and word.partition("=")[0] not in known
    ]
    return f"{command.name} has no {unknown}" if unknown else None


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_are_understood(name: str) -> None:
    calls = list(called(FOLDER / f"{name}.md"))
    assert calls
    assert [said for words in calls if (said := wrong_with(words))] == []


def test_a_wrong_command_would_be_found() -> None:
    assert "no such command" in str(wrong_with(["odit"]))
    assert "no such command" in str(wrong_with(["controls", "liszt"]))
    assert "has no ['--evidense']" in str(wrong_with(["audit", "--evidense", "x"]))
    assert wrong_with(["bundle", "run", "--output", "x"]) is None


@pytest.mark.parametrize(
    "practice", load_practices()["practices"], ids=lambda practice: anchor(practice["title"])
)
def test_commands_of_best_practices_exist(practice: dict[str, list[str]]) -> None:
    for command in practice["commands"]:
        assert wrong_with(command.split()[1:]) is None


def test_playbooks_exist() -> None:
    named = {
        name
        for page in PAGES
        for name in re.findall(r"\bplaybooks/\w+\.yml", page.read_text(encoding="utf-8"))
    }
    assert named
    assert [name for name in named if not (docs.ROOT / name).is_file()] == []


def test_the_runbook_asks_for_the_key_of_the_audit_rules() -> None:
    key = yamlfile.load(docs.ROOT / "compliance/detections.yml")["auditd_key"]
    asked = re.findall(r"ausearch --key (\S+)", (FOLDER / "incident-response.md").read_text(encoding="utf-8"))
    assert asked
    assert set(asked) == {key}
