"""The benchmark guide: every control, how it is judged and how to get there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from docs.benchmarks import described, fixers, manuals
from docs.markdown import NOTICE, bullets, paragraph, prose, table
from hullguard import explain
from hullguard.catalogue import Benchmark, Control, Entry

HOW = """\
- An option of the daemon is judged as it is in effect: the running process's flags, `daemon.json` and the
  engine's own answers count together.
- Where a file lies is asked of this host: its units, the daemon's flags, `daemon.json`. A file that is not
  there makes its controls `not_applicable`.
- Containers count when they are stopped too, except where it says "running".
- What could not be seen is `unknown`, never `pass`."""


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
        yield bullets(control.check["attach"])
    yield prose(f"**Get there:** {explain.way(control)}")
    yield paragraph(f"**May break:** {control.breaks}")
    if control.references:
        yield "See " + ", ".join(f"<{link}>" for link in control.references)
