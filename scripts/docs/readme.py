"""The lists in README.md."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from docs.benchmarks import fixers
from docs.markdown import paragraph, table
from docs.roles import specification
from hullguard import explain
from hullguard.catalogue import Benchmark, Control, load_benchmark, load_profile, names
from hullguard.cli import COMMANDS
from hullguard.reports.vocabulary import VERDICTS


def lists(controls: Mapping[str, Control], root: Path) -> dict[str, Callable[[], str]]:
    """Return what makes each of the lists, by its marker's name."""
    return {
        "commands": lambda: table(
            ("command", "does"),
            ((f"`hullguard {name}`", does) for name, (_, does) in sorted(COMMANDS.items())),
        ),
        "decided": lambda: decided(load_benchmark("cis_docker_1_8_0"), controls),
        "families": lambda: fixers(controls.values()),
        "profiles": lambda: table(
            ("profile", "judges"), ((f"`{p}`", load_profile(p).title) for p in names("profiles"))
        ),
        "roles": lambda: table(("role", "brings about"), roles(root)),
        "sessions": lambda: table(("session", "does"), sessions(root / "noxfile.py")),
        "verdicts": lambda: table(("verdict", "means"), ((f"`{v}`", means) for v, means in VERDICTS.items())),
    }


def decided(benchmark: Benchmark, controls: Mapping[str, Control]) -> str:
    """Say how many controls evidence decides."""
    counts = Counter(explain.decided_by(controls[entry.slug]) for entry in benchmark.entries)
    return paragraph(
        f"Of the {len(benchmark.entries)} controls of {benchmark.title}, evidence alone decides"
        f" {counts[explain.EVIDENCE]}. Evidence or, where it does not suffice, a person decides"
        f" {counts[explain.EITHER]}; a person alone decides {counts[explain.PERSON]}, and the report says"
        " what to attach."
    )


def roles(root: Path) -> Iterator[tuple[str, str]]:
    """Name and purpose of every public role, from its argument specification."""
    for path in sorted(root.glob("roles/[!_]*/meta/argument_specs.yml")):
        name = path.parent.parent.name
        yield f"[`{name}`](roles/{name}/README.md)", specification(path.parent.parent)["short_description"]


def sessions(noxfile: Path) -> Iterator[tuple[str, str]]:
    """Name and first docstring line of every nox session, without importing nox."""
    for node in ast.parse(noxfile.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and any(
            "nox.session" in ast.unparse(d) for d in node.decorator_list
        ):
            yield f"`./nox -s {node.name}`", (ast.get_docstring(node) or "").partition("\n")[0]
