"""Print what a process holds in its memory: `process_memory.py PID PATTERN...` prints each match's first group.

Runs as root on the examples' host: some values are known to an application alone, and a search for them has to
get them from there. Standard library only.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path


def writable(pid: str) -> Iterator[bytes]:
    """Yield what is in each writable part of a process's memory."""
    process = Path("/proc", pid)
    with (process / "maps").open() as maps, (process / "mem").open("rb", 0) as memory:
        for line in maps:
            place, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            begin, end = (int(part, 16) for part in place.split("-"))
            memory.seek(begin)
            try:
                yield memory.read(end - begin)
            except OSError:
                continue


def main(pid: str, *patterns: str) -> None:
    """Print the matches, one in a line."""
    found: set[bytes] = set()
    for part in writable(pid):
        for pattern in patterns:
            found |= set(re.findall(pattern.encode(), part))
    print("\n".join(sorted(match.decode() for match in found)))


if __name__ == "__main__":
    main(*sys.argv[1:])
