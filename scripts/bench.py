"""Measure `hullguard audit`, and docker-bench-security beside it, on one engine with many containers.

The engine is a throwaway host's; both tools run as whole processes on this machine and reach it by its
socket, so that neither gains from where it runs. docker-bench-security is run from the checkout that
DOCKER_BENCH_DIR names; without it only ours is measured. Results go to reports/bench.json, and with
--write-docs into the docs as well.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import docker

from lab import LabError, engine, hosts, workload
from lab import say as lab_say

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "reports" / "bench.json"
TABLE = ROOT / "compliance" / "docs" / "performance.md"
HOST = "hullguard-bench"
PEER_TIMEOUT = 900


@dataclass(frozen=True)
class Measure:
    """One tool at one number of running containers; seconds and MiB, medians of `runs` whole processes."""

    tool: str
    containers: int
    runs: int
    seconds: float
    cpu_seconds: float
    peak_mib: float


# A process's peak memory counts from before its exec, when it was still a copy of whoever started it:
# this starter is a bare interpreter of 9 MiB, far below what is measured.
STARTER = """
import json, os, sys, time
began = time.perf_counter()
child = os.fork()
if not child:
    os.execvp(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - began
cpu = usage.ru_utime + usage.ru_stime
print(json.dumps([os.waitstatus_to_exitcode(status), seconds, cpu, usage.ru_maxrss / 1024]), file=sys.stderr)
"""


def one_run(command: list[str], environment: dict[str, str], folder: str) -> tuple[float, float, float]:
    """Run a process to its end: (seconds, CPU seconds with its children's, peak MiB of the largest of them).

    Raises LabError when it fails.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", STARTER, *command],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    code, seconds, cpu, memory = json.loads(done.stderr.splitlines()[-1])
    # Findings give 10 to 13: the tool did its work.
    if code not in (0, 10, 11, 12, 13):
        raise LabError(f"{command[0]} ended with {code}: {done.stderr[-600:]}")
    return seconds, cpu, memory


def measure(
    tool: str, command: list[str], containers: int, runs: int, environment: dict[str, str], folder: str
) -> Measure:
    """Return the medians of several runs."""
    rows = [one_run(command, environment, folder) for _ in range(runs)]
    seconds, cpu, memory = (statistics.median(column) for column in zip(*rows, strict=True))
    lab_say(f"{tool}: {containers} containers: {seconds:.3f} s, {cpu:.3f} s CPU, {memory:.0f} MiB")
    return Measure(tool, containers, runs, round(seconds, 4), round(cpu, 4), round(memory, 1))


@contextmanager
def host_socket(client: docker.DockerClient) -> Iterator[tuple[str, docker.DockerClient, str]]:
    """Start the bench's host; give its engine's socket as seen from here, a client of it, and the image."""
    host, _ = hosts.up(client, HOST, "debian-13")
    try:
        image = workload.ensure(client)
        workload.load(client, host, image)
        host.reload()
        socket = f"unix:///proc/{host.attrs['State']['Pid']}/root/run/docker.sock"
        yield socket, docker.DockerClient(base_url=socket, timeout=120), image
    finally:
        hosts.remove(host)


def fill(inner: docker.DockerClient, image: str, wanted: int) -> None:
    """Start ordinary containers until `wanted` run."""
    running = len(inner.containers.list())

    def start(number: int) -> None:
        inner.containers.run(
            image,
            ["sleep", "86400"],
            name=f"load-{number:03}",
            detach=True,
            mem_limit="32m",
            environment={"MODE": "bench"},
        )

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(start, range(running, wanted)))
    lab_say(f"{len(inner.containers.list())} containers run")


def table(document: dict[str, object], rows: list[Measure]) -> str:
    """Return the results as a Markdown page."""
    ours = {row.containers: row for row in rows if row.tool == "hullguard"}
    peer = {row.containers: row for row in rows if row.tool == "docker-bench-security"}
    lines = [
        "# How fast",
        "",
        f"Measured on {document['measured_at']} with `./nox -s bench`: {document['machine']},",
        f"engine {document['engine']}, Python {document['python']}.",
        f"Whole processes, medians of {document['runs']} runs, JSON output, 118 controls.",
        "",
        "| running containers | hullguard audit | CPU | peak memory | docker-bench-security | times faster |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    for count, row in sorted(ours.items()):
        other = peer.get(count)
        theirs, factor = (
            (f"{other.seconds:.1f} s", f"{other.seconds / row.seconds:.0f}") if other else ("not run", "")
        )
        lines.append(
            f"| {count} | {row.seconds:.2f} s | {row.cpu_seconds:.2f} s | {row.peak_mib:.0f} MiB "
            f"| {theirs} | {factor} |"
        )
    lines += ["", f"Each further container costs {document['cpu_ms_per_container']} ms of CPU.", ""]
    return "\n".join(lines)


def main() -> int:
    """Measure, write the results, and return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--counts", default="1,10,50,100", help="numbers of running containers, ascending")
    parser.add_argument("--runs", type=int, default=5, help="runs of each tool at each number")
    parser.add_argument("--write-docs", action="store_true", help="renew the table in the docs")
    options = parser.parse_args()
    counts = sorted(int(word) for word in options.counts.split(","))
    peer = os.environ.get("DOCKER_BENCH_DIR")
    if peer and not (Path(peer) / "docker-bench-security.sh").is_file():
        raise LabError(f"DOCKER_BENCH_DIR={peer}: no docker-bench-security.sh there")
    if not peer:
        lab_say("DOCKER_BENCH_DIR is not set: docker-bench-security is NOT measured, only ours")
    rows: list[Measure] = []
    with host_socket(engine.ensure()) as (socket, inner, image), tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "DOCKER_HOST": socket}
        # Where modules may not be cached, every run would compile them again: that is no user's machine.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        if peer:
            shutil.copytree(peer, Path(folder, "peer"), ignore=shutil.ignore_patterns(".git", "log"))
        for count in counts:
            fill(inner, image, count)
            ours = [sys.executable, "-m", "hullguard", "audit", "--format", "json"]
            rows.append(measure("hullguard", ours, count, options.runs, environment, folder))
            if peer:
                theirs = ["timeout", str(PEER_TIMEOUT), "bash", "docker-bench-security.sh", "-b"]
                where = str(Path(folder, "peer"))
                rows.append(measure("docker-bench-security", theirs, count, options.runs, environment, where))
        version = inner.version()["Version"]
    mine = [row for row in rows if row.tool == "hullguard"]
    span = mine[-1].containers - mine[0].containers
    document = {
        "measured_at": time.strftime("%Y-%m-%d", time.gmtime()),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release().split('-')[0]}",
        "engine": version,
        "python": platform.python_version(),
        "runs": options.runs,
        "cpu_ms_per_container": round(1000 * (mine[-1].cpu_seconds - mine[0].cpu_seconds) / span, 2)
        if span
        else None,
        "rows": [asdict(row) for row in rows],
    }
    RESULTS.parent.mkdir(mode=0o700, exist_ok=True)
    RESULTS.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    page = table(document, rows)
    print(page)
    if options.write_docs:
        TABLE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (LabError, docker.errors.DockerException) as problem:
        lab_say(f"error: {problem}")
        sys.exit(1)
