"""What all places have in common: streams are read, and what was found in them is told. Standard library only."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from forms import Patterns, files

Told = dict[str, Any]


class Finder:
    """Collects what places tell."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.patterns = Patterns(asked["secrets"])
        self.images: list[str] | None = asked["images"]
        self.allowed = [Path(path) for path in asked["allowed"]]

    def tell(self, streams: Iterable[tuple[str, IO[bytes]]], note: str = "") -> Told:
        """Read streams and return what was found."""
        found: set[str] = set()
        total = 0
        for name, stream in streams:
            forms, size = self.patterns.read(stream)
            found |= {f"{name}: {form}" for form in forms}
            total += size
        return {"found": sorted(found), "looked_at": total, "note": "" if total else note}

    def paths(self, paths: Iterable[Path]) -> Iterator[tuple[str, IO[bytes]]]:
        """Yield what files hold, unpacked; those that vanish are no place any more."""
        for path in paths:
            if any(path.is_relative_to(allowed) for allowed in self.allowed):
                continue
            try:
                with path.open("rb") as stream:
                    yield from files(str(path), stream)
            except (FileNotFoundError, ProcessLookupError):
                continue


def output(*command: str) -> bytes:
    """Return what a command printed on both streams; it has to end well."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stdout.decode()}")
    return done.stdout


def lines(*command: str) -> list[str]:
    """Return the different lines that a command printed."""
    return sorted(set(output(*command).decode().split()))


def strings(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, keys too, without the escapes of JSON."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield key
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)
    elif isinstance(value, str):
        yield value


def as_text(value: Any) -> IO[bytes]:
    """Return the texts of a JSON value as a stream."""
    return io.BytesIO("\n".join(strings(value)).encode())
