"""Generate the documents that say what the catalogue says, and refuse stale ones.

    scripts/docs.py [--check]   name what is stale and leave with 1
    scripts/docs.py --write     renew it

Whole files: the benchmark guide and the NIST map in compliance/docs/. In README.md and in each role's own the
lists between `<!-- docs: NAME -->` and `<!-- /docs -->`.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from hullguard import explain
from hullguard.catalogue import (
    Benchmark,
    Control,
    Entry,
    load_benchmark,
    load_controls,
    load_profile,
    names,
    natural,
)
from hullguard.cli import COMMANDS
from hullguard.reports.vocabulary import FAMILIES, VERDICTS

ROOT = Path(__file__).resolve().parent.parent
NOTICE = "<!-- Made by scripts/docs.py from compliance/. Renew it with: ./nox -s docs -- --write -->"
BY_HAND = "by hand"
# What Galaxy calls a release, and what people do. The lab has hosts of the first two.
RELEASES = {
    ("Debian", "bookworm"): "Debian 12",
    ("Debian", "trixie"): "Debian 13",
    ("Ubuntu", "jammy"): "Ubuntu 22.04",
    ("Ubuntu", "noble"): "Ubuntu 24.04",
    ("EL", "9"): "EL 9",
}
RUN_HERE = ("Debian 12", "Debian 13")
EVERY_ROLE = """

All roles: `hullguard_profile` (`cis_level2`; a shipped profile or the path of your own), `hullguard_only` and
`hullguard_skip` (lists of slugs; run tags count as the former), `hullguard_restart` (`now`; with `later` the
play restarts the engine once for all roles, as playbooks/harden.yml does)."""
MARKED = re.compile(r"(<!-- docs: (\w+) -->\n).*?(<!-- /docs -->)", re.DOTALL)


def main(arguments: list[str] | None = None) -> int:
    """Check or write; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="name what is stale, exit 1 (the default)")
    choice.add_argument("--write", action="store_true", help="renew what is stale")
    options = parser.parse_args(arguments)
    wanted = documents(ROOT)
    stale = {
        path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text
    }
    for path, text in stale.items():
        if options.write:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(f"{'renewed' if options.write else 'stale'}: {path.relative_to(ROOT)}")
    if stale and not options.write:
        print("renew with: ./nox -s docs -- --write", file=sys.stderr)
        return 1
    return 0


def documents(root: Path) -> dict[Path, str]:
    """Return {path: text} of everything that is generated."""
    controls = load_controls()
    readme, folder = root / "README.md", root / "compliance" / "docs"
    return {
        folder / "cis-docker-benchmark.md": guide(load_benchmark("cis_docker_1_8_0"), controls, root),
        folder / "nist-800-190.md": nist_map(load_benchmark("nist_800_190"), controls, root),
        readme: filled(readme.read_text(encoding="utf-8"), controls, root),
        **{
            path: role_filled(path.read_text(encoding="utf-8"), path.parent)
            for path in sorted(root.glob("roles/[!_]*/README.md"))
        },
    }


# --- the benchmark guide


def guide(benchmark: Benchmark, controls: dict[str, Control], root: Path) -> str:
    """The benchmark, control by control."""
    source, sections = described(benchmark, root)
    rows = [(entry, controls[entry.slug]) for entry in benchmark.entries]
    parts = [
        f"# {benchmark.title}, control by control",
        NOTICE,
        paragraph(source),
        "## At a glance",
        overview(rows, sections),
        "The last three columns say who decides. Level 2 comes on top of level 1.",
        "## What brings a host there",
        fixers(control for _, control in rows),
        "## Where a person decides",
        table(("number", "control", "when"), manuals(rows)),
        "## How a verdict comes about",
        HOW,
    ]
    for section, title in sections.items():
        parts.append(f"## {section} {title}")
        for entry, control in rows:
            if entry.number.split(".")[0] == section:
                parts += chapter(entry, control)
    return "\n\n".join(parts) + "\n"


HOW = """\
- An option of the daemon is judged as it is in effect: the running process's flags, `daemon.json` and the
  engine's own answers count together.
- Where a file lies is asked of this host: its units, the daemon's flags, `daemon.json`. A file that is not
  there makes its controls `not_applicable`.
- Containers count when they are stopped too, except where it says "running".
- What could not be seen is `unknown`, never `pass`."""


