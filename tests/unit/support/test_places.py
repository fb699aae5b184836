"""What the search for secrets recognizes. tests/e2e/examples/test_secrets.py runs it on a host."""

from __future__ import annotations

import base64
import bz2
import gzip
import html
import io
import json
import lzma
import tarfile
import urllib.parse
import zipfile
from collections.abc import Callable

import pytest
from examples_support.places_on_host import forms
from examples_support.places_on_host.forms import Patterns, files

SECRET = "tidal&bassoon/94+'quartz\"<ü"


def found(data: bytes, secret: str = SECRET) -> set[str]:
    return Patterns([secret]).read(io.BytesIO(data))[0]


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "abcd"])
@pytest.mark.parametrize("after", ["", "x", "xy", "xyz"])
def test_base64_wherever_it_begins(before: str, after: str) -> None:
    text = f"{before}{SECRET}{after}".encode()
    assert found(base64.b64encode(text)) == {"base64"}
    assert found(base64.urlsafe_b64encode(text)) == {"base64"}


@pytest.mark.parametrize(
    ("form", "write"),
    [
        ("as it is", str),
        ("hexadecimal", lambda text: text.encode().hex()),
        ("hexadecimal", lambda text: text.encode().hex().upper()),
        ("URL-encoded", urllib.parse.quote),
        ("URL-encoded", urllib.parse.quote_plus),
        ("URL-encoded", lambda text: urllib.parse.quote(text, safe="")),
        ("JSON-escaped", json.dumps),
        ("JSON-escaped", lambda text: json.dumps(text).replace("&", r"\u0026").replace("<", r"\u003c")),
        ("JSON-escaped", lambda text: json.dumps(text, ensure_ascii=False)),
        ("HTML-escaped", html.escape),
    ],
)
def test_each_form(form: str, write: Callable[[str], str]) -> None:
    assert form in found(f"before {write(SECRET)} after".encode())


def test_nothing_is_found_where_nothing_is() -> None:
    assert found(SECRET[:-1].encode() + b" " + SECRET[1:].encode()) == set()


@pytest.mark.parametrize("offset", [0, 1, 5, 25, 60])
def test_across_the_border_of_two_chunks(monkeypatch: pytest.MonkeyPatch, offset: int) -> None:
    monkeypatch.setattr(forms, "CHUNK", 64)
    data = b"." * (64 - len(SECRET.encode()) + offset) + SECRET.encode() + b"." * 200
    told = Patterns([SECRET]).read(io.BytesIO(data))
    assert told == ({"as it is"}, len(data))


def archive(name: str, data: bytes, mode: str = "w") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as tar:  # type: ignore[call-overload]
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def zipped(name: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return stream.getvalue()


def where(data: bytes) -> set[str]:
    patterns = Patterns([SECRET])
    return {name for name, stream in files("top", io.BytesIO(data)) if patterns.read(stream)[0]}


PLAIN = b"x" * 100 + SECRET.encode()


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (PLAIN, "top"),
        (gzip.compress(PLAIN), "top"),
        (bz2.compress(PLAIN), "top"),
        (lzma.compress(PLAIN), "top"),
        (archive("a", PLAIN), "top: a"),
        (archive("a", PLAIN, "w:gz"), "top: a"),
        (zipped("a", PLAIN), "top: a"),
        (archive("layer.tar", archive("root/a.gz", gzip.compress(PLAIN))), "top: layer.tar: root/a.gz"),
        (archive("blob", gzip.compress(archive("w.whl", zipped("a", PLAIN)))), "top: blob: w.whl: a"),
    ],
    # Not the data: there is a time in it, and processes that share the work have to name tests alike.
    ids=("plain", "gzip", "bzip2", "xz", "tar", "tar.gz", "zip", "gzip in tars", "zip in tar in gzip in tar"),
)
def test_in_archives_and_what_is_compressed(data: bytes, name: str) -> None:
    assert where(data) == {name}


def test_names_in_an_archive_are_places_too() -> None:
    assert where(archive(f"keys/{SECRET}", b"")) == {f"top: keys/{SECRET}"}


def test_an_archive_is_read_to_its_end() -> None:
    data = archive("a", b"") + b"\0" * 20480
    stream = io.BytesIO(data)
    for _, one in files("top", stream):
        one.read()
    assert stream.tell() == len(data)
