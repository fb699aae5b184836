"""Read a source file that somebody else wrote: bounded, and text for sure."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hullguard.errors import InputError
from hullguard.reports.sanitize import clean

LARGEST_BYTES = 1 << 20


def read(path: Path, what: str) -> str:
    """Return the text of a file of at most 1 MB; `what` it should be is for the message.

    Raises InputError.
    """
    name = shown(path)
    try:
        # A pipe in the file's place must not block.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as handle:
            if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
                raise InputError(f"{name}: is no regular file.")
            data = handle.read(LARGEST_BYTES + 1)
    except IsADirectoryError:
        raise InputError(f"{name}: is a folder.") from None
    except FileNotFoundError:
        raise InputError(f"{name}: there is no such file.") from None
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "the name holds a NUL byte"
        raise InputError(f"{name}: can't be read: {words}.") from None
    if len(data) > LARGEST_BYTES:
        raise InputError(f"{name}: is larger than 1 MB; this is no {what}.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name}: is no text (byte {error.start} is not UTF-8); this is no {what}."
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise InputError(f"{name}:{line}: holds NUL bytes; this is no {what}.")
    return text


def shown(name: object) -> str:
    """Return somebody else's text for a message: printable, at most 200 characters."""
    return clean(name, 200)
