"""Make images and cosign's signatures of them, for registry.py to serve: images.py FOLDER."""

import base64
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

REPOSITORY = "/v2/team/app"
OCI = "application/vnd.oci.image"
folder = Path(sys.argv[1])
os.umask(0o077)
served: dict[str, tuple[str, str]] = {}


def serve(path: str, kind: str, body: bytes) -> None:
    """Have the registry answer with it."""
    served[f"{REPOSITORY}/{path}"] = kind, base64.b64encode(body).decode()


def blob(kind: str, body: bytes, **more: Any) -> dict[str, Any]:
    """Serve a blob and return what a manifest says of it."""
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    serve(f"blobs/{digest}", "application/octet-stream", body)
    return {"mediaType": kind, "digest": digest, "size": len(body), **more}


def manifest(tag: str, config: dict[str, Any], layer: dict[str, Any]) -> str:
    """Serve a manifest by its tag and its digest, which is returned."""
    kind = f"{OCI}.manifest.v1+json"
    body = json.dumps({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": [layer]}).encode()
    digest = f"sha256:{hashlib.sha256(body).hexdigest()}"
    for name in (tag, digest):
        serve(f"manifests/{name}", kind, body)
    return digest


def image(tag: str) -> str:
    """Serve an image of one small file, and return its digest."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        file = tarfile.TarInfo("name")
        file.size = len(tag)
        archive.addfile(file, io.BytesIO(tag.encode()))
    layers = [f"sha256:{hashlib.sha256(packed.getvalue()).hexdigest()}"]
    config = {
        "architecture": "amd64", "os": "linux", "config": {}, "rootfs": {"type": "layers", "diff_ids": layers}
    }  # fmt: skip
    return manifest(
        tag,
        blob(f"{OCI}.config.v1+json", json.dumps(config).encode()),
        blob(f"{OCI}.layer.v1.tar+gzip", gzip.compress(packed.getvalue())),
    )


def sign(digest: str, key: ec.EllipticCurvePrivateKey) -> None:
    """Serve a signature where cosign looks for it."""
    critical = {
        "identity": {"docker-reference": ""},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }
    payload = json.dumps({"critical": critical, "optional": None}).encode()
    signature = base64.b64encode(key.sign(payload, ec.ECDSA(SHA256()))).decode()
    manifest(
        digest.replace(":", "-") + ".sig",
        blob(f"{OCI}.config.v1+json", b"{}"),
        blob(
            "application/vnd.dev.cosign.simplesigning.v1+json",
            payload,
            annotations={"dev.cosignproject.cosign/signature": signature},
        ),
    )


team, stranger = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
(folder / "team.pub").write_bytes(
    team.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)
image("unsigned")
sign(image("signed"), team)
sign(image("strangers"), stranger)
(folder / "images.json").write_text(json.dumps(served))
