"""Build an image as `docker save` writes it: two layers, a configuration and a manifest, all by hand."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DEBIAN_12 = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'


def dpkg_status(name: str, version: str, source: str = "") -> str:
    """Return one package as /var/lib/dpkg/status tells it."""
    return (
        f"Package: {name}\nStatus: install ok installed\nMaintainer: Nobody <nobody@example.com>\n"
        f"Architecture: amd64\nSource: {source or name}\nVersion: {version}\nDescription: one package\n\n"
    )


def debian(*packages: tuple[str, str, str]) -> list[dict[str, str]]:
    """Return the layers of a Debian 12 with these packages (name, version, source)."""
    status = "".join(dpkg_status(*package) for package in packages)
    return [{"etc/os-release": DEBIAN_12, "etc/debian_version": "12.5\n"}, {"var/lib/dpkg/status": status}]


def write(
    path: Path,
    layers: Sequence[Mapping[str, str]],
    *,
    tag: str = "hullguard-test:1",
    config: Mapping[str, Any] | None = None,
    history: Sequence[str] = (),
) -> Path:
    """Write the image. `layers`: file name -> content, each; `config`: User, Env, Healthcheck and the like;
    `history`: what built each layer.
    """
    blobs = [_layer(files) for files in layers]
    image = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": dict(config or {}),
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_sha256(blob)}" for blob in blobs]},
        "history": [{"created_by": line} for line in (history or ["COPY . /"] * len(blobs))],
    }
    text = json.dumps(image).encode()
    names = [f"{_sha256(blob)}/layer.tar" for blob in blobs]
    manifest = [{"Config": f"{_sha256(text)}.json", "RepoTags": [tag], "Layers": names}]
    with tarfile.open(path, "w") as archive:
        for name, blob in [*zip(names, blobs, strict=True), (f"{_sha256(text)}.json", text)]:
            _add(archive, name, blob)
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    return path


def _layer(files: Mapping[str, str]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            _add(archive, name, content.encode())
    return stream.getvalue()


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o644
    archive.addfile(member, io.BytesIO(data))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
