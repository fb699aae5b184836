"""The forms in which a secret turns up, and streams of bytes that are searched for them. Standard library only."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import shlex
import tarfile
import urllib.parse
import zipfile
from collections.abc import Iterator
from typing import IO, Any

CHUNK = 8 << 20
DEPTH = 5
HEAD = 512
ZSTD = b"\x28\xb5\x2f\xfd"
GO = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}
LARGEST_ZIP = 256 << 20


def forms(secret: str) -> dict[bytes, str]:
    """Return what to look for and the name of the form."""
    data = secret.encode()
    texts = {secret: "as it is"}
    for skipped, shift in ((0, 0), (2, 1), (3, 2)):  # by where it begins in what was encoded
        encoded = base64.b64encode(b"\0" * shift + data).decode()
        part = encoded[skipped : (shift + len(data)) * 8 // 6]
        texts |= {part: "base64", part.replace("+", "-").replace("/", "_"): "base64"}
    texts |= {data.hex(): "hexadecimal", data.hex().upper(): "hexadecimal"}
    for encoded in (
        urllib.parse.quote(secret, safe=""),
        urllib.parse.quote(secret),
        urllib.parse.quote_plus(secret),
    ):
        texts |= {encoded: "URL-encoded"}
    for ascii_only in (True, False):
        escaped = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        # Go's encoder, the engine's, escapes these three.
        texts |= {escaped: "JSON-escaped", escaped.translate(GO): "JSON-escaped"}
    texts |= {html.escape(secret): "HTML-escaped"}
    texts |= {shlex.quote(secret).strip("'"): "quoted for a shell"}
    return {text.encode(): "as it is" if text == secret else form for text, form in texts.items()}


class Patterns:
    """All forms of all secrets."""

    def __init__(self, secrets: list[str]) -> None:
        self.forms = {data: form for secret in secrets for data, form in forms(secret).items()}
        self.overlap = max(map(len, self.forms))

    def within(self, data: bytes) -> set[str]:
        """Return the forms that bytes hold."""
        return {form for pattern, form in self.forms.items() if pattern in data}

    def read(self, stream: IO[bytes]) -> tuple[set[str], int]:
        """Return the forms that a stream holds, and how many bytes it had."""
        found: set[str] = set()
        size, tail = 0, b""
        while chunk := stream.read(CHUNK):
            found |= self.within(tail + chunk)
            size += len(chunk)
            tail = chunk[-self.overlap :]
        return found, size


class Whole(io.RawIOBase):
    """A stream whose first bytes have been read already."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self.head, self.rest = head, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.head or self.rest.read(len(buffer))
        self.head = data[len(buffer) :]
        buffer[: len(data)] = data[: len(buffer)]
        return min(len(data), len(buffer))


def files(name: str, stream: IO[bytes], depth: int = 0) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield a stream, or what is in it when it is an archive or compressed, with names; each to be read at once."""
    head = stream.read(HEAD)
    buffered = io.BufferedReader(Whole(head, stream), 1 << 16)
    unpack: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
    opened = next((function for magic, function in unpack.items() if head.startswith(magic)), None)
    if head.startswith(ZSTD):
        raise SystemExit(
            f"{name} is packed by zstd, which is not unpacked here: what is in it was not looked at"
        )
    if depth >= DEPTH:
        yield name, buffered
    elif head[257:262] == b"ustar":
        with tarfile.open(fileobj=buffered, mode="r|") as archive:
            for entry in archive:
                content = archive.extractfile(entry) if entry.isfile() else None
                path = f"{name}: {entry.name}"
                # Names and targets of links are places, too.
                yield path, io.BytesIO(f"{entry.name}\n{entry.linkname}\n{entry.pax_headers}".encode())
                if content is not None:
                    yield from files(path, content, depth + 1)
        # Whoever writes to a pipe has to get rid of what comes after the archive's end.
        yield name, buffered
    elif opened is not None:
        yield from files(name, opened(buffered), depth + 1)
    elif head.startswith(b"PK\x03\x04"):
        data = io.BytesIO(buffered.read(LARGEST_ZIP))
        yield name, data
        try:
            with zipfile.ZipFile(data) as archive:
                for member in archive.infolist():
                    yield from files(f"{name}: {member.filename}", archive.open(member), depth + 1)
        except zipfile.BadZipFile:
            pass
    else:
        yield name, buffered
