"""`hullguard collect`."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

import click


@click.command(name="collect")
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 600),
    default=10.0,
    show_default=True,
    help="Seconds that one answer of the engine may take.",
)
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="Write to this file (mode 0600, replaced whole)."
)
def command(timeout: float, output: Path | None) -> None:
    """Print this host's evidence: facts as JSON, secrets' values left out. Reads only.

    \b
    Examples:
      sudo hullguard collect --output host.json
      DOCKER_HOST=unix:///run/user/1000/docker.sock hullguard collect

    Without root much stays unseen, and the evidence says what. DOCKER_HOST (a unix socket) is honoured.
    """
    import json

    from hullguard import collect
    from hullguard.cli.output import emit, note

    evidence = collect.collect(timeout=timeout)
    for error in evidence["errors"]:
        note(f"not seen: {error['what']}: {error['reason']}")

    def write(stream: TextIO) -> None:
        json.dump(evidence, stream, indent=1, sort_keys=True)
        stream.write("\n")

    emit(write, output)
