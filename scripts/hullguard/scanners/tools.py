"""Find the tools: where somebody says they are, beside this Python, on PATH."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from hullguard.errors import InputError
from hullguard.scanners import cache, process
from hullguard.scanners.base import Job, Rubbish, Scanner, Tool

VERSION_SECONDS = 30.0


def variable(scanner: Scanner) -> str:
    """Return the variable that names a tool's program: HULLGUARD_DETECT_SECRETS for detect-secrets."""
    return "HULLGUARD_" + scanner.name.upper().replace("-", "_")


def folders() -> list[Path]:
    """Return where `./nox -s tools` puts them, and where pip puts programs beside this Python."""
    own = os.environ.get("HULLGUARD_TOOLS")
    return [*([Path(own)] if own else []), Path(sys.prefix) / "bin"]


def program(scanner: Scanner) -> Path | None:
    """Return the tool's program, or None when it is not here.

    Raises InputError for a variable that names none.
    """
    if given := os.environ.get(variable(scanner)):
        path = Path(given).expanduser()
        if not path.is_file() or not os.access(path, os.X_OK):
            raise InputError(f"{variable(scanner)}={given}: there is no such program.")
        return path.absolute()
    if own := scanner.locate():
        return own
    for folder in folders():
        if found := shutil.which(scanner.program, path=str(folder)):
            return Path(found).absolute()
    found = shutil.which(scanner.program)
    return Path(found).absolute() if found else None


def find(scanner: Scanner, *, cached: bool = False) -> Tool | None:
    """Return the tool with the version it tells, or None when it is not here; `cached`: it need not be asked
    again while its program is the same file.

    Raises Rubbish when it can't tell.
    """
    path = program(scanner)
    if path is None:
        return None
    known = cache.program_key(scanner.name, path) if cached else ""
    if version := cache.read_version(known):
        return Tool(scanner.name, path, version)
    with process.empty_folder() as folder:
        job = Job([str(path), *scanner.version_command()], may_be_empty=True)
        ran = process.run(job, folder, VERSION_SECONDS)
    text = ran.answer.decode("utf-8", "replace").strip() or ran.said
    version = scanner.version(text).strip()
    if not version or len(version) > 60:
        raise Rubbish(f"told no version: {text[:100]!r}")
    cache.write_version(known, version)
    return Tool(scanner.name, path, version)
