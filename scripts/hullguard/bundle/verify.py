"""Check a bundle: every byte, every file, and who signed it."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hullguard import yamlfile
from hullguard.bundle import archive, signing
from hullguard.bundle.archive import Entry, NotIntact
from hullguard.bundle.make import MANIFEST
from hullguard.errors import HullguardError, InputError
from hullguard.reports.sanitize import clean

# A manifest of ten thousand files has about two megabytes; a signature is far below.
LARGEST_KEPT = 32 << 20
MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Checked:
    """A bundle that is intact; `signer` is who signed it, "" when that was not asked or nobody did."""

    manifest: dict[str, Any]
    signer: str


def verify(path: Path, key: str | None = None) -> Checked:
    """Check a bundle against its manifest, and its signature against a public key.

    `key` is a file with a public key (cosign's or GPG's), or what GPG calls a key. With it, a bundle has to
    be signed by it.

    Raises InputError for a file or key that is not there, HullguardError for a bundle that is not intact.
    """
    kind = signing.public_kind(key) if key else None
    if not path.is_file():
        raise InputError(f"{path}: there is no such file.")
    kept: dict[str, bytes] = {}
    try:
        found = list(archive.entries(path, frozenset({MANIFEST, *signing.FILES.values()}), LARGEST_KEPT))
        kept = {entry.name: entry.data for entry in found if entry.data}
        manifest = _manifest(found, kept)
        problems = _compared(found, manifest)
        if problems:
            more = len(problems) - MOST_TOLD
            raise NotIntact("; ".join(problems[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else ""))
        signer = _signer(manifest, kept, kind, key)
    except NotIntact as error:
        raise HullguardError(f"{path}: NOT intact: {error}.") from None
    except OSError as error:
        raise HullguardError(f"{path}: can't be read: {error.strerror or error}.") from None
    return Checked(manifest, signer)


def _manifest(found: list[Entry], kept: dict[str, bytes]) -> dict[str, Any]:
    if not found or found[0].name != MANIFEST:
        raise NotIntact(f"it does not begin with {MANIFEST}")
    try:
        document = json.loads(kept.get(MANIFEST, b""))
        yamlfile.check(document, "bundle", MANIFEST)
    except (ValueError, RecursionError) as error:
        raise NotIntact(f"{MANIFEST} is broken: {error}") from None
    except InputError as error:
        raise NotIntact(
            f"{MANIFEST} is not of a version that this program reads, or broken: {error}"
        ) from None
    return dict(document)


def _compared(found: list[Entry], manifest: dict[str, Any]) -> list[str]:
    """Return how files and manifest differ."""
    told = {row["path"]: row for row in manifest["files"]}
    own = [MANIFEST] + ([signing.FILES[manifest["signed_with"]]] if manifest["signed_with"] else [])
    here = {entry.name: entry for entry in found if entry.name not in own}
    problems = [f"{clean(name, 120)} is missing" for name in told if name not in here]
    problems += [f"{name} is missing" for name in own if name not in {entry.name for entry in found}]
    problems += [f"{clean(name, 120)} was added" for name in here if name not in told]
    problems += [
        f"{clean(name, 120)} was changed"
        for name, entry in here.items()
        if name in told and (entry.size, entry.sha256) != (told[name]["size"], told[name]["sha256"])
    ]
    if not problems and [entry.name for entry in found] != [
        *own,
        *(row["path"] for row in manifest["files"]),
    ]:
        problems.append("its files are not in the order of its manifest")
    if len(told) != len(manifest["files"]):
        problems.append(f"{MANIFEST} names a file twice")
    return problems


def _signer(manifest: dict[str, Any], kept: dict[str, bytes], kind: str | None, key: str | None) -> str:
    with_what = manifest["signed_with"]
    if kind is None or key is None:
        return ""
    if with_what is None:
        raise NotIntact("it is not signed, and a key was given")
    if with_what != kind:
        raise NotIntact(f"it is signed with {with_what}, and the key is one of {kind}")
    with tempfile.TemporaryDirectory(prefix="hullguard-") as folder:
        return signing.verify(kind, key, kept[MANIFEST], kept.get(signing.FILES[kind], b""), Path(folder))
