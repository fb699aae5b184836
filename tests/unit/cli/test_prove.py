"""`hullguard prove` without a host to attack: lists, saved results, wrong usage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from unit.cli.conftest import Run
from unit.prove.support import report, run_on

from hullguard.prove.battery import PROBES


def kept(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return kept(
        tmp_path, "prove.json", run_on(choose=lambda name: "succeeded" if name == "keyrings" else "blocked")
    )


@pytest.fixture
def audited(tmp_path: Path) -> Path:
    return kept(tmp_path, "audit.json", report())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--host", "tcp://10.0.0.1:2375"], 2, "prove runs on the engine's machine"),
        (
            ["--host", "unix:///nonexistent/docker.sock"],
            1,
            "No Docker engine answers on /nonexistent/docker.sock",
        ),
        (["--clean", "--host", "unix:///nonexistent/docker.sock"], 1, "No Docker engine answers"),
        (["--only", "userns_remp"], 2, "Did you mean"),
        (["--only", "fork_bomb"], 2, "say --include-heavy as well"),
        (["--from", "/nonexistent.json"], 2, "no such file"),
        (["--list", "--format", "html"], 2, "--list has the formats table and json"),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], code: int, message: str) -> None:
    done = run("prove", *arguments)
    assert (done.code, done.out) == (code, "")
    assert message in done.err


def test_the_battery_is_listed_without_an_engine(run: Run) -> None:
    done = run("prove", "--list", "--format", "json", "--host", "unix:///nonexistent")
    rows = json.loads(done.out)
    assert done.code == 0
    assert [row["id"] for row in rows] == [one.id for one in PROBES]
    assert "fork_bomb (heavy)" in run("prove", "--list", "--only", "resources").out


def test_a_saved_result_is_shown_and_decides_the_exit_code(run: Run, bad: Path) -> None:
    done = run("prove", "--from", bad)
    assert done.code == 11
    assert done.out.index("keyrings") < done.out.index("host_root_write"), "what succeeded comes first"
    assert run("prove", "--from", bad, "--fail-on", "high").code == 0
    assert json.loads(run("prove", "--from", bad, "--format", "json").out) == json.loads(
        bad.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("format_", ["sarif", "junit", "html", "markdown", "csv", "cyclonedx", "oscal"])
def test_other_forms_hold_the_success(run: Run, bad: Path, format_: str) -> None:
    done = run("prove", "--from", bad, "--format", format_)
    assert done.code == 11
    assert "keyrings" in done.out


def test_joined_with_an_audit_a_contradiction_comes_first(run: Run, bad: Path, audited: Path) -> None:
    done = run("prove", "--from", bad, "--report", audited)
    assert done.code == 12
    assert done.out.index("Contradicted by an attack: 1") < done.out.index("docker1 ")
    joined = json.loads(run("prove", "--from", bad, "--report", audited, "--format", "json").out)
    assert joined["findings"][0]["id"] == "contradicted_seccomp_profile_default"


def test_a_waiver_covers_a_contradiction_by_its_control(
    run: Run, bad: Path, audited: Path, tmp_path: Path
) -> None:
    text = (
        "waivers:\n  - {control: seccomp_profile_default, host: docker1, object: docker1, reason: Until the next boot.,"
        " owner: o, approver: a, expires: 2026-12-20}\n"
    )
    (tmp_path / "waivers.yml").write_text(text, encoding="utf-8")
    done = run(
        "prove", "--from", bad, "--report", audited, "--waivers", tmp_path / "waivers.yml", "--format", "json"
    )
    (finding,) = json.loads(done.out)["findings"]
    expired = "expired" in done.err
    assert (finding["waiver"] is not None) is not expired
    assert done.code == (12 if expired else 0)


def test_several_results_need_the_report_that_holds_their_hosts(
    run: Run, tmp_path: Path, audited: Path
) -> None:
    one, two = (kept(tmp_path, f"{name}.json", run_on(name)) for name in ("docker1", "docker2"))
    assert "need --report" in run("prove", "--from", one, "--from", two).err
    done = run("prove", "--from", one, "--from", two, "--report", audited)
    assert done.code == 2
    assert "docker2, of which the report says nothing" in done.err


def test_unknown_counts_under_strict(run: Run, tmp_path: Path) -> None:
    path = kept(
        tmp_path, "prove.json", run_on(choose=lambda name: "unknown" if name == "metadata" else "blocked")
    )
    assert run("prove", "--from", path).code == 0
    assert run("prove", "--from", path, "--strict").code == 10


def test_the_result_is_for_its_owner_only(run: Run, bad: Path, tmp_path: Path) -> None:
    run("prove", "--from", bad, "--format", "json", "--output", tmp_path / "out.json")
    assert (tmp_path / "out.json").stat().st_mode & 0o777 == 0o600
