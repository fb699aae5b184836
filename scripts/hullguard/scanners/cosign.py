"""cosign: whether an image carries a signature by one of the given keys.

It asks the registry that the image came from, as this person (`~/.docker` or DOCKER_CONFIG), so it runs only
when it is asked for by name (`--tool cosign`). What is verified is the digest that the local engine has for
the image, never its tag: the tag may have moved since. The transparency log is not looked at: a key of one's
own says more, and the log needs another service.

An image without a signature, or with none by these keys, is a finding; so is one that the registry does not
have any more. A registry that does not answer leaves it `unknown`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from hullguard.errors import InputError
from hullguard.scanners.base import IMAGE, Job, Ran, Rubbish, Scanner, Settings, Target, Tool
from hullguard.scanners.finding import SIGNATURE, Finding
from hullguard.scanners.image_parts import docker_config, subject

NO_SIGNATURE, WRONG_KEY = 10, 12
ENGINE_SECONDS = 30.0
# cosign takes one key: each is tried until one fits. The last code is the one that tells; what it said for
# each key is kept.
EACH_KEY = """
cosign=$1 image=$2; shift 2
for key; do
  "$cosign" verify --insecure-ignore-tlog=true --output json --key "$key" -- "$image"
  code=$?
  [ "$code" = 0 ] && exit 0
done
exit "$code"
"""
# What it says of a key that made none of the signatures; 3.x ends with code 1 then, as for any failure. A
# signature that could not be fetched is told with the same words and the network's.
REFUSED = re.compile(
    r"Error: (?:no signatures found|no matching (?:signatures|attestations))(?!.*(?:dial tcp|https?://|timeout))"
)


class Cosign(Scanner):
    """Known to work with 2.5 and 3.1. Signatures in 3.x's own form are not seen by 2.x."""

    name = program = "cosign"
    handles = frozenset({IMAGE})
    get = "./nox -s tools, or https://docs.sigstore.dev/cosign/system_config/installation/"
    optional = True

    def version_command(self) -> list[str]:
        """Return its subcommand."""
        return ["version"]

    def version(self, said: str) -> str:
        """Return what stands in `GitVersion: v3.1.1`; distributions' builds say `devel`, so with the
        compiler's.
        """
        found = re.search(r"GitVersion:\s*v?(\S+)", said)
        if not found:
            raise Rubbish(f"told no version: {said[:100]!r}")
        compiler = re.search(r"GoVersion:\s*(\S+)", said)
        return f"{found[1]} ({compiler[1]})" if found[1] == "devel" and compiler else found[1]

    def database(self, tool: Tool, settings: Settings) -> str:
        """Return what is never the same: a signature may be made, or taken away, at any time."""
        return f"asked at {time.time_ns()}"

    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call. Raises Rubbish without a key, or for an image that no registry has a digest of."""
        if not settings.keys:
            raise Rubbish("no key was given (--key cosign.pub)")
        keys = [key.absolute() for key in settings.keys]
        if missing := [str(key) for key in keys if not key.is_file()]:
            raise Rubbish(f"there is no key {missing[0]}")
        argv = ["/bin/sh", "-c", EACH_KEY, "cosign", str(tool.path), _by_digest(target.name), *map(str, keys)]
        good = frozenset({0, 1, NO_SIGNATURE, WRONG_KEY})
        return Job(argv, good=good, environment=docker_config(), may_be_empty=True)

    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return nothing for an image that is signed. Raises Rubbish where it could not tell."""
        if ran.code == 0:
            proof(ran)
            return []
        errors = [line for line in ran.said.splitlines() if line.startswith("Error: ")]
        if not errors or not all(REFUSED.match(line) for line in errors):
            told = [line for line in errors if not REFUSED.match(line)] or ["it said nothing"]
            raise Rubbish(f"ended with code {ran.code}: {told[0].removeprefix('Error: ')[:300]}")
        unsigned = all("no signatures found" in line for line in errors)
        return [_finding(unsigned, target, tool)]


def _finding(unsigned: bool, target: Target, tool: Tool) -> Finding:
    return Finding(
        id="unsigned" if unsigned else "wrong-key",
        title="Its registry holds no signature of it"
        if unsigned
        else "None of its signatures is by a key that was given",
        severity="high",
        kind=SIGNATURE,
        object=subject(target),
        tool=tool.name,
        tool_version=tool.version,
        fix="Find out where this image comes from; sign the right one by its digest.",
        references=("https://docs.sigstore.dev/cosign/signing/signing_with_containers/",),
        control="signed_artifacts",
        digest=target.digest,
    )


def proof(ran: Ran) -> None:
    """Check that a success tells which digest was verified. Raises Rubbish, KeyError or TypeError."""
    rows = json.loads(ran.answer)
    if not isinstance(rows, list) or not rows:
        raise Rubbish("it says that the image is signed, and tells no signature")
    for row in rows:
        if not str(row["critical"]["image"]["docker-manifest-digest"]).startswith("sha256:"):
            raise Rubbish("a signature of no digest")


def _by_digest(name: str) -> str:
    """Return an image as `repository@sha256:...`. Raises Rubbish."""
    if "@sha256:" in name:
        return name
    from hullguard.collect import Api, Unseen
    from hullguard.scanners.targets import socket_path

    try:
        api = Api(socket_path(), ENGINE_SECONDS)
        try:
            found = api.mapping(f"/images/{quote(name, safe='/:@')}/json").get("RepoDigests") or []
        finally:
            api.close()
    except (Unseen, InputError) as error:
        raise Rubbish(f"the engine does not tell its digest: {error}") from None
    digests = sorted(str(digest) for digest in found)
    if not digests:
        raise Rubbish("no registry has it (it was neither pulled nor pushed), and signatures are kept there")
    repository = _repository(name)
    return next((digest for digest in digests if _repository(digest) == repository), digests[0])


def _repository(name: str) -> str:
    """Return the engine's short form of a repository: `nginx` for docker.io/library/nginx:1@sha256:..."""
    path, _, last = name.partition("@")[0].rpartition("/")
    whole = f"{path}/{last.partition(':')[0]}" if path else last.partition(":")[0]
    return whole.removeprefix("docker.io/").removeprefix("library/")


SCANNER = Cosign()
