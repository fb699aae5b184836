"""docker-bench-security: a second opinion on the host, by the numbers of CIS Docker Benchmark 1.6.0.

It leaves with 0 whatever it found, judges running containers only, and leaves section 5 out when none runs.
Its script works from its own folder and writes into it: a copy is run, so that a checkout stays as it is.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hullguard.catalogue import Control, load_benchmark, load_controls
from hullguard.errors import InputError
from hullguard.reports.sanitize import clean
from hullguard.scanners.base import HOST, Job, Ran, Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import ASSUMED, MISCONFIGURATION, Finding, severity
from hullguard.verdict import Object

VARIABLE = "DOCKER_BENCH_DIR"
SCRIPT = "docker-bench-security.sh"
BENCHMARK, BENCHMARK_VERSION = "cis_docker_1_6_0", "1.6.0"
PASS, WARN, INFO, NOTE = "PASS", "WARN", "INFO", "NOTE"
SECTIONS = ("1", "2", "3", "4", "5", "6", "7")
# What a list of its items is about; everything else is the host.
_IMAGES, _NETWORKS = ("4.6",), ("7.3",)
_PLACES = "a checkout of github.com/docker/docker-bench-security, named in DOCKER_BENCH_DIR"


@dataclass(frozen=True, slots=True)
class Check:
    """One of its results: its number, its word for it (PASS, WARN, INFO or NOTE), and what it is about."""

    number: str
    title: str
    result: str
    details: str = ""
    items: tuple[str, ...] = ()

    def objects(self) -> list[Object]:
        """Return what the result is about, each once: containers, images or networks, otherwise the host."""
        if self.number in _IMAGES:
            return [Object("image", name) for name in sorted({item.strip("[]") for item in self.items})] or [
                Object("host", "", clean(self.details, 200))
            ]
        if self.number in _NETWORKS and self.items:
            return [Object("network", name) for name in sorted(set(self.items))]
        if not self.items or not (self.number == "4.1" or self.number.startswith("5.")):
            return [Object("host", "", clean(self.details, 200))]
        found: dict[str, list[str]] = {}
        for item in self.items:  # name, or name:port, name:mount, name:address
            name, _, detail = item.partition(":")
            found.setdefault(name, []).append(detail)
        return [Object("container", name, ", ".join(filter(None, found[name]))) for name in sorted(found)]


def checks(answer: bytes) -> dict[str, Check]:
    """Return {number: check} from its JSON log. Raises Rubbish for one that is cut, lacks checks or is of
    another benchmark.
    """
    try:
        document = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise Rubbish(f"its JSON log is cut or broken: {error}") from None
    version = document.get("dockerbenchsecurity") if isinstance(document, dict) else None
    if version != BENCHMARK_VERSION:
        raise Rubbish(f"its log is of version {version!r}; only {BENCHMARK_VERSION} is known here")
    if not isinstance(document.get("end"), int):
        raise Rubbish("its JSON log tells no end: it was stopped")
    found: dict[str, Check] = {}
    for check in _rows(document):
        if check.number in found:
            raise Rubbish(f"its JSON log has {check.number} twice")
        found[check.number] = check
    if missing := _expected(found) - set(found):
        raise Rubbish(f"its JSON log lacks {len(missing)} checks: {', '.join(sorted(missing)[:8])}")
    return found


def _rows(document: dict[str, object]) -> Iterator[Check]:
    sections = document.get("tests")
    if not isinstance(sections, list):
        raise Rubbish("its JSON log has no tests")
    if missing := set(SECTIONS) - {section["id"] for section in sections}:
        raise Rubbish(f"its JSON log lacks section {', '.join(sorted(missing))}")
    for section in sections:
        for row in section["results"]:
            number, result = row["id"], row["result"]
            if not isinstance(number, str) or result not in (PASS, WARN, INFO, NOTE):
                raise Rubbish(f"its JSON log says {str(result)[:40]!r} of {str(number)[:40]!r}")
            items = tuple(str(item) for item in row.get("items") or ())
            yield Check(number, str(row["desc"]), result, str(row.get("details") or "").strip(), items)


def _expected(found: Iterable[str]) -> set[str]:
    """Return the numbers that a whole run has; with no running container it has 5.1 only of section 5."""
    numbers = {entry.number for entry in load_benchmark(BENCHMARK).entries}
    if {number for number in found if number.startswith("5.")} == {"5.1"}:
        return {number for number in numbers if not number.startswith("5.")} | {"5.1"}
    return numbers


def slugs() -> dict[str, str]:
    """Return {its number: slug of our control}."""
    return {entry.number: entry.slug for entry in load_benchmark(BENCHMARK).entries}


class DockerBench(Scanner):
    """`folder` is its checkout; left out, DOCKER_BENCH_DIR and then PATH say where it is."""

    name = "docker-bench"
    program = SCRIPT
    handles = frozenset({HOST})
    get = f"It is {_PLACES}."
    optional = True

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def checkout(self) -> Path | None:
        """Return its folder, None where nobody says where it is. Raises InputError for one that is none."""
        given = self._folder or os.environ.get(VARIABLE)
        if given:
            folder, named = (
                Path(given).expanduser().absolute(),
                f"{'--path ' if self._folder else VARIABLE + '='}{given}",
            )
        elif found := shutil.which(SCRIPT):
            folder, named = Path(found).resolve().parent, found
        else:
            return None
        missing = [part for part in (SCRIPT, "functions", "tests") if not (folder / part).exists()]
        if missing:
            raise InputError(f"{named}: no {', no '.join(missing)} there. Name {_PLACES.partition(',')[0]}.")
        return folder

    def locate(self) -> Path | None:
        """Return bash: the script need not be executable, and no other shell can run it."""
        if self.checkout() is None:
            return None
        bash = shutil.which("bash")
        if bash is None:
            raise InputError("docker-bench-security needs bash, which is not here.")
        return Path(bash)

    def version_command(self) -> list[str]:
        """Read the version: asked for it, the script would first ask the engine."""
        folder = self.checkout()
        if folder is None:
            raise InputError(f"docker-bench-security is a folder: name it in {VARIABLE}.")
        return ["-c", 'grep -m1 "^version=" -- "$1"', "version", str(folder / SCRIPT)]

    def version(self, said: str) -> str:
        """Return the version."""
        found = re.fullmatch(r"version='?([0-9][\w.+-]*)'?", said.strip())
        if not found:
            raise Rubbish(f"told no version: {said[:100]!r}")
        return found[1]

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call of a copy. Without root its checks of files and audit rules would mislead."""
        source = self.checkout()
        if source is None:
            raise Rubbish(f"it is gone: {self.get}")
        if os.geteuid() != 0:
            raise Rubbish(
                "it needs root: without, it takes what it may not read for a warning. Run it with sudo."
            )
        copy = folder / "bench"
        copy.mkdir()
        shutil.copy(source / SCRIPT, copy)
        for part in ("functions", "tests"):
            shutil.copytree(source / part, copy / part)
        log = folder / "log"
        run = [
            "-c",
            'cd -- "$1" && exec "$BASH" "./$2" -b -l "$3"',
            "docker-bench",
            str(copy),
            SCRIPT,
            str(log),
        ]
        return Job([str(tool.path), *run], answer=folder / "log.json")

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return a finding for each object of each WARN; its other words are no verdicts."""
        known = slugs()
        warned = [check for check in checks(ran.answer).values() if check.result == WARN]
        controls = load_controls(known[check.number] for check in warned if check.number in known)
        for check in warned:
            control = controls.get(known.get(check.number, ""))
            for thing in check.objects():
                yield _finding(check, control, thing, tool)


def _finding(check: Check, control: Control | None, thing: Object, tool: Tool) -> Finding:
    return Finding(
        id=check.number,
        title=control.title if control else clean(check.title, 200),
        severity=severity(control.severity) if control else ASSUMED,
        kind=MISCONFIGURATION,
        object=thing,
        tool=tool.name,
        tool_version=tool.version,
        tool_severity=check.result,
        fix=control.fix_text if control else "",
        references=tuple(link for link in control.references if link.startswith("http")) if control else (),
        control=control.id if control else None,
    )


SCANNER = DockerBench()
