"""Run the scanners side by side and put together what they say."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hullguard.scanners import cache, process, tools
from hullguard.scanners.base import Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import Finding, fingerprinted, to_json

RAN, NOT_RUN, UNKNOWN = "ran", "not_run", "unknown"
# What a tool's answer may break on when it is of another form than its documentation says.
_BROKEN = (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError)


@dataclass(frozen=True, slots=True)
class Scan:
    """One tool on one target: whether it ran, and if not, why. To find nothing means something for `ran`
    only.
    """

    tool: str
    target: Target
    status: str
    version: str = ""
    reason: str = ""
    get: str = ""
    cached: bool = False
    # Verdicts that it could not give.
    unseen: int = 0
    findings: tuple[Finding, ...] = ()
    raw: bytes = field(default=b"", repr=False)


WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
Progress = Callable[[Scan, int, int], None]


def available(scanners: Sequence[Scanner], *, cached: bool) -> dict[str, Tool | Scan | None]:
    """Return {name: the tool; None when it is not here; a `Scan` that says why it can't be used}."""
    with ThreadPoolExecutor(max_workers=max(1, len(scanners))) as pool:
        found = pool.map(lambda scanner: _available(scanner, cached=cached), scanners)
        return dict(zip((scanner.name for scanner in scanners), found, strict=True))


def _available(scanner: Scanner, *, cached: bool) -> Tool | Scan | None:
    try:
        return tools.find(scanner, cached=cached)
    except (Rubbish, *_BROKEN) as error:
        return Scan(scanner.name, Target("", ""), UNKNOWN, reason=f"its version is unknown: {error}")


def one(
    scanner: Scanner, tool: Tool | Scan | None, target: Target, settings: Settings, *, cached: bool = True
) -> Scan:
    """Return what one tool says of one target; nothing that the tool does raises."""
    if tool is None:
        return Scan(scanner.name, target, NOT_RUN, reason=f"{scanner.program} is not here", get=scanner.get)
    if isinstance(tool, Scan):
        return Scan(scanner.name, target, UNKNOWN, reason=tool.reason)
    version = tool.version
    try:
        name = cache.key(tool, scanner.database(tool, settings), target) if cached else ""
        if known := cache.read(name):
            return Scan(
                scanner.name, target, RAN, version, cached=True, findings=tuple(known[0]), raw=known[1]
            )
        with process.empty_folder() as folder:
            job = scanner.job(tool, target, folder, settings)
            ran = process.run(job, folder, settings.timeout)
            found = fingerprinted(scanner.translate(ran, target, tool))
            raw = scanner.kept(ran)
    except Rubbish as error:
        return Scan(scanner.name, target, UNKNOWN, version, reason=str(error))
    except OSError as error:
        reason = f"{error.filename or 'input/output'}: {error.strerror or error}"
        return Scan(scanner.name, target, UNKNOWN, version, reason=reason)
    except _BROKEN as error:
        reason = f"its answer has another form than Hullguard knows ({type(error).__name__}: {error})"
        return Scan(scanner.name, target, UNKNOWN, version, reason=reason[:300])
    cache.write(name, found, raw)
    return Scan(scanner.name, target, RAN, version, findings=tuple(found), raw=raw)


def every(
    scanners: Sequence[Scanner],
    targets: Sequence[Target],
    settings: Settings,
    *,
    cached: bool = True,
    progress: Progress = lambda _scan, _done, _all: None,
    keep: Callable[[Scan], Scan] = lambda scan: scan,
) -> list[Scan]:
    """Return every scanner's word on every target, sorted. All scanners of one target run side by side; the
    next target begins when a place is free, so that memory does not grow with their number.

    `keep` gets each scan as it ends, and returns what is kept of it.
    """
    here = available(scanners, cached=cached)
    jobs = [(scanner, target) for target in targets for scanner in scanners]
    found: list[Scan] = []
    with ThreadPoolExecutor(max_workers=max(1, len(scanners))) as pool:
        futures: list[Future[Scan]] = [
            pool.submit(_kept, keep, scanner, here[scanner.name], target, settings, cached)
            for scanner, target in jobs
        ]
        try:
            for done, future in enumerate(as_completed(futures), 1):
                found.append(future.result())
                progress(found[-1], done, len(futures))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            # One that starts just now is caught by the next round.
            while not all(future.done() for future in futures):
                process.stop_all()
                time.sleep(0.1)
            raise
    return sorted(found, key=lambda scan: (scan.target.kind, scan.target.name, scan.tool))


def _kept(
    keep: Callable[[Scan], Scan],
    scanner: Scanner,
    tool: Tool | Scan | None,
    target: Target,
    settings: Settings,
    cached: bool,
) -> Scan:
    return keep(one(scanner, tool, target, settings, cached=cached))


def raw_name(scan: Scan) -> str:
    """Return the name of the file for a scan's raw output: tool and target, and no way out of its folder."""
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", scan.target.name).strip("-.")[-60:] or "target"
    told_apart = hashlib.sha256(f"{scan.target.kind}\0{scan.target.name}".encode()).hexdigest()[:8]
    return f"{scan.tool}-{words}-{told_apart}.out"


def keeper(folder: Path | None) -> Callable[[Scan], Scan]:
    """Return what keeps a scan's raw output in a folder (files of mode 0600) and frees its memory."""

    def keep(scan: Scan) -> Scan:
        if folder is not None and scan.raw:
            handle = os.open(
                folder / raw_name(scan), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600
            )
            with os.fdopen(handle, "wb") as stream:
                stream.write(scan.raw)
        return replace(scan, raw=b"")

    return keep


def rows(scans: Iterable[Scan], *, raw: bool) -> list[dict[str, Any]]:
    """Return the scans as they stand in a report; `raw`: with the names of the files that hold raw output."""
    return [
        {
            "tool": scan.tool,
            "version": scan.version,
            "target": {"kind": scan.target.kind, "name": scan.target.name, "digest": scan.target.digest},
            "status": scan.status,
            "reason": scan.reason,
            "get": scan.get,
            "cached": scan.cached,
            "findings": len(scan.findings),
            "unseen": scan.unseen,
            "raw": raw_name(scan) if raw and scan.status == RAN else "",
        }
        for scan in scans
    ]


def findings(scans: Iterable[Scan]) -> list[dict[str, Any]]:
    """Return all findings as they stand in a report, worst first."""
    return [to_json(finding) for finding in fingerprinted(f for scan in scans for f in scan.findings)]
