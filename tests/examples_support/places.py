"""Where a secret that was planted for a demo can be found afterwards.

    found = search(host, [value])
    assert found == {place: [] for place in PLACES}

The search runs on the host (the program in places_on_host/), which gets the values in a file that it removes before it looks:
nothing that searches may itself be found. A value is looked for as it is and as base64, hexadecimal,
URL-encoded and JSON-escaped text.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from examples_support.host import ExampleHost

PROGRAM = Path(__file__).with_name("places_on_host")
# Shorter values are met by chance.
SHORTEST = 12
PLACES = (
    "inspect",
    "image history",
    "image layers",
    "container logs",
    "environments",
    "command lines",
    "journal",
    "audit log",
    "report",
    "bundle",
    "shell history",
    "temporary files",
    "disk",
    "swap",
)


@dataclass(frozen=True, slots=True)
class Place:
    """What one place told: where the value was found, how much was looked at there, what could not be seen."""

    found: list[str]
    looked_at: int
    note: str = ""


def search(
    host: ExampleHost,
    secrets: Sequence[str],
    *,
    images: Sequence[str] | None = None,
    places: Sequence[str] = PLACES,
    allowed: Sequence[str] = (),
) -> dict[str, list[str]]:
    """Return for each place where a secret was found: "what: in which form", never the value.

    `images` are those whose layers are read, all of the engine when None. `allowed` are files and folders that are
    meant to hold the value; they count for nothing in "temporary files" and "disk".
    """
    found = look(host, secrets, images=images, places=places, allowed=allowed)
    return {place: one.found for place, one in found.items()}


def look(
    host: ExampleHost,
    secrets: Sequence[str],
    *,
    images: Sequence[str] | None = None,
    places: Sequence[str] = PLACES,
    allowed: Sequence[str] = (),
) -> dict[str, Place]:
    """Do what `search` does, and return besides how much was looked at and what could not be seen."""
    assert secrets, "there is nothing to look for"
    assert all(len(secret) >= SHORTEST for secret in secrets), f"a secret has {SHORTEST} characters or more"
    folder = f"/opt/places-{uuid.uuid4().hex[:8]}"
    asked = {
        "secrets": list(secrets),
        "images": None if images is None else list(images),
        "places": list(places),
        "allowed": list(allowed),
    }
    host.output(f"install -d -m 0700 {folder}")
    try:
        host.put(PROGRAM, f"{folder}/{PROGRAM.name}")
        host.write(json.dumps(asked), f"{folder}/asked.json", 0o600)
        host.output(f"python3 -B {folder}/{PROGRAM.name} {folder}/asked.json > {folder}/answer.json")
        answer = json.loads(host.output(f"cat {folder}/answer.json"))
    finally:
        host.run(f"rm -rf {folder}")
    return {place: Place(**answer[place]) for place in places}


def history(host: ExampleHost, commands: Sequence[str], file: str = "/root/.bash_history") -> None:
    """Have bash add lines to its history, as it does at the end of a session in which they were typed."""
    typed = f"/opt/typed-{uuid.uuid4().hex[:8]}"
    host.write("\n".join(commands) + "\n", typed, 0o600)
    read = f"touch {file}; HISTFILE={file}; history -r {file}; history -r {typed}; history -w {file}"
    host.output(f"bash -c 'set -o history; umask 077; {read}'; rm {typed}")
