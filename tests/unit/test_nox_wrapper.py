"""The wrapper finds its own place and a Python that starts, whatever it is called from."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

WRAPPER = Path(__file__).parents[2] / "nox"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in a directory with a space, whose .venv is a stand-in that tells how it was called."""
    root = tmp_path / "a checkout"
    (root / "requirements").mkdir(parents=True)
    (root / "requirements" / "nox.txt").write_text("")
    shutil.copy(WRAPPER, root / "nox")
    return root


def run(command: Path, *arguments: str, cwd: Path, path: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path, "HOME": str(home), "PYENV_ROOT": str(home / "none")}
    return subprocess.run(
        [command, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )


def script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with one Python that starts, and a newer one that does not."""
    tools = tmp_path / "tools"
    tools.mkdir()
    minor = sys.version_info.minor
    # A `venv` that makes a stand-in instead of a real environment: fast, and no network.
    script(
        tools / f"python3.{minor}",
        f"""
if [ "$1" = -m ] && [ "$2" = venv ]; then
  mkdir -p "$3/bin"
  printf '%s\\n' '#!/bin/sh' 'echo "$@"' >"$3/bin/python"
  chmod +x "$3/bin/python"
else
  exec {sys.executable} "$@"
fi""",
    )
    script(tools / "python3.15", "echo 'not installed' >&2; exit 127")
    return tools


def test_it_works_from_anywhere_through_a_link_and_with_spaces(
    checkout: Path, tools: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link"
    link.symlink_to(checkout / "nox")
    path = f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin"
    result = run(link, "-s", "two words", cwd=Path("/"), path=path, home=tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1] == f"-m nox --noxfile {checkout}/noxfile.py -s two words"
    assert f"Python 3.{sys.version_info.minor}" in result.stderr


def test_the_environment_is_made_once_and_anew_when_pins_change_or_it_breaks(
    checkout: Path, tools: Path, tmp_path: Path
) -> None:
    def made() -> bool:
        path = f"{tools}{os.pathsep}/usr/bin{os.pathsep}/bin"
        result = run(checkout / "nox", cwd=checkout, path=path, home=tmp_path)
        assert result.returncode == 0, result.stderr
        return "making .venv" in result.stderr

    assert made()
    assert not made()
    (checkout / "requirements" / "nox.txt").write_text("changed\n")
    assert made()
    (checkout / ".venv" / "bin" / "python").unlink()
    assert made()
    (checkout / ".venv" / "nox-ready").unlink()
    assert made()
    assert not made()
