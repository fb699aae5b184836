"""What a scanner's module says of its tool: where it is, how it is called, what its answer means."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from hullguard.scanners.finding import Finding

# What can be scanned. `dir` is a folder of sources, `host` the machine itself.
IMAGE, TAR, DIR, DOCKERFILE, COMPOSE, SBOM, HOST = (
    "image",
    "tar",
    "dir",
    "dockerfile",
    "compose",
    "sbom",
    "host",
)


class Rubbish(Exception):
    """The tool's answer is none: cut, of another form, or empty where it may not be. `str()` says what is
    wrong with it.
    """


@dataclass(frozen=True, slots=True)
class Target:
    """What is scanned. `name` is as the person wrote it; `path` is absolute, for what lies in the file
    system; `digest` is the image's id, or the SHA-256 of a file, "" when there is none.
    """

    kind: str
    name: str
    path: Path | None = None
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that is here: its program and the version it tells."""

    name: str
    path: Path
    version: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What the person chose. `timeout` is in seconds, for each run of a tool."""

    timeout: float = 300.0
    # One folder in which tools keep their databases; None: wherever they do by themselves.
    databases: Path | None = None
    offline: bool = True
    keys: tuple[Path, ...] = ()
    # Licences of packages are looked for only where somebody asks.
    licenses: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One call. `answer` is the file the tool writes to, None: its standard output. Exit codes other than
    `good` mean that it failed. It runs in an empty folder.
    """

    argv: list[str]
    answer: Path | None = None
    good: frozenset[int] = frozenset({0})
    environment: Mapping[str, str] = field(default_factory=dict)
    # An answer without a byte is an answer (a tool that prints nothing when it finds nothing).
    may_be_empty: bool = False


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a job: the answer (at most `process.LARGEST_BYTES`), its code, what it said beside."""

    answer: bytes
    code: int
    said: str


class Scanner(ABC):
    """One tool. A module of this package offers exactly one, as `SCANNER`."""

    name: ClassVar[str]
    """As it stands in reports and in `--tool`."""
    program: ClassVar[str]
    """What it is called on PATH."""
    handles: ClassVar[frozenset[str]]
    """Kinds of target."""
    get: ClassVar[str]
    """How somebody gets it, in a sentence."""
    optional: ClassVar[bool] = False
    """Only run when it is asked for by name (`--tool`)."""

    def locate(self) -> Path | None:
        """Return the tool's program where it has a place of its own, before PATH is searched.

        Raises InputError.
        """
        return None

    def version_command(self) -> list[str]:
        """Return the arguments that make it tell its version."""
        return ["--version"]

    @abstractmethod
    def version(self, said: str) -> str:
        """Return the version from what it printed. Raises Rubbish."""

    def database(self, tool: Tool, settings: Settings) -> str:
        """Return the version of what its answers depend on besides its own, such as a database's date."""
        return ""

    @abstractmethod
    def job(self, tool: Tool, target: Target, folder: Path, settings: Settings) -> Job:
        """Return the call for a target; `folder` is empty, private, and gone afterwards."""

    def kept(self, ran: Ran) -> bytes:
        """Return what of its answer may be kept beside a report: without secrets that it quotes."""
        return ran.answer

    @abstractmethod
    def translate(self, ran: Ran, target: Target, tool: Tool) -> Iterable[Finding]:
        """Return what it found. Raises Rubbish when the answer is none; KeyError, TypeError, ValueError and
        IndexError count as that too.
        """