def overview(rows: list[tuple[Entry, Control]], sections: dict[str, str]) -> str:
    """Counts per section, with a line of sums."""
    kinds = (explain.EVIDENCE, explain.EITHER, explain.PERSON)
    header = ("section", "controls", "level 1", "level 2", *kinds)
    lines = []
    total: Counter[str] = Counter()
    for number, title in sections.items():
        mine = [(entry, control) for entry, control in rows if entry.number.split(".")[0] == number]
        counts = Counter(explain.decided_by(control) for _, control in mine)
        counts.update(f"level {entry.level}" for entry, _ in mine)
        counts["controls"] = len(mine)
        total += counts
        lines.append((f"{number} {title}", *(str(counts[key]) for key in header[1:])))
    return table(header, [*lines, ("**all**", *(f"**{total[key]}**" for key in header[1:]))])


def manuals(rows: Iterable[tuple[Entry, Control]]) -> Iterator[tuple[str, ...]]:
    """The controls that a person has to decide, always or at times."""
    for entry, control in rows:
        who = explain.decided_by(control)
        if who != explain.EVIDENCE:
            when = "always" if who == explain.PERSON else "where the evidence does not suffice"
            if params := explain.parameters(control):
                when += f"; set {', '.join(f'`{name}`' for name in params)} in a profile"
            yield entry.number, f"{control.title} (`{control.id}`)", when


def chapter(entry: Entry, control: Control) -> Iterator[str]:
    """One control."""
    yield f"### {entry.number} {control.title}"
    who = f"decided {explain.decided_by(control)}"
    benchmark = f"level {entry.level} · {entry.automation} in the benchmark"
    yield f"`{control.id}` · {control.severity} · {benchmark} · {who}"
    yield paragraph(control.why)
    judged = explain.judged(control)
    unnamed = [name for name in explain.parameters(control) if name not in judged]
    judged += "".join(f" The profile's `{name}` counts." for name in unnamed)
    yield paragraph(f"**Judged:** {judged}")
    if control.check["kind"] == "manual":
        yield "\n".join(paragraph(f"- {item}", "  ") for item in control.check["attach"])
    yield prose(f"**Get there:** {explain.way(control)}")
    yield paragraph(f"**May break:** {control.breaks}")
    if control.references:
        yield "See " + ", ".join(f"<{link}>" for link in control.references)


# --- the NIST map


def nist_map(benchmark: Benchmark, controls: dict[str, Control], root: Path) -> str:
    """Which controls serve which countermeasure."""
    source, sections = described(benchmark, root)
    cis = {entry.slug: entry.number for entry in load_benchmark("cis_docker_1_8_0").entries}
    parts = [f"# {benchmark.title}", NOTICE, paragraph(source)]
    parts.append("Audit by it with `hullguard audit --benchmark nist_800_190`.")
    for section, title in sections.items():
        rows = [
            (entry.number, controls[entry.slug].title, f"`{entry.slug}`", cis.get(entry.slug, ""))
            for entry in benchmark.entries
            if entry.number.startswith(f"{section}.")
        ]
        parts += [f"## {section} {title}", table(("countermeasure", "control", "slug", "CIS 1.8.0"), rows)]
    return "\n\n".join(parts) + "\n"


# --- lists in the README


