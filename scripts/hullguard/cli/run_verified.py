"""`hullguard run-verified`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from hullguard.cli.trust import POLICY

# --detach as people write it, alone or among other letters that take no value.
_DETACH = re.compile(r"--detach|-[itP]*d[itP]*")


@click.command(name="run-verified", context_settings={"allow_interspersed_args": False})
@click.argument("image", metavar="IMAGE")
@click.argument("arguments", metavar="[DOCKER_OPTION]... [-- COMMAND...]", nargs=-1, type=click.UNPROCESSED)
@POLICY
@click.option("--detach", "-d", is_flag=True, help="Start it in the background and print its id.")
def command(image: str, arguments: tuple[str, ...], policy: Path, timeout: float, detach: bool) -> None:
    """Start a container from an image by digest, only if it verifies.

    \b
    Examples:
      hullguard run-verified registry.example.net/team/app:1.4
      hullguard run-verified app:1.4 --rm -p 127.0.0.1:8080:80 -- serve --verbose
      hullguard run-verified --policy trust.yml -d app:1.4 --name app --read-only --cap-drop ALL

    The image's tag is looked up once; what it stands for is verified by the trust policy, pulled by its
    digest and started. A tag that moves meanwhile changes nothing. An image that no rule of the policy speaks
    of is refused: there is nothing to verify.

    Options of hullguard come before IMAGE, those of `docker run` between IMAGE and `--` (but --cidfile,
    --sig-proxy and --detach-keys), the container's command after it. A container is created with them first,
    looked at and taken away: options that make docker read another word as the image start nothing.

    Exit codes: those of `docker run`, so the container's own; before that, 12 the image is refused, 1 it
    could not be verified, pulled or created, 2 wrong usage or a policy that is none.
    """
    from hullguard.cli.output import note
    from hullguard.trust import container
    from hullguard.trust import policy as policies
    from hullguard.trust.decide import accepted
    from hullguard.trust.reference import parse

    options, words, wanted = split(arguments)
    reference = parse(image)
    found = accepted(reference, policies.load(policy), timeout)
    note(f"{image}: {found.reason}")
    name = reference.at(found.digest)
    identity = container.pull(name)
    container.check(name, identity, options, words)
    container.start(name, options, words, detach=detach or wanted)


def split(arguments: tuple[str, ...]) -> tuple[list[str], list[str], bool]:
    """Return docker's options, the container's command (after the first `--`), and whether to detach.

    The options are tried with `docker create`, which knows no --detach.
    """
    at = arguments.index("--") if "--" in arguments else len(arguments)
    options = arguments[:at]
    attached = [_attached(word) for word in options]
    kept = [word for word in attached if word is not None]
    return kept, list(arguments[at + 1 :]), tuple(kept) != options


def _attached(word: str) -> str | None:
    """Return an option without its --detach; None when nothing is left of it."""
    if not _DETACH.fullmatch(word):
        return word
    rest = "" if word == "--detach" else word.replace("d", "").removeprefix("-")
    return f"-{rest}" if rest else None
