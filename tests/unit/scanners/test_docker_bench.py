"""docker-bench-security's answers, as it wrote them on a host with containers and on one where none ran. Its own titles
are replaced: they are the benchmark's.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hullguard.errors import InputError
from hullguard.scanners import tools
from hullguard.scanners.base import HOST, Ran, Rubbish, Settings, Target, Tool
from hullguard.scanners.docker_bench import SCANNER, DockerBench, checks, slugs
from hullguard.scanners.finding import Finding

FIXTURES = Path(__file__).parent / "fixtures"
RUNNING = (FIXTURES / "docker_bench_running.json").read_bytes()
IDLE = (FIXTURES / "docker_bench_idle.json").read_bytes()
TOOL = Tool("docker-bench", Path("/bin/bash"), "1.6.0")
TARGET = Target(HOST, "web-1")
Document = dict[str, Any]


def translated(answer: bytes) -> list[Finding]:
    return list(SCANNER.translate(Ran(answer, 0, ""), TARGET, TOOL))


def changed(change: Callable[[Document], object], source: bytes = RUNNING) -> bytes:
    document = json.loads(source)
    change(document)
    return json.dumps(document).encode()


def row(document: Document, number: str) -> Document:
    rows = (row for section in document["tests"] for row in section["results"])
    found: Document = next(row for row in rows if row["id"] == number)
    return found


def test_warnings_are_findings_by_our_controls() -> None:
    found = {(f.id, f.object.kind, f.object.name): f for f in translated(RUNNING)}
    one = found["2.9", "host", ""]
    assert one.control == "userns_remap"
    assert (one.severity, one.tool_severity) == ("high", "WARN")
    assert one.title == "Map container root to an unprivileged host user"
    assert one.fix
    assert found["5.22", "container", "web-1"].control == "seccomp"
    assert ("5.22", "container", "web-2") in found
    assert found["4.6", "image", "registry.example/app:3"].control == "image_healthcheck"


def test_its_other_words_are_no_findings() -> None:
    warned = {number for number, check in checks(RUNNING).items() if check.result == "WARN"}
    assert {finding.id for finding in translated(RUNNING)} == warned
    assert len(warned) == 34


def test_nothing_to_warn_of_is_nothing_found() -> None:
    def content(document: Document) -> None:
        for section in document["tests"]:
            for one in section["results"]:
                one["result"] = "PASS"

    assert translated(changed(content)) == []


def test_without_a_running_container_section_5_is_left_out() -> None:
    assert len(checks(IDLE)) == 86
    assert {f.id for f in translated(IDLE) if f.id.startswith("5.")} == set()


def test_every_number_is_one_of_our_controls() -> None:
    assert set(checks(RUNNING)) == set(slugs())


def test_a_container_is_named_once_with_all_that_is_wrong() -> None:
    def ports(document: Document) -> None:
        row(document, "5.8").update(result="WARN", items=["web-1:80", "web-1:443", "db:22"])

    found = [f.object for f in translated(changed(ports)) if f.id == "5.8"]
    assert [(thing.name, thing.detail) for thing in found] == [("db", "22"), ("web-1", "80, 443")]


def test_the_file_at_fault_is_told() -> None:
    def file(document: Document) -> None:
        row(document, "3.1").update(result="WARN", details="Wrong ownership for /etc/x\x1b[2J")

    found = next(f for f in translated(changed(file)) if f.id == "3.1")
    assert found.object.detail == "Wrong ownership for /etc/x\\x1b[2J"


def lacks(number: str) -> Callable[[Document], object]:
    def change(document: Document) -> None:
        for section in document["tests"]:
            section["results"] = [one for one in section["results"] if one["id"] != number]

    return change


RUBBISH: dict[str, tuple[bytes, str]] = {
    "cut": (RUNNING[:5000], "cut or broken"),
    "text": (b"Error connecting to docker daemon (does docker ps work?)", "cut or broken"),
    "list": (b"[]", "version None"),
    "empty": (b"{}", "version None"),
    "other version": (changed(lambda d: d.update(dockerbenchsecurity="1.7.0")), "only 1.6.0 is known"),
    "no end": (changed(lambda d: d.pop("end")), "it was stopped"),
    "no tests": (changed(lambda d: d.pop("tests")), "has no tests"),
    "no section": (changed(lambda d: d["tests"].pop(2)), "lacks section 3"),
    "no check": (changed(lacks("2.9")), "lacks 1 checks: 2.9"),
    "half of section 5": (changed(lacks("5.4")), "lacks 1 checks: 5.4"),
    "twice": (changed(lambda d: d["tests"][0]["results"].append(d["tests"][0]["results"][0])), "1.1.1 twice"),
    "other word": (changed(lambda d: row(d, "2.9").update(result="MAYBE")), "says 'MAYBE' of '2.9'"),
}


@pytest.mark.parametrize("name", RUBBISH)
def test_rubbish_is_never_nothing_found(name: str) -> None:
    answer, message = RUBBISH[name]
    with pytest.raises(Rubbish, match=message):
        translated(answer)


@pytest.mark.parametrize(
    "answer",
    [changed(lambda d: row(d, "2.9").pop("result")), changed(lambda d: d["tests"][0].pop("results")), changed(lambda d: d.update(tests=[1]))],
)  # fmt: skip
def test_another_form_is_no_answer(answer: bytes) -> None:
    with pytest.raises((KeyError, TypeError)):
        translated(answer)


# --- where it is


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its form that says what it is called with."""
    folder = tmp_path / "dbs"
    for part in ("functions", "tests"):
        (folder / part).mkdir(parents=True)
    script = folder / "docker-bench-security.sh"
    script.write_text("#!/bin/bash\nversion='1.6.0'\nmkdir log\necho \"$@\" > log/called\n")
    monkeypatch.setenv("DOCKER_BENCH_DIR", str(folder))
    return folder


def test_its_version_is_read_without_running_it(checkout: Path) -> None:
    tool = tools.find(SCANNER)
    assert tool is not None
    assert (tool.path.name, tool.version) == ("bash", "1.6.0")
    assert not (checkout / "log").exists()


def test_the_given_folder_comes_first(checkout: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--path .*no docker-bench-security\.sh, no functions"):
        DockerBench(tmp_path / "none").locate()
    assert DockerBench(checkout).checkout() == checkout


def test_a_folder_that_is_none_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_BENCH_DIR", str(tmp_path))
    with pytest.raises(InputError, match=f"DOCKER_BENCH_DIR={tmp_path}"):
        SCANNER.locate()


def test_it_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DOCKER_BENCH_DIR", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    assert tools.find(SCANNER) is None


def test_a_version_that_is_none(checkout: Path) -> None:
    (checkout / "docker-bench-security.sh").write_text("version=$(rm -rf /)\n")
    with pytest.raises(Rubbish, match="told no version"):
        tools.find(SCANNER)


def test_without_root_it_is_not_run(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(Rubbish, match="needs root"):
        SCANNER.job(TOOL, TARGET, tmp_path, Settings())


def test_a_copy_is_run(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    monkeypatch.setattr("os.geteuid", lambda: 0)
    folder = tmp_path / "work; touch x"
    folder.mkdir()
    job = SCANNER.job(TOOL, TARGET, folder, Settings())
    subprocess.run(job.argv, check=True, cwd=tmp_path)
    assert (folder / "bench" / "log" / "called").read_text() == f"-b -l {folder}/log\n"
    assert job.answer == folder / "log.json"
    assert not (checkout / "log").exists()
    assert not (tmp_path / "x").exists()
