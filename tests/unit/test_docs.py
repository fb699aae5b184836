"""The generated documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import docs
from hullguard.catalogue import load_benchmark, load_controls

PAGES = sorted(
    path
    for pattern in ("*.md", "compliance/**/*.md", "molecule/**/*.md", "roles/**/*.md")
    for path in docs.ROOT.glob(pattern)
)


def test_every_control_has_its_chapter() -> None:
    benchmark = load_benchmark("cis_docker_1_8_0")
    text = docs.guide(benchmark, load_controls(), docs.ROOT)
    for entry in benchmark.entries:
        assert text.count(f"\n### {entry.number} ") == 1
        assert f"\n`{entry.slug}` · " in text


def test_the_same_again() -> None:
    assert docs.documents(docs.ROOT) == docs.documents(docs.ROOT)


def test_stale_files_are_named_and_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = {tmp_path / "sub/a.md": "new\n", tmp_path / "b.md": "fresh\n"}
    (tmp_path / "b.md").write_text("fresh\n", encoding="utf-8")
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(docs, "documents", lambda _: made)

    assert docs.main([]) == 1
    said = capsys.readouterr()
    assert said.out == "stale: sub/a.md\n"
    assert "./nox -s docs -- --write" in said.err
    assert not (tmp_path / "sub/a.md").exists()

    assert docs.main(["--write"]) == 0
    assert (tmp_path / "sub/a.md").read_text(encoding="utf-8") == "new\n"
    capsys.readouterr()

    assert docs.main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_only_what_stands_between_markers_is_replaced() -> None:
    text = "before\n<!-- docs: verdicts -->\nold\n<!-- /docs -->\nafter\n"
    renewed = docs.filled(text, {}, docs.ROOT)
    assert renewed.startswith("before\n<!-- docs: verdicts -->\n| verdict | means |\n")
    assert renewed.endswith("|\n<!-- /docs -->\nafter\n")
    assert "old" not in renewed
    assert docs.filled(renewed, {}, docs.ROOT) == renewed


def test_a_marker_that_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError, match="verdict"):
        docs.filled("<!-- docs: verdict -->\n<!-- /docs -->", {}, docs.ROOT)


def test_sessions_come_from_the_noxfile(tmp_path: Path) -> None:
    noxfile = tmp_path / "noxfile.py"
    noxfile.write_text(
        '@nox.session(python="3.13")\ndef unit(session):\n    """Test it.\n\n    More.\n    """\n\n'
        'def helper():\n    """No."""\n',
        encoding="utf-8",
    )
    assert list(docs.sessions(noxfile)) == [("`./nox -s unit`", "Test it.")]


def test_families_add_up() -> None:
    last = docs.fixers(load_controls().values()).splitlines()[-1]
    *parts, whole = [int(number) for number in re.findall(r"\d+", last)]
    assert sum(parts) == whole == len(load_controls())


def test_wrapping_makes_no_lists_or_headings() -> None:
    text = "word " * 22 + "- no item of a list"
    assert docs.paragraph(text) == text
    assert (
        docs.prose("one\ntwo\n\n    # a command   as it is\n\nthree")
        == "one two\n\n    # a command   as it is\n\nthree"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(docs.ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", re.sub(r"`[^`\n]*`", "", text))
    assert [link for link in links if not (page.parent / link).exists()] == []
