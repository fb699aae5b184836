"""Run a foreign tool: in an empty folder, with a time limit, with no more output than we can hold."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hullguard.scanners.base import Job, Ran, Rubbish

# A report of a large image has some megabytes; more than this is a tool that has gone wild.
LARGEST_BYTES = 256 << 20
# Of what it says beside, the end is worth keeping.
SAID_BYTES = 16 << 10
# Nothing of these reaches a tool: they would change what it reports.
DROPPED = ("TRIVY_", "GRYPE_", "SYFT_", "HADOLINT_", "GITLEAKS_", "CKV_", "CHECKOV_", "COSIGN_", "PYTHON")


@contextmanager
def empty_folder() -> Iterator[Path]:
    """Yield a private folder (mode 0700) that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="hullguard-") as folder:
        yield Path(folder)


def environment(extra: Mapping[str, str], home: Path) -> dict[str, str]:
    """Return what a tool sees: ours without what configures it, and a home with no settings in it."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(DROPPED)}
    return {**kept, "LC_ALL": "C.UTF-8", "HOME": str(home), "XDG_CONFIG_HOME": str(home), **extra}


_running: set[subprocess.Popen[bytes]] = set()


def stop_all() -> None:
    """Kill every tool that runs, with all that it started: what waits for them then goes on."""
    for process in list(_running):
        _kill(process)


def run(job: Job, folder: Path, timeout: float, largest: int = LARGEST_BYTES) -> Ran:
    """Run a job in a folder and return its answer. `timeout` is in seconds.

    Raises Rubbish when it can't be started, takes too long, answers with more than `largest` bytes or with
    nothing, or ends with a code that is not good.
    """
    out, err = folder / ".stdout", folder / ".stderr"
    work = folder / "work"
    work.mkdir()
    with out.open("wb") as stdout, err.open("wb") as stderr:
        try:
            process = subprocess.Popen(
                job.argv,
                cwd=work,
                env=environment(job.environment, folder),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )
        except OSError as error:
            raise Rubbish(f"could not be started: {error.strerror or error}") from None
        files = [out, err, *([job.answer] if job.answer else [])]
        reason = _watch(process, files, timeout, largest)
    said = _tail(err) or (_tail(out) if job.answer else "")
    if reason:
        raise Rubbish(reason)
    if process.returncode not in job.good:
        raise Rubbish(f"ended with code {process.returncode}: {_last_line(said or _tail(out))}")
    answer = job.answer or out
    if not answer.is_file():
        raise Rubbish(f"wrote no answer (code {process.returncode}): {_last_line(said)}")
    data = answer.read_bytes()
    if not data.strip() and not job.may_be_empty:
        raise Rubbish(f"answered with nothing (code {process.returncode}): {_last_line(said)}")
    return Ran(data, process.returncode, said)


def _watch(process: subprocess.Popen[bytes], files: list[Path], timeout: float, largest: int) -> str:
    """Wait for the end; kill the tool with all that it started when it takes too long or writes too much.
    Return why, or "".
    """
    why: list[str] = []

    def stop(reason: str) -> None:
        why.append(reason)
        _kill(process)

    timer = threading.Timer(timeout, stop, [f"did not end within {timeout:g} s"])
    timer.start()
    _running.add(process)
    try:
        while True:
            try:
                process.wait(0.2)
                break
            except subprocess.TimeoutExpired:
                if not why and any(_size(path) > largest for path in files):
                    stop(f"wrote more than {largest >> 20} MB")
    except BaseException:
        _kill(process)
        raise
    finally:
        timer.cancel()
        _kill(process)  # what it left running
        _running.discard(process)
    if not why and any(_size(path) > largest for path in files):
        why.append(f"wrote more than {largest >> 20} MB")
    return why[0] if why else ""


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _tail(path: Path) -> str:
    with path.open("rb") as handle:
        handle.seek(max(0, _size(path) - SAID_BYTES))
        return handle.read(SAID_BYTES).decode("utf-8", "replace").strip()


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"
