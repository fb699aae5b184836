"""What the two verifiers share: how they are found and run, and the ways in which an image is refused."""

from __future__ import annotations

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from hullguard.errors import InputError
from hullguard.scanners import process, tools
from hullguard.scanners.base import Job, Ran, Rubbish, Tool
from hullguard.scanners.image_parts import docker_config
from hullguard.trust.policy import Rule
from hullguard.trust.reference import Reference

# Codes with which the verifiers end; by a signal or by any other they have failed.
_CODES = frozenset({0, 1, 10, 11, 12})


class Refused(Exception):
    """The image is not what the policy asks for. `id` is the rule's name in reports; `str()` says why."""

    def __init__(self, id_: str, reason: str) -> None:
        super().__init__(reason)
        self.id = id_


class Missing(Exception):
    """The verifier is not here; `str()` says how to get it."""


@dataclass(frozen=True, slots=True)
class Proof:
    """By whom an image is signed, in words, and the types of its attestations."""

    signed: str
    attestations: tuple[str, ...] = ()


class Verifier(ABC):
    """A program that verifies signatures. What it could not look at raises Rubbish."""

    name: ClassVar[str]
    get: ClassVar[str]

    @abstractmethod
    def version(self, path: Path) -> str:
        """Return the version that the program tells. Raises Rubbish."""

    @abstractmethod
    def resolve(self, tool: Tool, reference: Reference, timeout: float) -> str:
        """Return the digest that a tag stands for now. Raises Rubbish."""

    @abstractmethod
    def verify(self, tool: Tool, reference: Reference, digest: str, rule: Rule, timeout: float) -> Proof:
        """Return who signed a digest. Raises Refused or Rubbish."""

    def find(self) -> Tool:
        """Return the program that HULLGUARD_NAME or HULLGUARD_TOOLS names, or the one on PATH.

        Raises Missing, InputError or Rubbish.
        """
        variable = f"HULLGUARD_{self.name.upper()}"
        if given := os.environ.get(variable):
            if not Path(given).is_file() or not os.access(given, os.X_OK):
                raise InputError(f"{variable}={given}: there is no such program.")
            return Tool(self.name, Path(given).absolute(), self.version(Path(given).absolute()))
        places = [*map(str, tools.folders()), os.environ.get("PATH", os.defpath)]
        found = shutil.which(self.name, path=os.pathsep.join(places))
        if found is None:
            raise Missing(self.get)
        return Tool(self.name, Path(found).absolute(), self.version(Path(found).absolute()))


def run(
    argv: list[str], timeout: float, files: Mapping[str, str | bytes] | None = None
) -> tuple[Ran, list[str]]:
    """Run a verifier with a home of its own that holds some files; return what came of it and the lines
    that begin with `Error: `. Raises Rubbish.
    """
    with process.empty_folder() as folder:
        for name, content in (files or {}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
        job = Job(argv, good=_CODES, environment=docker_config(), may_be_empty=True)
        ran = process.run(job, folder, timeout)
    return ran, [line for line in ran.said.splitlines() if line.startswith("Error: ")]


def told(ran: Ran, errors: list[str]) -> Rubbish:
    """Return what to raise for a verifier that could not look."""
    words = errors[-1].removeprefix("Error: ")[:300] if errors else "it said nothing"
    return Rubbish(f"ended with code {ran.code}: {words}")
