"""Our own lint as one more scanner of `hullguard scan compose` and `hullguard scan dockerfile`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from hullguard.lint import Judged
    from hullguard.scanners.base import Target
    from hullguard.scanners.report import Measure
    from hullguard.scanners.scan import Scan

Own = Callable[["list[Target]", "Measure"], "list[Scan]"]
MOST_NAMED = 8


def dockerfiles(targets: list[Target], measure: Measure) -> list[Scan]:
    """Return what our controls say of Dockerfiles, and the policy of what they build on.

    Raises InputError for a single one that can't be read.
    """
    from dataclasses import replace

    from hullguard.catalogue import DEFAULT_BENCHMARK, DEFAULT_PROFILE, load_benchmark, load_profile
    from hullguard.lint import dockerfile, judge
    from hullguard.scanners.finding import fingerprinted

    profile, benchmark = load_profile(DEFAULT_PROFILE), load_benchmark(DEFAULT_BENCHMARK)

    def one(target: Target) -> Judged:
        found = dockerfile.load(Path(target.name))
        judged = judge(found, profile, benchmark)
        if measure.policy is None:
            return judged
        bases = measure.bases(target.name, found.instructions)
        return replace(judged, findings=fingerprinted([*judged.findings, *bases]))

    return _each(targets, one)


def composes(profiles: Iterable[str], overrides: Iterable[Path], fix: Path | None) -> Own:
    """Return what judges compose files, `overrides` laid over them, and writes an override to `fix`."""
    wanted, laid_over = tuple(profiles), tuple(overrides)

    def own(targets: list[Target], measure: Measure) -> list[Scan]:
        from hullguard.catalogue import DEFAULT_BENCHMARK, DEFAULT_PROFILE, load_benchmark, load_profile
        from hullguard.cli.output import emit, note
        from hullguard.lint import compose, judge
        from hullguard.lint.fix import override

        profile, benchmark = load_profile(DEFAULT_PROFILE), load_benchmark(DEFAULT_BENCHMARK)

        def one(target: Target) -> Judged:
            path = Path(target.name)
            project = compose.load(path, *laid_over, environment=os.environ, profiles=wanted)
            judged = judge(project, profile, benchmark)
            for line in project.notes:
                note(line)
            if fix is not None:
                _replaceable(fix, path)
                text = override(project, judged)
                emit(lambda stream: click.echo(text, stream, nl=False), fix)
                note(f"{fix} is written: read it before use")
            return judged

        return _each(targets, one)

    return own


def _replaceable(fix: Path, original: Path) -> None:
    """Refuse to write over what is not ours. Raises InputError."""
    from hullguard.errors import InputError
    from hullguard.lint.fix import MADE_BY

    if not fix.exists():
        return
    if fix.samefile(original):
        raise InputError(f"--fix {fix} is the compose file itself, which is never changed.")
    if not fix.read_text(encoding="utf-8", errors="replace").startswith(MADE_BY):
        raise InputError(f"--fix {fix} is there already, and was not written by this command. Name another.")


def _each(targets: list[Target], judged: Callable[[Target], Judged]) -> list[Scan]:
    """Return one scan per target. What can't be read is unknown, so that nobody else's result is lost; a
    single one is an InputError.
    """
    from hullguard import __version__
    from hullguard.errors import InputError
    from hullguard.scanners.scan import RAN, UNKNOWN, Scan

    scans = []
    for target in targets:
        try:
            found = judged(target)
        except InputError as error:
            if len(targets) == 1:
                raise
            scans.append(Scan("hullguard", target, UNKNOWN, __version__, reason=str(error)))
            continue
        scans.append(
            Scan(
                "hullguard",
                target,
                RAN,
                __version__,
                reason=_unseen(found),
                unseen=len(found.unseen),
                findings=tuple(found.findings),
            )
        )
    return scans


def _unseen(judged: Judged) -> str:
    """Return which controls could not be judged, in a sentence, and which no file can show; "" when none."""
    names = sorted({one.control or one.object.name for one in judged.unseen})
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    words = [f"not seen in it: {', '.join(names[:MOST_NAMED])}{more}"] if names else []
    if judged.left:
        words.append(f"left to host and image: {', '.join(sorted(judged.left))}")
    return "; ".join(words)
