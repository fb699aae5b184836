from __future__ import annotations

import os
from pathlib import Path
from typing import TextIO

import pytest

from hullguard.cli.output import emit, note
from hullguard.errors import HullguardError


def test_a_file_is_replaced_only_when_it_is_complete(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("before")

    def broken(stream: TextIO) -> None:
        stream.write("half")
        raise ValueError("broken off")

    with pytest.raises(ValueError, match="broken off"):
        emit(broken, path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_text("before")

    def full(_stream: TextIO) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(HullguardError, match=r"No space left on device\. What was there before is untouched"):
        emit(full, path)
    assert path.read_text() == "before"


def test_a_wide_mode_is_tightened(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.touch(0o666)
    emit(lambda stream: stream.write("x") and None, path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("kept")
    (tmp_path / "report").symlink_to(tmp_path / "target")
    emit(lambda stream: stream.write("x") and None, tmp_path / "report")
    assert (tmp_path / "target").read_text() == "kept"
    assert not (tmp_path / "report").is_symlink()


def test_notes_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    note("\x1b[2Jx\ny")
    assert capsys.readouterr().err == "hullguard: \\x1b[2Jx\\ny\n"
    assert os.linesep
