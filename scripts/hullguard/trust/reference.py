"""An image's name taken apart, as the engine does it: registry, repository, tag, digest."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hullguard.errors import InputError

HUB = "docker.io"
# Other names by which Docker Hub answers.
_HUB_NAMES = frozenset({"index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"})
_REPOSITORY = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*"
_REGISTRY = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])"
    r"(?::[0-9]+)?"
)
# github.com/distribution/reference: a repository, a tag and a digest, of which one of the two may be missing.
_REST = re.compile(rf"({_REPOSITORY})(?::([A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}}))?(?:@(\S+))?")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Reference:
    """An image as somebody named it. `digest` is "" where none was given; the tag then is `latest` or the
    one given, otherwise "" or the one that the engine leaves aside.
    """

    written: str
    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """Registry and repository, as a policy's patterns see them."""
        return f"{canonical(self.registry)}/{self.repository}"

    @property
    def tagged(self) -> str:
        """The name by which a registry is asked what the tag stands for."""
        return f"{self.registry}/{self.repository}:{self.tag}"

    def at(self, digest: str) -> str:
        """Return the name that stands for this content only."""
        return f"{self.registry}/{self.repository}@{digest}"


def canonical(registry: str) -> str:
    """Return one name for what answers to several: lower case, without the port of HTTPS, Docker Hub's own.

    It may be a pattern; an asterisk stays.
    """
    plain = registry.lower().removesuffix(":443")
    return HUB if plain in _HUB_NAMES else plain


def is_registry(first: str) -> bool:
    """Return whether the first of several parts of a name is a registry's, and not Docker Hub's folder."""
    return "." in first or ":" in first or first == "localhost" or first != first.lower()


def parse(written: str) -> Reference:
    """Return an image's name, taken apart. Raises InputError."""
    if re.fullmatch(r"(?:sha256:)?[0-9a-f]{64}", written):
        raise InputError(f"{written}: is an image's id; signatures belong to a name in a registry.")
    first, slash, rest = written.partition("/")
    registry, rest = (first, rest) if slash and is_registry(first) else (HUB, written)
    found = _REST.fullmatch(rest)
    if found is None or not _REGISTRY.fullmatch(registry):
        raise InputError(f"{written!r} is no image's name: write registry/repository:tag, in lower case.")
    repository, tag, digest = found[1], found[2] or "", found[3] or ""
    if digest and not DIGEST.fullmatch(digest):
        raise InputError(f"{written}: {digest[:80]} is no digest: sha256: and 64 digits are.")
    if canonical(registry) == HUB:
        registry = HUB
        if "/" not in repository:
            repository = f"library/{repository}"
    return Reference(written, registry.lower(), repository, tag or ("" if digest else "latest"), digest)
