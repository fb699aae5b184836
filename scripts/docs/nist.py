"""The map of NIST SP 800-190."""

from __future__ import annotations

from pathlib import Path

from docs.benchmarks import described
from docs.markdown import NOTICE, paragraph, table
from hullguard.catalogue import Benchmark, Control, load_benchmark


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
