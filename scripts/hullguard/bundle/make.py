"""Pack a run's folder."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hullguard import __version__, audit, evidence
from hullguard.bundle import archive, secrets, signing
from hullguard.bundle.archive import Member
from hullguard.errors import HullguardError, InputError
from hullguard.saved import LARGEST_BYTES

SCHEMA = "hullguard/bundle/1"
MANIFEST, REPORT = "MANIFEST.json", "report.json"
MOST_TOLD = 20


def make(run: Path, output: Path, key: str | None = None, leave_out: Sequence[str] = ()) -> dict[str, Any]:
    """Pack the folder of a run into one archive (mode 0600), and return its manifest.

    `key` is the file of a cosign private key or what GPG calls a key; `leave_out` are shell patterns over
    paths.
    The same files give the same archive, byte for byte, unless it is signed.

    Raises InputError for a folder that is no run, HullguardError for a secret in a file, for a signature that
    can't be made, and when something can't be read or written.
    """
    kind = signing.private_kind(key) if key else None
    names, left_out = _names(run, output, leave_out)
    try:
        _refuse_secrets(run, names)
        files = [_described(run, name) for name in names]
    except OSError as error:
        raise HullguardError(f"{error.filename or run}: can't be read: {error.strerror or error}.") from None
    manifest = {**_about(run / REPORT), "signed_with": kind, "files": files, "left_out": left_out}
    text = (json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode()
    first = [_held(MANIFEST, text)]
    if kind and key:
        with tempfile.TemporaryDirectory(prefix="hullguard-") as folder:
            first.append(_held(signing.FILES[kind], signing.sign(kind, key, text, Path(folder))))
    try:
        archive.pack(output, [*first, *(_member(run, row) for row in files)])
    except OSError as error:
        raise HullguardError(
            f"{output}: can't be written: {error.strerror or error}. What was there before is untouched."
        ) from None
    return manifest


def _names(run: Path, output: Path, leave_out: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the paths of all files, sorted, and those to leave out. Raises InputError."""
    if not run.is_dir():
        raise InputError(
            f"{run}: there is no such folder. RUN is the folder of a run, such as reports/20261124T120000Z."
        )
    if not (run / REPORT).is_file():
        raise InputError(f"{run}: holds no {REPORT}: this is no folder of a run.")
    if not output.parent.is_dir():
        raise InputError(f"{output}: the folder {output.parent} does not exist.")
    if output.is_dir():
        raise InputError(f"{output}: is a folder; --output takes a file's name.")
    if output.resolve().is_relative_to(run.resolve()):
        raise InputError(f"{output}: lies in the run itself. Write the bundle somewhere else.")
    found = sorted(_walk(run, ""), key=os.fsencode)
    taken = {MANIFEST, *signing.FILES.values()}
    for name in found:
        if name in taken:
            raise InputError(
                f"{run / name}: a bundle has a file of this name itself. Is this an unpacked bundle?"
            )
        if why := archive.wrong_name(name):
            raise InputError(f"{run}: the name {name!r} {why}.")
    if len(found) > archive.MOST_FILES - 2:
        raise InputError(f"{run}: holds {len(found)} files; a bundle takes {archive.MOST_FILES}.")
    left_out = [name for name in found if any(fnmatchcase(name, pattern) for pattern in leave_out)]
    if REPORT in left_out:
        raise InputError(f"{REPORT} can't be left out: it is what the rest is evidence of.")
    return [name for name in found if name not in left_out], left_out


def _walk(folder: Path, above: str) -> Iterator[str]:
    """Yield the files below a folder. Raises InputError for anything that is neither file nor folder."""
    try:
        with os.scandir(folder) as rows:
            entries = list(rows)
    except OSError as error:
        raise InputError(f"{folder}: can't be read: {error.strerror}.") from None
    for entry in entries:
        name = f"{above}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), f"{name}/")
        elif entry.is_file(follow_symlinks=False):
            yield name
        else:
            what = "a link" if entry.is_symlink() else "no plain file"
            raise InputError(
                f"{entry.path}: is {what}: a bundle holds plain files only. Remove it from the run."
            )


def _refuse_secrets(run: Path, names: Iterable[str]) -> None:
    found = [f"{run / name}: {what}" for name in names for what in secrets.search(run / name)]
    if found:
        told = found[:MOST_TOLD] + (
            [f"… and {len(found) - MOST_TOLD} more"] if len(found) > MOST_TOLD else []
        )
        raise HullguardError(
            "Nothing was packed: a bundle is handed on, and these look like secrets: "
            + "; ".join(told)
            + ". Change the secret, remove it from the file, or leave the file out with --leave-out PATTERN."
        )


def _described(run: Path, name: str) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    for chunk in _read(run / name):
        digest.update(chunk)
        size += len(chunk)
    if size > archive.LARGEST_FILE:
        raise HullguardError(
            f"{run / name}: has {size >> 20} MiB; a bundle takes {archive.LARGEST_FILE >> 20}."
        )
    return {"path": name, "size": size, "sha256": digest.hexdigest()}


def _read(path: Path) -> Iterator[bytes]:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise HullguardError(f"{path}: is no plain file any more.")
        while chunk := stream.read(archive.CHUNK):
            yield chunk


def _member(run: Path, row: dict[str, Any]) -> Member:
    """Return a file to pack that has to be what was searched and described."""

    def chunks() -> Iterator[bytes]:
        digest = hashlib.sha256()
        for chunk in _read(run / row["path"]):
            digest.update(chunk)
            yield chunk
        if digest.hexdigest() != row["sha256"]:
            raise HullguardError(
                f"{row['path']} changed while it was packed. Try again when nothing writes to it."
            )

    return Member(row["path"], row["size"], chunks)


def _held(name: str, data: bytes) -> Member:
    return Member(name, len(data), lambda: [data])


def _about(path: Path) -> dict[str, Any]:
    """Return what the report says of itself. Raises InputError."""
    report = evidence.parse(path, LARGEST_BYTES)
    if not isinstance(report, dict) or report.get("schema") != audit.SCHEMA:
        raise InputError(f"{path}: is no report of schema {audit.SCHEMA}.")
    try:
        tools = {
            (scan["tool"], scan["version"]) for scan in report.get("scans", []) if scan["status"] == "ran"
        }
        tools.add((report["tool"]["name"], report["tool"]["version"]))
        return {
            "schema": SCHEMA,
            "hullguard": __version__,
            "generated_at": str(report["generated_at"]),
            "benchmark": str(report["benchmark"]["name"]),
            "profile": str(report["profile"]),
            "hosts": [str(host["name"]) for host in report["hosts"]],
            "tools": [{"name": str(name), "version": str(version)} for name, version in sorted(tools)],
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: is no whole report: {error} is missing or has the wrong form.") from None