def filled(text: str, controls: dict[str, Control], root: Path) -> str:
    """Return a text with what stands between its markers made anew. Raises KeyError for an unknown marker."""
    lists: dict[str, Callable[[], str]] = {
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
    return MARKED.sub(lambda found: f"{found[1]}{lists[found[2]]()}\n{found[3]}", text)


def decided(benchmark: Benchmark, controls: dict[str, Control]) -> str:
    """Say how many controls evidence decides."""
    counts = Counter(explain.decided_by(controls[entry.slug]) for entry in benchmark.entries)
    return paragraph(
        f"Of the {len(benchmark.entries)} controls of {benchmark.title}, evidence alone decides"
        f" {counts[explain.EVIDENCE]}. Evidence or, where it does not suffice, a person decides"
        f" {counts[explain.EITHER]}; a person alone decides {counts[explain.PERSON]}, and the report says"
        " what to attach."
    )


def fixers(controls: Iterable[Control]) -> str:
    """Count controls per family by what brings a host there."""
    counts = Counter((control.fixed_by or BY_HAND, control.family) for control in controls)
    known = [*sorted({who for who, _ in counts} - {BY_HAND}), BY_HAND]
    header = ("by", *(FAMILIES[family].lower() for family in FAMILIES), "all")
    lines = []
    for who in known:
        numbers = [counts[who, family] for family in FAMILIES]
        name = who if who == BY_HAND else f"`{who}`"
        lines.append([name, *(str(n or "") for n in numbers), str(sum(numbers))])
    sums = [sum(counts[who, family] for who in known) for family in FAMILIES]
    return table(header, [*lines, [f"**{cell}**" for cell in ["all", *sums, sum(sums)]]])


def roles(root: Path) -> Iterator[tuple[str, str]]:
    """Name and purpose of every public role, from its argument specification."""
    for path in sorted(root.glob("roles/[!_]*/meta/argument_specs.yml")):
        name = path.parent.parent.name
        yield f"[`{name}`](roles/{name}/README.md)", specification(path.parent.parent)["short_description"]


# --- lists in a role's README


def role_filled(text: str, role: Path) -> str:
    """Return a role's README with its lists made anew. Raises KeyError for an unknown marker."""
    lists: dict[str, Callable[[], str]] = {
        "support": lambda: table(("on", "is it run here?"), support(role)),
        "variables": lambda: table(("variable", "default", "means"), variables(role)) + EVERY_ROLE,
    }
    return MARKED.sub(lambda found: f"{found[1]}{lists[found[2]]()}\n{found[3]}", text)


def specification(role: Path) -> dict[str, Any]:
    """Return a role's argument specification."""
    text = (role / "meta" / "argument_specs.yml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)["argument_specs"]["main"]
    return found


def variables(role: Path) -> Iterator[tuple[str, str, str]]:
    """Name, default and meaning of a role's variables; those of a mapping's members below it."""
    for name, option in specification(role)["options"].items():
        default = json.dumps(option["default"]) if "default" in option else "required"
        yield f"`{name}`", f"`{default}`", meaning(option)
        for member, inner in (option.get("options") or {}).items():
            default = f"`{json.dumps(inner['default'])}`" if "default" in inner else ""
            yield (
                f"`{name}` … `{member}`",
                default or ("required" if inner.get("required") else ""),
                meaning(inner),
            )


def meaning(option: dict[str, Any]) -> str:
    """Say what a variable takes and does, on one line."""
    described = option["description"]
    text = " ".join(" ".join(described).split() if isinstance(described, list) else described.split())
    # Ansible's own mark-up: C(code), O(option=value), V(value).
    text = re.sub(r"\b[CVO]\(([^)]*)\)", r"`\1`", text)
    if choices := option.get("choices"):
        text += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
    return text


def support(role: Path) -> Iterator[tuple[str, str]]:
    """Each release that a role is written for, and whether its scenario runs there."""
    platforms = yaml.safe_load((role / "meta" / "main.yml").read_text(encoding="utf-8"))["galaxy_info"][
        "platforms"
    ]
    for platform in platforms:
        for version in platform["versions"]:
            name = RELEASES[platform["name"], str(version)]
            yield name, "yes" if name in RUN_HERE else "no: written for it, not run"


def sessions(noxfile: Path) -> Iterator[tuple[str, str]]:
    """Name and first docstring line of every nox session, without importing nox."""
    for node in ast.parse(noxfile.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and any(
            "nox.session" in ast.unparse(d) for d in node.decorator_list
        ):
            yield f"`./nox -s {node.name}`", (ast.get_docstring(node) or "").partition("\n")[0]


# --- Markdown


def described(benchmark: Benchmark, root: Path) -> tuple[str, dict[str, str]]:
    """Return where a benchmark's numbers come from, and the titles of its sections in order."""
    raw = yaml.safe_load((root / f"compliance/benchmarks/{benchmark.name}.yml").read_text(encoding="utf-8"))
    return raw["source"], {number: raw["sections"][number] for number in sorted(raw["sections"], key=natural)}


def prose(text: str) -> str:
    """Wrap the paragraphs of a text and leave its indented commands alone."""
    parts = re.split(r"\n(?:[ \t]*\n)+", text.strip("\n"))
    return "\n\n".join(part if part.startswith("    ") else paragraph(part) for part in parts)


def paragraph(text: str, indent: str = "") -> str:
    """Wrap a paragraph, unless a line would then begin like a heading or an item of a list."""
    joined = " ".join(text.split())
    lines = textwrap.wrap(
        joined, 110, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
    special = any(re.match(r"\s*([-+*#>=|]|\d+[.)])(\s|$)", line) for line in lines[1:])
    return joined if special else "\n".join(lines)


def table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    columns = tuple(header)
    lines = [columns, ("---",) * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in lines)


if __name__ == "__main__":
    sys.exit(main())
