"""Runs the command line in this process, as its entry point does: exit code, standard output and error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from hullguard.cli import main


class Done(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def started(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["hullguard", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        out, err = capsys.readouterr()
        code = stopped.value.code
        assert isinstance(code, int)
        assert "Traceback" not in err
        return Done(code, out, err)

    return started
