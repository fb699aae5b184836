"""The form of a bundle: a gzip file around a tar, with exactly one way to write given files.

The gzip header's comment holds the SHA-256 of all that follows it, and the tar has nothing but plain files
with fixed owners, modes and times: no byte is free, so none can be changed unseen. Any tar program can unpack
it.
"""

from __future__ import annotations

import hashlib
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hullguard.errors import HullguardError
from hullguard.reports.sanitize import clean

BLOCK = 512
CHUNK = 1 << 20
LARGEST_FILE, LARGEST_TOTAL, MOST_FILES = 1 << 30, 4 << 30, 10_000
END = bytes(2 * BLOCK)
# No time, no file name, a comment; the best compression, on a system that is nobody's business.
_GZIP = b"\x1f\x8b\x08\x10\0\0\0\0\x02\xff"
_COMMENT = re.compile(rb"hullguard bundle 1, sha256 of what follows: ([0-9a-f]{64})\0")
_COMMENT_BYTES = len("hullguard bundle 1, sha256 of what follows: ") + 65

_KINDS = {
    b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device",
    b"5": "a folder", b"6": "a pipe",
}  # fmt: skip


class NotIntact(Exception):
    """The archive is not what was written. `str()` says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file to pack: its name with `/`, its size in bytes, its content when asked for."""

    name: str
    size: int
    chunks: Callable[[], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that was found in an archive; `data` only where it was asked for."""

    name: str
    size: int
    sha256: str
    data: bytes = b""


def wrong_name(name: str) -> str:
    """Return why a file can't have this name in a bundle, or ""."""
    parts = name.split("/")
    if not name.isprintable() or any(0xD800 <= ord(char) <= 0xDFFF for char in name):
        return "has characters that are no text"
    if name.startswith("/") or "\\" in name or any(part in ("", ".", "..") for part in parts):
        return "leads out of the folder, or not straight to the file"
    return "" if _split(name.encode()) else "is too long for an archive (100 bytes, 255 with its folders)"


def pack(path: Path, members: Iterable[Member]) -> None:
    """Write the archive in the order given, mode 0600, replacing `path` only when it is complete.

    Raises HullguardError when a file is not as large as was said, OSError.
    """
    folder = path.parent
    with tempfile.TemporaryFile(dir=folder) as packed:
        digest = _deflate(packed, members)
        packed.seek(0)
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(_GZIP + f"hullguard bundle 1, sha256 of what follows: {digest}\0".encode())
                while chunk := packed.read(CHUNK):
                    stream.write(chunk)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _deflate(packed: BinaryIO, members: Iterable[Member]) -> str:
    """Write the compressed tar and gzip's trailer; return their SHA-256."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    digest, checksum, length = hashlib.sha256(), 0, 0
    for chunk in _tar(members):
        checksum, length = zlib.crc32(chunk, checksum), length + len(chunk)
        out = deflate.compress(chunk)
        digest.update(out)
        packed.write(out)
    trailer = checksum.to_bytes(4, "little") + (length % (1 << 32)).to_bytes(4, "little")
    out = deflate.flush() + trailer
    digest.update(out)
    packed.write(out)
    return digest.hexdigest()


def _tar(members: Iterable[Member]) -> Iterator[bytes]:
    for member in members:
        yield header(member.name, member.size)
        written = 0
        for chunk in member.chunks():
            written += len(chunk)
            yield chunk
        if written != member.size:
            raise HullguardError(
                f"{member.name} changed while it was packed. Try again when nothing writes to it."
            )
        yield bytes(-member.size % BLOCK)
    yield END


def header(name: str, size: int) -> bytes:
    """Return the one header that a file can have. Raises ValueError for a name that is too long."""
    split = _split(name.encode("utf-8", "surrogateescape"))
    if split is None:
        raise ValueError(f"{name} is too long")
    prefix, last = split
    number = b"0000000\0"
    before = last.ljust(100, b"\0") + b"0000600\0" + number * 2 + b"%011o\0" % size + b"0" * 11 + b"\0"
    after = b"0" + bytes(100) + b"ustar\x0000" + bytes(64) + number * 2 + prefix.ljust(155, b"\0") + bytes(12)
    return before + b"%06o\0 " % sum(before + b" " * 8 + after) + after


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """Return a name as a tar header takes it: folders (155 bytes at most) and the rest (100)."""
    if len(name) <= 100:
        return b"", name
    place = name.rfind(b"/", 0, 156)
    if place <= 0 or len(name) - place - 1 > 100:
        return None
    return name[:place], name[place + 1 :]


def entries(path: Path, keep: frozenset[str], largest_kept: int) -> Iterator[Entry]:
    """Yield what an archive holds, with the content of the files in `keep`.

    Raises NotIntact for anything that `pack` would not have written, OSError.
    """
    with path.open("rb") as stream:
        start = stream.read(len(_GZIP))
        comment = _COMMENT.fullmatch(stream.read(_COMMENT_BYTES))
        if start != _GZIP or comment is None:
            raise NotIntact("it is no bundle, or its beginning was changed, or something else packed it anew")
        digest = hashlib.sha256()
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
        whole = digest.hexdigest().encode() == comment[1]
        stream.seek(len(_GZIP) + _COMMENT_BYTES)
        try:
            yield from _entries(_Inflated(stream), keep, largest_kept)
        except NotIntact as error:
            raise error if whole else NotIntact(f"its bytes were changed, or it was cut ({error})") from None
        if not whole:
            raise NotIntact("its bytes were changed")


def _entries(stream: _Inflated, keep: frozenset[str], largest_kept: int) -> Iterator[Entry]:
    files: set[str] = set()
    folders: set[str] = set()
    while (block := stream.take(BLOCK)) != bytes(BLOCK):
        name, size = _checked(block)
        shown = clean(name, 120)
        above = {name[:place] for place, char in enumerate(name) if char == "/"}
        if name in files or name in folders or above & files:
            raise NotIntact(f"it holds {shown} twice, or as a file and as a folder")
        files.add(name)
        folders |= above
        if len(files) > MOST_FILES:
            raise NotIntact(f"it holds more than {MOST_FILES} files")
        kept = name in keep
        if kept and size > largest_kept:
            raise NotIntact(f"{shown} has {size} bytes: too large for what it is")
        digest, data, left = hashlib.sha256(), [], size
        while left:
            chunk = stream.take(min(CHUNK, left))
            digest.update(chunk)
            left -= len(chunk)
            if kept:
                data.append(chunk)
        if any(stream.take(-size % BLOCK)):
            raise NotIntact(f"something is hidden after {shown}")
        if block != header(name, size):
            raise NotIntact(f"owner, mode, time or form of {shown} are not as they were written")
        yield Entry(name, size, digest.hexdigest(), b"".join(data))
    if any(stream.take(BLOCK)):
        raise NotIntact("its end is not as it was written")
    stream.finish()


def _checked(block: bytes) -> tuple[str, int]:
    """Return name and size from a header. Raises NotIntact for what is no plain file with a harmless name."""
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError) as error:
        raise NotIntact(f"it holds no archive any more: {error}") from None
    # frombuf takes the slash off a folder's name and follows old forms: what stands there counts.
    prefix = block[345:500].rstrip(b"\0")
    raw = ((prefix + b"/" if prefix else b"") + block[:100].rstrip(b"\0")).decode("utf-8", "surrogateescape")
    shown = clean(raw, 120)
    if block[156:157] != tarfile.REGTYPE:
        kind = _KINDS.get(block[156:157], "no plain file")
        raise NotIntact(f"{shown} is {kind}: a bundle holds plain files only")
    if why := wrong_name(raw):
        raise NotIntact(f"the name {shown!r} {why}")
    if not 0 <= info.size <= LARGEST_FILE:
        raise NotIntact(f"{shown} says it has {info.size} bytes: more than {LARGEST_FILE >> 20} MiB")
    return raw, info.size


class _Inflated:
    """What a gzip stream holds, read in pieces, never more than the limit."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        self._ready = bytearray()
        self._checksum = self._length = 0

    def take(self, wanted: int) -> bytes:
        """Return exactly so many bytes. Raises NotIntact when there are fewer, or too many already."""
        while len(self._ready) < wanted:
            out = self._more()
            if not out and self._inflate.eof:
                raise NotIntact("it ends too early")
            self._ready += out
        found = bytes(self._ready[:wanted])
        del self._ready[:wanted]
        return found

    def _more(self) -> bytes:
        if self._inflate.eof:
            return b""
        piece = self._inflate.unconsumed_tail or self._stream.read(CHUNK)
        if not piece:
            raise NotIntact("it was cut")
        try:
            out = self._inflate.decompress(piece, CHUNK)
        except zlib.error:
            raise NotIntact("it can't be unpacked") from None
        self._checksum, self._length = zlib.crc32(out, self._checksum), self._length + len(out)
        if self._length > LARGEST_TOTAL:
            raise NotIntact(f"unpacked it has more than {LARGEST_TOTAL >> 30} GiB")
        return out

    def finish(self) -> None:
        """Check that nothing follows. Raises NotIntact."""
        while not self._inflate.eof:
            self._ready += self._more()
            if self._ready:
                break
        trailer = self._checksum.to_bytes(4, "little") + (self._length % (1 << 32)).to_bytes(4, "little")
        if self._ready or self._inflate.unused_data + self._stream.read(CHUNK) != trailer:
            raise NotIntact("something follows its end, or its end was changed")
