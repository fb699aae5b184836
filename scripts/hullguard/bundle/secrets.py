"""What must not go into a bundle: texts whose form or name says that they are secrets.

Searched for, in every file as it is and with NUL bytes taken out (UTF-16): private keys; tokens of the
services below by their form; credentials in URLs and in registry logins; and a literal value after a name
that says password, passphrase, secret, token, credential or some key. NOT found: a password under a harmless
name, and whatever is encoded or encrypted. Compressed files can't be searched and are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CHUNK, OVERLAP = 16 << 20, 16 << 10
_FORMS = {
    # with something in it: what only names the header, or has been masked, is none
    "a private key": (
        rb"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----)){0,400}?[A-Za-z0-9+/=]{40}"
    ),
    "an age key": rb"AGE-SECRET-KEY-1[0-9A-Z]{20,}",
    "an AWS access key": rb"A[KS]IA[0-9A-Z]{16}(?![0-9A-Za-z])",
    "a GitHub token": rb"gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{30,}",
    "a GitLab token": rb"gl(?:pat|dt|rt|cbt|ptt)-[\w-]{20,}",
    "a Slack token": rb"xox[abeoprs]-[\w-]{10,}",
    "a Google key": rb"AIza[\w-]{35}",
    "a Stripe key": rb"[sr]k_live_\w{16,}",
    "an npm token": rb"npm_[A-Za-z0-9]{36}",
    "a PyPI token": rb"pypi-[\w-]{50,}",
    "a Docker Hub token": rb"dckr_(?:pat|oat)_[\w-]{20,}",
    "a Vault token": rb"hv[sbr]\.[\w-]{24,}",
    "a swarm token": rb"SWMTKN-1-[a-z0-9]{20,}|SWMKEY-1-[\w+/]{20,}",
    "a JSON web token": rb"eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}",
    "credentials in a URL": rb"://[^\s/:@\"'<>\\]{1,100}:(?P<value>[^\s/@\"'<>\\]{3,200})@",
    "a registry's login": rb"\"auth\\?\"\s*:\s*\\?\"(?P<value>[A-Za-z0-9+/]{12,}={0,2})\\?\"",
    "a secret by its name": (
        rb"(?i:passw(?:or)?d|passphrase|(?<!hashed_)secret|token|credential|(?:api|private|access|signing|encryption)[_.-]?key)"
        rb"[\w.-]{0,40}(?:=|\\?[\"']?\s{0,4}:\s{0,4}|\\?[\"']?\s?=\s?)\\?[\"']?(?P<value>[^\s\"'\\,;{}()\[\]<>&|`]{6,200})"
    ),
}  # fmt: skip
# A token begins where a word does; asked afterwards, for asked in the pattern it would make the search slow.
_WORD = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
PATTERNS = {name: re.compile(form) for name, form in _FORMS.items()}
# What stands in a secret's place: masks, variables, names of files and places, words of our own and of types.
_HARMLESS = re.compile(
    rb"[*xX.#_-]+$|\$|%|/|\.|[A-Za-z]:/|(?i:<?redacted|null$|none$|true$|false$|undefined|changeme$|example|placeholder)"
)
_COMPRESSED = {
    b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\xfd7zXZ": "xz", b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd", b"7z\xbc\xaf": "7z",
}  # fmt: skip


def search(path: Path) -> Iterator[str]:
    """Yield what was found, `line N: kind`, never the secret itself; each kind once. Raises OSError."""
    with path.open("rb") as stream:
        start = stream.read(8)
        stream.seek(0)
        for magic, name in _COMPRESSED.items():
            if start.startswith(magic):
                yield f"is compressed ({name}) and can't be searched"
                return
        yield from _found(stream)


def _found(stream: BinaryIO) -> Iterator[str]:
    seen: set[str] = set()
    before, line = b"", 1
    while chunk := stream.read(CHUNK):
        data = before + chunk
        for text in (data, data.replace(b"\0", b"")) if b"\0" in data else (data,):
            for kind, pattern in PATTERNS.items():
                if kind not in seen and (place := _first(pattern, text)) is not None:
                    seen.add(kind)
                    yield f"line {line + text.count(10, 0, place)}: {kind}"
        before = data[-OVERLAP:]
        line += data.count(b"\n", 0, max(0, len(data) - OVERLAP))


def _first(pattern: re.Pattern[bytes], text: bytes) -> int | None:
    for found in pattern.finditer(text):
        if "value" in found.groupdict():
            real = not _HARMLESS.match(found["value"])
        else:
            real = found.start() == 0 or text[found.start() - 1] not in _WORD
        if real:
            return found.start()
    return None
