from __future__ import annotations

import os
from pathlib import Path

import pytest

from hullguard.errors import InputError
from hullguard.lint import source


def refused(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        source.read(path, "Dockerfile")
    return str(caught.value)


def test_a_text_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"\xef\xbb\xbfFROM scratch\n")
    assert source.read(path, "Dockerfile") == "FROM scratch\n"


def test_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM a\n\x00\x01")
    assert ":2: holds NUL bytes" in refused(path)
    path.write_bytes(b"FROM a\n\xff\xfe\x80")
    assert "byte 7 is not UTF-8" in refused(path)
    path.write_bytes(b"#" * (1 << 20) + b"#")
    assert "larger than 1 MB" in refused(path)
    path.write_bytes(b"#" * (1 << 20))
    assert len(source.read(path, "Dockerfile")) == 1 << 20


def test_what_is_no_file(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none")
    assert "is a folder" in refused(tmp_path)
    assert "NUL byte" in refused(Path("a\0b"))
    os.mkfifo(tmp_path / "pipe")  # must not wait for a writer
    assert "no regular file" in refused(tmp_path / "pipe")


def test_a_name_with_a_terminal_escape() -> None:
    assert "\x1b" not in refused(Path("/nowhere/\x1b[31m.yml"))
