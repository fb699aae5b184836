"""Sign a manifest with cosign or GPG, and check who did."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from hullguard.bundle.archive import NotIntact
from hullguard.errors import HullguardError, InputError

COSIGN, GPG = "cosign", "gpg"
# What the signature is called in the archive.
FILES = {COSIGN: "MANIFEST.json.cosign.bundle", GPG: "MANIFEST.json.asc"}
# Somebody may have to type a password.
SECONDS = 300
_GET = {COSIGN: "`./nox -s tools` gets it.", GPG: "It is Debian's package gnupg."}
_PRIVATE = re.compile(rb"-----BEGIN ENCRYPTED (?:COSIGN|SIGSTORE) PRIVATE KEY-----")
_PUBLIC = {COSIGN: b"-----BEGIN PUBLIC KEY-----", GPG: b"-----BEGIN PGP PUBLIC KEY BLOCK-----"}


def private_kind(key: str) -> str:
    """Return what signs with a key: cosign for a file that holds its private key, otherwise GPG.

    Raises InputError for a file that holds something else, or for a tool that is not here.
    """
    if Path(key).is_file():
        if not _PRIVATE.search(_start(Path(key))):
            raise InputError(f"{key}: holds no private key of cosign. With GPG, give the key's fingerprint.")
        program(COSIGN)
        return COSIGN
    _refuse_path(key)
    program(GPG)
    return GPG


def public_kind(key: str) -> str:
    """Return what a public key is for: cosign or GPG, by what is in the file; GPG where it is none.

    Raises InputError.
    """
    if not Path(key).is_file():
        _refuse_path(key)
        program(GPG)
        return GPG
    start = _start(Path(key))
    # A GPG key that is no text begins with a packet of type 6.
    kind = next((kind for kind, words in _PUBLIC.items() if words in start), None)
    if kind is None and start[:1] in (b"\x98", b"\x99", b"\xc6"):
        kind = GPG
    if kind is None:
        raise InputError(f"{key}: holds no public key of cosign or GPG.")
    program(kind)
    return kind


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(4096)
    except OSError as error:
        raise InputError(f"{path}: can't be read: {error.strerror}.") from None


def _refuse_path(key: str) -> None:
    if "/" in key or key.endswith((".key", ".pub", ".asc", ".pem")) or key.startswith("-"):
        raise InputError(f"{key}: there is no such file.")


def program(name: str) -> str:
    """Return where cosign or gpg is. Raises InputError when it is not here."""
    from hullguard.scanners import tools

    given = os.environ.get(f"HULLGUARD_{name.upper()}")
    if given:
        if not os.access(given, os.X_OK) or not Path(given).is_file():
            raise InputError(f"HULLGUARD_{name.upper()}={given}: there is no such program.")
        return given
    path = os.pathsep.join([*map(str, tools.folders()), os.environ.get("PATH", os.defpath)])
    found = shutil.which(name, path=path)
    if found is None:
        raise InputError(f"{name} is not here, and the key is one of its. {_GET[name]}")
    return found


def sign(kind: str, key: str, text: bytes, folder: Path) -> bytes:
    """Return a signature of a text; `folder` is empty and private. Raises HullguardError."""
    (folder / "text").write_bytes(text)
    out = folder / "signature"
    if kind == COSIGN:
        # No transparency log: an auditor's evidence is nobody else's business.
        command = [
            program(COSIGN),
            "sign-blob",
            "--yes",
            "--key",
            key,
            "--tlog-upload=false",
            "--bundle",
            str(out),
        ]
        if b"--use-signing-config" in _run([program(COSIGN), "sign-blob", "--help"]).stdout:  # from 3.0 on
            command += ["--use-signing-config=false", "--new-bundle-format=false"]
    else:
        command = [
            program(GPG),
            "--batch",
            "--yes",
            "--armor",
            "--local-user",
            key,
            "--output",
            str(out),
            "--detach-sign",
        ]
    done = _run([*command, str(folder / "text")])
    if done.returncode != 0 or not out.is_file() or not out.read_bytes().strip():
        raise HullguardError(f"{kind} could not sign with {key}: {_words(done)}")
    try:
        return _bare(out.read_bytes()) if kind == COSIGN else out.read_bytes()
    except ValueError as error:
        raise HullguardError(f"cosign could not sign with {key}: {error}") from None


def _bare(bundle: bytes) -> bytes:
    """Return what cosign calls a bundle with the signature alone. Raises ValueError for anything else.

    cosign believes a key that stands in a bundle rather than the one it is given: nothing but the signature
    is let in.
    """
    try:
        signature = json.loads(bundle)["base64Signature"]
        base64.b64decode(signature, validate=True)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ValueError("it is no signature of cosign") from None
    return json.dumps({"base64Signature": signature}).encode() + b"\n"


def verify(kind: str, key: str, text: bytes, signature: bytes, folder: Path) -> str:
    """Return who signed a text, in words. Raises NotIntact when it was not signed with that key."""
    (folder / "text").write_bytes(text)
    if kind == COSIGN:
        try:
            signature = _bare(signature)
        except ValueError as error:
            raise NotIntact(f"its signature is not one of {key}: {error}") from None
    (folder / "signature").write_bytes(signature)
    if kind == COSIGN:
        command = [program(COSIGN), "verify-blob", "--key", key, "--insecure-ignore-tlog=true"]
        done = _run([*command, "--bundle", str(folder / "signature"), str(folder / "text")])
        if done.returncode != 0:
            raise NotIntact(f"its signature is not one of {key}: {_words(done)}")
        return f"the cosign key in {key}"
    return _gpg(key, folder)


def _gpg(key: str, folder: Path) -> str:
    home: dict[str, str] = {}
    base = [program(GPG), "--batch", "--no-tty", "--status-fd", "1"]
    if Path(key).is_file():
        # A home of its own: only the keys of that file count.
        (folder / "gnupg").mkdir(mode=0o700)
        home = {"GNUPGHOME": str(folder / "gnupg")}
        done = _run([*base, "--no-autostart", "--import", key], home)
        if done.returncode != 0:
            raise InputError(f"{key}: GPG can't read it: {_words(done)}")
        listed = _run([*base, "--with-colons", "--list-keys"], home)
    else:
        listed = _run([*base, "--with-colons", "--list-keys", "--", key], home)
    known = set(re.findall(rb"^fp\w:+([0-9A-F]{40,64}):", listed.stdout, re.MULTILINE))
    if listed.returncode != 0 or not known:
        raise InputError(f"{key}: GPG knows no such public key. Import it, or name a file that holds it.")
    command = [*base, "--no-autostart", "--trust-model", "always", "--verify"]
    done = _run([*command, str(folder / "signature"), str(folder / "text")], home)
    good = b"[GNUPG:] GOODSIG " in done.stdout
    valid = re.findall(rb"^\[GNUPG:\] VALIDSIG ([0-9A-F]+) .*?([0-9A-F]+)$", done.stdout, re.MULTILINE)
    if done.returncode != 0 or not good or len(valid) != 1 or not set(valid[0]) & known:
        raise NotIntact(f"its signature is not one of {key}: {_words(done)}")
    return f"the GPG key {valid[0][1].decode()}"


def _run(command: list[str], extra: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            command,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(extra or {})},
            # Only a person can be asked for a password.
            stdin=None if sys.stdin and sys.stdin.isatty() else subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise HullguardError(f"{Path(command[0]).name} did not end within {SECONDS} s.") from None
    except OSError as error:
        raise HullguardError(f"{command[0]}: could not be started: {error.strerror}.") from None


def _words(done: subprocess.CompletedProcess[bytes]) -> str:
    lines = [line.strip() for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return "; ".join(lines[-2:])[:300] or f"code {done.returncode}"
