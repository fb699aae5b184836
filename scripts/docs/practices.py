"""The tables of the best practices: where it is done, how it is proved, what remains to people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from docs.benchmarks import BY_HAND
from docs.markdown import bullets, paragraph, table
from hullguard.catalogue import Control


def lists(found: Mapping[str, Any], controls: Mapping[str, Control]) -> dict[str, Callable[[], str]]:
    """Return what makes each of the lists, by its marker's name."""
    practices = list(enumerate(found["practices"], 1))
    return {
        "practices": lambda: overview(practices),
        "sources": lambda: bullets(f"[{source['title']}]({source['link']})" for source in found["sources"]),
        "sections": lambda: "\n\n".join(section(number, row, controls) for number, row in practices),
    }


def overview(practices: Iterable[tuple[int, Mapping[str, Any]]]) -> str:
    """A line per practice."""
    rows = [
        (
            f"[{number}. {practice['title']}](#{anchor(heading(number, practice))})",
            _listed(where(practice)),
            _listed(link(row["path"]) for row in practice["proved"]),
            " ".join(practice["people"]),
        )
        for number, practice in practices
    ]
    return table(("practice", "where Hullguard does it", "proved by", "what remains to people"), rows)


def where(practice: Mapping[str, Any]) -> list[str]:
    """Roles, commands, examples and the number of controls."""
    return [
        *(f"[`{role}`](../../roles/{role}/README.md)" for role in practice["roles"]),
        *(f"`{command}`" for command in practice["commands"]),
        *(link(path) for path in practice["examples"]),
        f"{len(practice['controls'])} control{'s' if len(practice['controls']) > 1 else ''}",
    ]


def section(number: int, practice: Mapping[str, Any], controls: Mapping[str, Control]) -> str:
    """One practice with its controls and what proves it."""
    mine = [controls[slug] for slug in practice["controls"]]
    rows = [
        (
            f"{control.title} (`{control.id}`)",
            control.severity,
            f"`{control.fixed_by}`" if control.fixed_by else BY_HAND,
        )
        for control in mine
    ]
    return "\n\n".join(
        [
            f"## {heading(number, practice)}",
            paragraph(practice["why"]),
            table(("control", "severity", "brought about by"), rows),
            "**Proved:**",
            bullets(f"{link(row['path'])}: {row['shows']}" for row in practice["proved"]),
            "**Remains to people:**",
            bullets(practice["people"]),
        ]
    )


def heading(number: int, practice: Mapping[str, Any]) -> str:
    """A practice's heading."""
    return f"{number}. {practice['title']}"


def anchor(text: str) -> str:
    """What GitHub and GitLab make of a heading in a link."""
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def link(path: str) -> str:
    """A link to a file or folder of the checkout, from compliance/docs."""
    shown = re.sub(r"^(tests/|examples/)", "", path) if path.startswith("tests/") else path
    return f"[{shown}](../../{path})"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
