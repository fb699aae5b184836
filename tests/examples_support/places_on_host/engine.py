"""What the engine tells: its objects, images and logs."""

from __future__ import annotations

import io
import json
import subprocess
from collections.abc import Iterator
from typing import IO

from finder import Finder, Told, as_text, lines, output
from forms import files


def swarm() -> bool:
    """Whether this host manages a swarm."""
    return output("docker", "info", "-f", "{{.Swarm.ControlAvailable}}").strip() == b"true"


def inspect(finder: Finder) -> Told:
    """Look at what the engine tells about each object."""
    kinds = {"container": ("-aq",), "image": ("-aq", "--no-trunc"), "volume": ("-q",), "network": ("-q",)}
    if swarm():
        kinds |= dict.fromkeys(("service", "secret", "config", "node"), ("-q",))

    def streams() -> Iterator[tuple[str, IO[bytes]]]:
        for kind, options in kinds.items():
            for one in lines("docker", kind, "ls", *options):
                for fact in json.loads(output("docker", kind, "inspect", one)):
                    yield f"{kind} {fact.get('Name') or fact.get('RepoTags') or one}", as_text(fact)

    return finder.tell(streams())


def image_history(finder: Finder) -> Told:
    """Look at the commands that made each image."""
    ids = lines("docker", "image", "ls", "-aq", "--no-trunc")
    return finder.tell((one, io.BytesIO(output("docker", "history", "--no-trunc", one))) for one in ids)


def image_layers(finder: Finder) -> Told:
    """Look into every file of every layer, those that a later layer removed too."""
    ids = lines("docker", "image", "ls", "-q", "--no-trunc") if finder.images is None else finder.images
    if not ids:
        return {"found": [], "looked_at": 0, "note": "no images here"}
    with subprocess.Popen(["docker", "save", *ids], stdout=subprocess.PIPE) as saved:
        assert saved.stdout is not None
        told = finder.tell(files("saved images", saved.stdout))
    if saved.returncode:
        raise SystemExit(f"docker save ended with {saved.returncode}")
    return told


def container_logs(finder: Finder) -> Told:
    """Look at what containers and services printed."""
    names = [("container", name) for name in lines("docker", "ps", "-aq")]
    if swarm():
        names += [("service", name) for name in lines("docker", "service", "ls", "-q")]
    return finder.tell(
        (f"{kind} {name}", io.BytesIO(output("docker", kind, "logs", name))) for kind, name in names
    )
