"""Write a small vulnerability database that the real Trivy reads. It proves plumbing, never an image.

The file is a bbolt one (https://github.com/etcd-io/bbolt): pages of 4096 bytes, each with a header of 16
(number u64, kind u16, count u16, overflow u32). Pages 0 and 1 describe the file, page 2 lists the free pages,
the others are leaves. A leaf holds elements (flags, offset from the element, key size, value size, u32 each),
then keys and values; a bucket's value is its root page and a counter, u64 each, and the element's flag is 1.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

UPDATED = "2026-11-01T00:00:00Z"
_PAGE = 4096
_META, _FREELIST, _LEAF = 4, 16, 2
_Tree = Mapping[str, Any]  # a bucket holds buckets and bytes


@dataclass(frozen=True, slots=True)
class Advisory:
    """A vulnerability of a Debian 12 source package; `fixed` is "" where no fix is out. Severities count from
    1 (low) to 4 (critical).
    """

    cve: str
    source: str
    fixed: str = ""
    debian: int = 3
    nvd: int = 4
    references: tuple[str, ...] = ("https://example.com/advisory",)


def write(cache: Path, advisories: Sequence[Advisory], updated: str = UPDATED) -> Path:
    """Write the database where `--cache-dir` has it; return its folder."""
    packages: dict[str, dict[str, bytes]] = {}
    for one in advisories:
        row = {"FixedVersion": one.fixed} if one.fixed else {"Status": 2, "Severity": one.debian}
        packages.setdefault(one.source, {})[one.cve] = json.dumps(row).encode()
    details = {
        one.cve: json.dumps(
            {
                "Title": f"{one.source}: a hole",
                "Description": "Made by hand.",
                "Severity": "CRITICAL",
                "VendorSeverity": {"debian": one.debian, "nvd": one.nvd},
                "References": list(one.references),
            }
        ).encode()
        for one in advisories
    }
    source = {"ID": "debian", "Name": "Debian Security Tracker", "URL": "https://example.com/"}
    tree = {
        "debian 12": packages,
        "vulnerability": details,
        "data-source": {"debian 12": json.dumps(source).encode()},
    }
    return put(cache, tree, updated)


def put(cache: Path, tree: _Tree, updated: str = UPDATED) -> Path:
    """Write a database of nested buckets where `--cache-dir` has it; return its folder."""
    folder = cache / "db"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "trivy.db").write_bytes(_file(tree))
    times = {"NextUpdate": "2099-01-01T00:00:00Z", "UpdatedAt": updated, "DownloadedAt": updated}
    (folder / "metadata.json").write_text(json.dumps({"Version": 2, **times}))
    return folder


def _file(tree: _Tree) -> bytes:
    pages: dict[int, bytes] = {2: _page(2, _FREELIST, 0, b"")}
    root = _bucket(tree, pages)
    end = max(number + len(page) // _PAGE for number, page in pages.items())
    for number in (0, 1):
        # magic, version, page size, flags, root page and its counter, free list, pages, transaction
        body = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, _PAGE, 0, root, 0, 2, end, number)
        pages[number] = _page(number, _META, 0, body + struct.pack("<Q", _fnv1a(body)))
    return b"".join(pages[number] for number in sorted(pages))


def _bucket(tree: _Tree, pages: dict[int, bytes]) -> int:
    """Add a bucket's leaf after those of the buckets in it; return its number."""
    elements = []
    for key in sorted(tree, key=str.encode):
        value = tree[key]
        inner = isinstance(value, Mapping)
        data = struct.pack("<QQ", _bucket(value, pages), 0) if inner else value
        elements.append((int(inner), key.encode(), data))
    heads, bodies = b"", b""
    for index, (flag, name, data) in enumerate(elements):
        offset = (len(elements) - index) * 16 + len(bodies)
        heads += struct.pack("<IIII", flag, offset, len(name), len(data))
        bodies += name + data
    number = max(n + len(page) // _PAGE for n, page in pages.items())
    pages[number] = _page(number, _LEAF, len(elements), heads + bodies)
    return number


def _page(number: int, kind: int, count: int, body: bytes) -> bytes:
    size = -(-(16 + len(body)) // _PAGE)
    page = struct.pack("<QHHI", number, kind, count, size - 1) + body
    return page.ljust(size * _PAGE, b"\0")


def _fnv1a(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value
