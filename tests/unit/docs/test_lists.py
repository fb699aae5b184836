"""The guide, and the lists of the README."""

from __future__ import annotations

import re
from pathlib import Path

import docs
from docs.benchmarks import fixers
from docs.guide import guide
from docs.readme import sessions
from hullguard.catalogue import load_benchmark, load_controls


def test_every_control_has_its_chapter() -> None:
    benchmark = load_benchmark("cis_docker_1_8_0")
    text = guide(benchmark, load_controls(), docs.ROOT)
    for entry in benchmark.entries:
        assert text.count(f"\n### {entry.number} ") == 1
        assert f"\n`{entry.slug}` · " in text


def test_sessions_come_from_the_noxfile(tmp_path: Path) -> None:
    noxfile = tmp_path / "noxfile.py"
    noxfile.write_text(
        '@nox.session(python="3.13")\ndef unit(session):\n    """Test it.\n\n    More.\n    """\n\n'
        'def helper():\n    """No."""\n',
        encoding="utf-8",
    )
    assert list(sessions(noxfile)) == [("`./nox -s unit`", "Test it.")]


def test_families_add_up() -> None:
    last = fixers(load_controls().values()).splitlines()[-1]
    *parts, whole = [int(number) for number in re.findall(r"\d+", last)]
    assert sum(parts) == whole == len(load_controls())


def test_every_role_names_the_rollback_first_where_it_says_how_to_undo_it() -> None:
    without = [
        page.parent.name
        for page in docs.ROOT.glob("roles/[!_]*/README.md")
        if "\n## Undo\n\n<!-- docs: undo -->\n" not in page.read_text(encoding="utf-8")
    ]
    assert without == []
