"""What several documents have in common: counts and lists of a benchmark's controls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from docs.markdown import table
from hullguard import explain, yamlfile
from hullguard.catalogue import Benchmark, Control, Entry, natural
from hullguard.reports.vocabulary import FAMILIES

BY_HAND = "by hand"


def described(benchmark: Benchmark, root: Path) -> tuple[str, dict[str, str]]:
    """Return where a benchmark's numbers come from, and the titles of its sections in order."""
    raw = yamlfile.load(root / f"compliance/benchmarks/{benchmark.name}.yml")
    return raw["source"], {number: raw["sections"][number] for number in sorted(raw["sections"], key=natural)}


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


def manuals(rows: Iterable[tuple[Entry, Control]]) -> Iterator[tuple[str, ...]]:
    """The controls that a person has to decide, always or at times."""
    for entry, control in rows:
        who = explain.decided_by(control)
        if who != explain.EVIDENCE:
            when = "always" if who == explain.PERSON else "where the evidence does not suffice"
            if params := explain.parameters(control):
                when += f"; set {', '.join(f'`{name}`' for name in params)} in a profile"
            yield entry.number, f"{control.title} (`{control.id}`)", when
