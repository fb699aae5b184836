"""What is brought to a host works there with Python alone."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from hullguard.prove.battery import PROBES
from lab import LabError, carry


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("host")
    with tarfile.open(fileobj=io.BytesIO(carry.archive()), mode="r:gz") as tar:
        assert {(entry.uid, entry.gid) for entry in tar} == {(0, 0)}
        tar.extractall(folder, filter="data")
    return folder / carry.HOME.lstrip("/")


def test_the_command_needs_nothing_but_python(unpacked: Path) -> None:
    """Without site-packages, as a host has none of ours."""
    code = f"import sys; sys.path.insert(0, {str(unpacked / 'lib')!r})\n"
    code += "from hullguard.cli import main; main(prog_name='hullguard')"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code, "prove", "--list", "--only", "docker_trust", "--format", "json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    listed = {row["id"] for row in json.loads(done.stdout)}
    assert "policy_unsigned_image" in listed
    assert listed < {one.id for one in PROBES}


def test_nothing_of_this_interpreter_is_in_it(unpacked: Path) -> None:
    names = [path.name for path in unpacked.rglob("*")]
    assert not [name for name in names if name.endswith((".so", ".pyc")) or name == "__pycache__"]
    assert (unpacked / "hullguard").stat().st_mode & 0o777 == 0o755


def test_a_library_that_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carry, "LIBRARIES", ("no_such_library",))
    with pytest.raises(LabError, match="no_such_library is not installed here"):
        carry.archive()
