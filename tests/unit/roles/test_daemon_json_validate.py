"""Whether a new daemon.json may take the place of the present one: not when somebody else has changed that meanwhile."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "roles/_daemon_json/files/validate.sh"


def validate(new: Path, present: Path, digest: str, *validator: str) -> subprocess.CompletedProcess[str]:
    """Call it as the role does: as text."""
    command = ["sh", "-c", SCRIPT.read_text(encoding="utf-8"), "validate", str(new), str(present), digest]
    return subprocess.run([*command, *(validator or [""])], capture_output=True, text=True, check=False)


@pytest.fixture
def new(tmp_path: Path) -> Path:
    path = tmp_path / "new.json"
    path.write_text("{}", encoding="utf-8")
    return path


def test_what_is_as_it_was_read_may_be_replaced(new: Path, tmp_path: Path) -> None:
    present = tmp_path / "daemon.json"
    present.write_bytes(b'{"debug": true}\n\n')
    done = validate(new, present, hashlib.sha256(present.read_bytes()).hexdigest())
    assert (done.returncode, done.stderr) == (0, "")


def test_somebody_elses_change_stays(new: Path, tmp_path: Path) -> None:
    present = tmp_path / "daemon.json"
    present.write_text('{"debug": true}', encoding="utf-8")
    done = validate(new, present, hashlib.sha256(b'{"debug": false}').hexdigest())
    assert done.returncode == 1
    assert str(present) in done.stderr
    assert "somebody else has changed it" in done.stderr
    assert "Run this again" in done.stderr


def test_where_there_was_none_there_may_be_none(new: Path, tmp_path: Path) -> None:
    present = tmp_path / "daemon.json"
    assert validate(new, present, "").returncode == 0
    present.write_text("", encoding="utf-8")
    assert validate(new, present, "").returncode == 1


def test_one_that_was_removed_is_not_made_anew(new: Path, tmp_path: Path) -> None:
    assert validate(new, tmp_path / "daemon.json", hashlib.sha256(b"{}").hexdigest()).returncode == 1


def test_the_engine_has_the_last_word(new: Path, tmp_path: Path) -> None:
    assert validate(new, tmp_path / "daemon.json", "", "false").returncode == 1
    done = validate(new, tmp_path / "daemon.json", "", "echo")
    assert done.stdout == f"--validate --config-file={new}\n"
