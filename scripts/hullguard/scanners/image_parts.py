"""What the scanners of images share: how they are told of an image, and how their JSON is read with care."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from hullguard.scanners.base import DIR, IMAGE, SBOM, TAR, Rubbish, Target
from hullguard.verdict import Object

MOST_REFERENCES = 10
_PREFIX = {IMAGE: "docker:", TAR: "docker-archive:", DIR: "dir:", SBOM: "sbom:"}


def source(target: Target) -> str:
    """Return a target as Syft and Grype want it: `docker:NAME` is an image of the local engine,
    `docker-archive:PATH` a tar of `docker save`.
    """
    return _PREFIX[target.kind] + (target.name if target.path is None else str(target.path))


def subject(target: Target, detail: str = "") -> Object:
    """Return what a finding is about: the image (its tar too) or the file that was scanned."""
    kind = "image" if target.kind in (IMAGE, TAR) else "file"
    return Object(kind, target.name, detail)


def docker_config() -> dict[str, str]:
    """Return the variable that lets a tool log in to registries as this person does: tools run with an empty
    home, so `~/.docker` is not found by itself. A folder that DOCKER_CONFIG names already is kept as it is.
    """
    folder = Path.home() / ".docker"
    if os.environ.get("DOCKER_CONFIG") or not folder.is_dir():
        return {}
    return {"DOCKER_CONFIG": str(folder)}


def cache_folder(name: str) -> Path:
    """Return where a tool keeps what it downloads for this person: $XDG_CACHE_HOME or ~/.cache."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / name


def mapping(answer: bytes) -> dict[str, Any]:
    """Return the JSON object that an answer is. Raises Rubbish for another thing, ValueError for no JSON."""
    data = json.loads(answer)
    if not isinstance(data, dict):
        raise Rubbish("its answer is no JSON object")
    return data


def rows(holder: Mapping[str, Any], key: str) -> list[Any]:
    """Return a list that may be absent or null. Raises TypeError for another thing."""
    value = holder.get(key)
    if value is not None and not isinstance(value, list):
        raise TypeError(f"{key} is no list")
    return value or []


def text(holder: Mapping[str, Any], key: str) -> str:
    """Return a text that has to be there. Raises KeyError or TypeError."""
    value = holder[key]
    if not isinstance(value, str) or not value:
        raise TypeError(f"{key} is no text")
    return value


def urls(*groups: Iterable[Any]) -> tuple[str, ...]:
    """Return the addresses (http and https), each once, in order, at most `MOST_REFERENCES`."""
    found = [url for group in groups for url in group if isinstance(url, str)]
    wanted = [url for url in found if url.startswith(("https://", "http://"))]
    return tuple(dict.fromkeys(wanted))[:MOST_REFERENCES]


def without(data: Any, keys: Collection[str]) -> Any:
    """Return JSON data without the members of these names, however deep."""
    if isinstance(data, dict):
        return {key: without(value, keys) for key, value in data.items() if key not in keys}
    if isinstance(data, list):
        return [without(value, keys) for value in data]
    return data
