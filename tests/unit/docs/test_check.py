"""Stale documents are named, renewed, and told from fresh ones."""

from __future__ import annotations

from pathlib import Path

import pytest

import docs
from docs import check
from docs.documents import documents
from hullguard.errors import InputError

Said = pytest.CaptureFixture[str]


def test_the_same_again() -> None:
    assert documents(docs.ROOT) == documents(docs.ROOT)


def test_every_document_for_auditors_is_among_them() -> None:
    made = {path.name for path in documents(docs.ROOT) if path.parent.name == "docs"}
    wanted = {
        "attack-probes",
        "best-practices",
        "cis-docker-benchmark",
        "incident-response",
        "nist-800-190",
        "seccomp-syscalls",
        "security-audit",
        "threat-model",
    }
    assert made == {f"{name}.md" for name in wanted}


def test_stale_files_are_named_and_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said
) -> None:
    made = {tmp_path / "sub/a.md": "new\n", tmp_path / "b.md": "fresh\n"}
    (tmp_path / "b.md").write_text("fresh\n", encoding="utf-8")
    monkeypatch.setattr(docs, "ROOT", tmp_path)
    monkeypatch.setattr(check, "documents", lambda _: made)

    assert check.main([]) == 1
    said = capsys.readouterr()
    assert said.out == "stale: sub/a.md\n"
    assert "./nox -s docs -- --write" in said.err
    assert not (tmp_path / "sub/a.md").exists()

    assert check.main(["--write"]) == 0
    assert (tmp_path / "sub/a.md").read_text(encoding="utf-8") == "new\n"
    capsys.readouterr()

    assert check.main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_data_that_are_wrong_are_told(monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    def wrong(_: Path) -> dict[Path, str]:
        raise InputError("compliance/threats.yml: threats[0].gaps: [] is too short")

    monkeypatch.setattr(check, "documents", wrong)
    assert check.main(["--write"]) == 1
    assert capsys.readouterr().err == "docs: compliance/threats.yml: threats[0].gaps: [] is too short\n"
