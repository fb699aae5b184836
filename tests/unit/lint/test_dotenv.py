from __future__ import annotations

from pathlib import Path

import pytest

from hullguard.errors import InputError
from hullguard.lint import dotenv


def load(tmp_path: Path, text: str, **environment: str) -> dict[str, str]:
    path = tmp_path / ".env"
    path.write_text(text)
    return dotenv.load(path, environment)


def test_forms(tmp_path: Path) -> None:
    text = """\
# comment
A=one
export B=two  # said beside
C='$A stays'
D="${A} and\\n${OUTER}"
E: five
F=
G="first
second"
BARE
H=a#b
"""
    assert load(tmp_path, text, OUTER="x") == {
        "A": "one", "B": "two", "C": "$A stays", "D": "one and\nx", "E": "five", "F": "", "G": "first\nsecond", "H": "a#b",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["A=1\nno sense here\n", 'A=1\nB="x\n', "A=1\nB='x\ny\n", "A=1\nB=hunter2${\n"]
)
def test_what_is_refused_tells_the_line_and_no_value(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    assert ".env:2: " in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_open_quote_over_many_lines_is_quick(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not closed"):
        load(tmp_path, 'A="\n' + "x\n" * 300_000)
