from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from unit.cli.conftest import Run

FIXTURES = Path(__file__).parent.parent / "scanners" / "fixtures"
EVIDENCE = Path(__file__).parent.parent / "fixtures" / "debian12.json"
LOG = FIXTURES / "docker_bench_running.json"


def rows(out: str) -> dict[str, Any]:
    return {row["id"]: row for row in json.loads(out)["rows"]}


def test_its_words_by_our_controls(run: Run) -> None:
    done = run("bench", "--log", LOG, "--format", "json")
    assert done.code == 0
    found = rows(done.out)
    assert len(found) == 117
    row = found["default_ulimits"]
    assert (row["number"], row["number_1_8_0"], row["docker_bench"]) == ("2.8", "2.9", "INFO")
    assert row["hullguard"] == ""
    assert json.loads(done.out)["host"] is None


def test_both_side_by_side(run: Run) -> None:
    done = run("bench", "--compare", "--log", LOG, "-e", EVIDENCE, "--format", "json")
    document = json.loads(done.out)
    found = rows(done.out)
    assert document["schema"] == "hullguard/bench/1"
    assert document["host"]
    assert found["userns_remap"]["agreement"] == "same"
    assert found["experimental"]["agreement"] == "known"
    assert "engine still reports it" in found["experimental"]["why"]
    # The two are of different hosts, so they differ where nobody knows why.
    assert "unexplained" in {row["agreement"] for row in found.values()}
    assert done.code == 10


def test_a_host_without_a_riddle_is_exit_code_0(run: Run, tmp_path: Path) -> None:
    document = json.loads(LOG.read_text())
    done = run("bench", "--compare", "--log", LOG, "-e", EVIDENCE, "--format", "json")
    riddles = {
        r["number"]: r["hullguard"] for r in json.loads(done.out)["rows"] if r["agreement"] == "unexplained"
    }
    words = {"fail": "WARN", "pass": "PASS", "not_applicable": "PASS", "manual": "NOTE"}
    for section in document["tests"]:
        for row in section["results"]:
            if row["id"] in riddles:
                row["result"] = words[riddles[row["id"]]]
    (tmp_path / "log.json").write_text(json.dumps(document))
    done = run("bench", "--compare", "--log", tmp_path / "log.json", "-e", EVIDENCE)
    assert done.code == 0
    assert "0 unexplained" in done.out
    assert "userns_remap" not in done.out
    done = run("bench", "--compare", "--log", tmp_path / "log.json", "-e", EVIDENCE, "--all")
    assert "userns_remap" in done.out


def test_the_table_shows_what_differs(run: Run) -> None:
    done = run("bench", "--compare", "--log", LOG, "-e", EVIDENCE)
    assert "unexplained: they differ, and nobody knows why yet" in done.out
    assert "default_bridge_unused" in done.out
    assert run("bench", "--log", LOG).out.count("\n") > 117


def test_a_profile_that_leaves_controls_out(run: Run) -> None:
    done = run("bench", "--compare", "--log", LOG, "-e", EVIDENCE, "-p", "cis_level1", "--format", "json")
    assert rows(done.out)["userns_remap"]["agreement"] == "alone"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--evidence", EVIDENCE, "--log", LOG], "--evidence is for --compare"),
        (["--log", LOG, "--path", "/tmp"], "give one of them"),
        (["--path", "/nonexistent"], "no docker-bench-security.sh"),
        (["--log", "/nonexistent.json"], "can't be read"),
        (["--log", EVIDENCE], "no whole JSON log of docker-bench-security"),
        (["--log", LOG, "--compare", "-e", LOG], "no evidence"),
    ],
)
def test_wrong_usage_is_exit_code_2(run: Run, arguments: list[Any], message: str) -> None:
    done = run("bench", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.err


def test_a_tool_that_is_not_here_is_exit_code_1(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_BENCH_DIR", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    done = run("bench")
    assert (done.code, done.out) == (1, "")
    assert "docker-bench-security did not run" in done.err
    assert "named in DOCKER_BENCH_DIR" in done.err


@pytest.mark.skipif(os.geteuid() != 0, reason="without root it is refused before")
def test_a_script_that_prints_nothing_is_exit_code_1(run: Run, tmp_path: Path) -> None:
    for part in ("functions", "tests"):
        (tmp_path / part).mkdir()
    (tmp_path / "docker-bench-security.sh").write_text("#!/bin/bash\nversion='1.6.0'\nexit 0\n")
    done = run("bench", "--path", tmp_path)
    assert (done.code, done.out) == (1, "")
    assert "wrote no answer" in done.err
