"""Where results go: standard output, or a file that is written whole, for its owner only."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from hullguard.errors import HullguardError, InputError


def emit(write: Callable[[TextIO], None], path: Path | None) -> None:
    """Call `write` with standard output, or with a file (mode 0600) that replaces `path` only when it is
    complete.

    Raises InputError when `path` can't be a file, HullguardError when writing fails; then what was there
    stays.
    """
    if path is None:
        write(sys.stdout)
        sys.stdout.flush()
        return
    if path.is_dir():
        raise InputError(f"{path}: is a folder; --output takes a file's name.")
    if not path.parent.is_dir():
        raise InputError(f"{path}: the folder {path.parent} does not exist.")
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp gives 0600
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise HullguardError(
            f"{path}: can't be written: {error.strerror or error}. What was there before is untouched."
        ) from None
    finally:
        if temporary:
            temporary.unlink(missing_ok=True)


def note(text: str) -> None:
    """Write a line of progress or warning to standard error."""
    from hullguard.reports.sanitize import clean

    print(f"hullguard: {clean(text)}", file=sys.stderr, flush=True)


def progress(text: str) -> None:
    """Write a line of progress to standard error, only when a person is watching."""
    if sys.stderr.isatty():
        note(text)
