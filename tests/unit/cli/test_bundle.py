from __future__ import annotations

import json
from pathlib import Path

import pytest
from unit.cli.conftest import Run
from unit.test_bundle import REPORT, repack


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "report.json").write_text(json.dumps(REPORT))
    (tmp_path / "run" / "syft.out").write_text("raw")
    return tmp_path / "run"


@pytest.fixture
def bundle(folder: Path, run: Run) -> Path:
    path = folder.parent / "b.tar.gz"
    assert run("bundle", folder, "-o", path).code == 0
    return path


def test_make_and_verify(run: Run, folder: Path, bundle: Path) -> None:
    done = run("bundle", "verify", bundle)
    assert done.code == 0
    assert f"{bundle}: intact: 2 files, packed by hullguard" in done.out
    assert "report of 2026-11-24T12:00:00Z, cis_docker_1_8_0, 1 hosts" in done.out
    assert "not signed" in done.out


def test_make_is_the_command_that_may_be_left_out(run: Run, folder: Path, bundle: Path) -> None:
    for arguments in (["make", folder, "-o", bundle], ["-o", bundle, folder], ["--output", bundle, folder]):
        done = run("bundle", *arguments)
        assert done.code == 0
        assert done.out == ""
        assert "2 files, not signed" in done.err


def test_what_was_left_out_is_said_by_both(run: Run, folder: Path, bundle: Path) -> None:
    done = run("bundle", folder, "-o", bundle, "--leave-out", "*.out")
    assert "left out: syft.out" in done.err
    assert "left out when it was packed: syft.out" in run("bundle", "verify", bundle).out


def test_a_bundle_that_is_not_intact_is_exit_code_1(run: Run, bundle: Path) -> None:
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"x")
    done = run("bundle", "verify", bundle)
    assert (done.code, done.out) == (1, "")
    assert f"{bundle}: NOT intact" in done.err
    repack(bundle, {"\x1b[2J": b""})
    assert "\x1b" not in run("bundle", "verify", bundle).err


def test_a_secret_is_exit_code_1(run: Run, folder: Path) -> None:
    (folder / "syft.out").write_text("DB_PASSWORD=hunter2")
    done = run("bundle", folder, "-o", folder.parent / "b.tar.gz")
    assert (done.code, done.out) == (1, "")
    assert "syft.out: line 1: a secret by its name" in done.err
    assert "--leave-out PATTERN" in done.err
    assert "hunter2" not in done.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage"),
        (["make"], "Missing argument"),
        (["verify"], "Missing argument"),
        (["verify", "/nonexistent.tar.gz"], "/nonexistent.tar.gz: there is no such file"),
        (["/nonexistent", "-o", "x.tar.gz"], "/nonexistent: there is no such folder"),
        (["/tmp"], "Missing option"),
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: list[str], message: str) -> None:
    done = run("bundle", *arguments)
    assert done.code == 2
    assert message in done.err + done.out
